/*
 * peer: holds, reads, refuses to read and publishes over many FastCGI
 * connections, as a test or a benchmark tells it.
 *
 *   peer /path/to/socket | HOST:PORT
 *
 * It reads commands from standard input, one a line, and answers each with
 * one line of JSON when it is done ("ok": false when its time ran out). All
 * connections are served all the time. See `commands` for what there is; a
 * command's words are key=value, in any order:
 *
 *   open group=a count=100 path=/room/sse kind=sse
 *   wait group=a messages=10 timeout_ms=5000
 */

#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 256,
    INPUT_MAX = 4096,
    GROUPS_MAX = 32,
    TURN_MS = 100,
    OPEN_AT_ONCE = 64,
};

int peer_epoll = -1;

static const char *address;
static struct group *groups[GROUPS_MAX];
static char input[INPUT_MAX];
static size_t input_length;
static bool input_ended;
static int64_t deadline_ns;

void
peer_fail(const char *what)
{
    fprintf(stderr, "peer: %s: %s\n", what, strerror(errno));
    exit(1);
}

int64_t
peer_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int
connect_unix(void)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || strlen(address) >= sizeof(to.sun_path))
        peer_fail("socket");
    strcpy(to.sun_path, address);
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        peer_fail("connect");
    return fd;
}

static int
connect_inet(const char *colon)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    char host[64];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    if (fd < 0)
        peer_fail("socket");
    snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
    to.sin_port = htons((uint16_t)atoi(colon + 1));
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1)
        peer_fail(address);
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        peer_fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

/* The connecting itself waits, for as long as the program's backlog is full;
   it is the peer's time, not the program's. */
int
peer_connect(void)
{
    const char *colon = strrchr(address, ':');
    int fd = *address == '/' || *address == '.' || colon == NULL
                 ? connect_unix()
                 : connect_inet(colon);

    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        peer_fail("fcntl");
    return fd;
}

static void
read_input(void)
{
    ssize_t got =
        read(STDIN_FILENO, input + input_length, INPUT_MAX - 1 - input_length);

    if (got > 0) {
        input_length += (size_t)got;
        return;
    }
    input_ended = true;
    epoll_ctl(peer_epoll, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
}

static void
turn(int wait_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int ready = epoll_wait(peer_epoll, events, EVENTS_MAX, wait_ms);

    if (ready < 0 && errno != EINTR)
        peer_fail("epoll_wait");
    for (int i = 0; i < ready; i++) {
        if (events[i].data.ptr == NULL)
            read_input();
        else
            connection_on_event(events[i].data.ptr, events[i].events);
    }
}

/* One turn that does not outlast the command's time. False when it is up. */
static bool
turn_in_time(void)
{
    int64_t left_ns = deadline_ns - peer_now_ns();

    if (left_ns <= 0)
        return false;
    turn(left_ns / 1000000 < TURN_MS ? (int)(left_ns / 1000000) : TURN_MS);
    return true;
}

/* The value of `key` in a command's line, in a buffer that the next call
   reuses; `otherwise` when it is not there. */
static const char *
word(const char *line, const char *key, const char *otherwise)
{
    static char value[512];
    size_t key_length = strlen(key);

    for (const char *at = line; (at = strchr(at, ' ')) != NULL;) {
        at++;
        if (strncmp(at, key, key_length) != 0 || at[key_length] != '=')
            continue;
        at += key_length + 1;
        snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, " "), at);
        return value;
    }
    return otherwise;
}

static size_t
number(const char *line, const char *key, size_t otherwise)
{
    const char *value = word(line, key, NULL);

    return value != NULL ? strtoull(value, NULL, 10) : otherwise;
}

static struct group *
group_of(const char *line)
{
    const char *name = word(line, "group", "");
    size_t i = 0;

    while (i < GROUPS_MAX && groups[i] != NULL &&
           strcmp(groups[i]->name, name) != 0)
        i++;
    if (i == GROUPS_MAX)
        peer_fail("too many groups");
    if (groups[i] == NULL) {
        groups[i] = calloc(1, sizeof(struct group));
        if (groups[i] == NULL)
            peer_fail("calloc");
        snprintf(groups[i]->name, sizeof(groups[i]->name), "%s", name);
        groups[i]->reading = true;
    }
    return groups[i];
}

static enum peer_kind
kind_of(const char *line)
{
    return strcmp(word(line, "kind", "sse"), "poll") == 0 ? PEER_POLL
                                                          : PEER_SSE;
}

static void
set_path(struct group *group, const char *line)
{
    snprintf(group->path, sizeof(group->path), "%s",
             word(line, "path", "/room/sse"));
}

static bool
command_open(struct group *group, const char *line)
{
    size_t count = number(line, "count", 1);
    size_t target = group->opened + count;
    size_t over = group->closed;

    set_path(group, line);
    for (size_t i = 0; i < count; i++) {
        connection_open(group, 0);
        if (i % OPEN_AT_ONCE == 0)
            turn(0);
    }
    while (group->opened + (group->closed - over) < target)
        if (!turn_in_time())
            return false;
    return group->opened == target;
}

static bool
command_stuck(struct group *group, const char *line)
{
    size_t count = number(line, "count", 1);

    set_path(group, line);
    for (size_t i = 0; i < count; i++)
        connection_open(group, (int)(i % STUCK_STAGES));
    return true;
}

static bool
set_reading(struct group *group, bool reading)
{
    group->reading = reading;
    for (size_t i = 0; i < group->count; i++)
        connection_set_reading(group->members[i]);
    return true;
}

static bool
command_pause(struct group *group, const char *line)
{
    (void)line;
    return set_reading(group, false);
}

static bool
command_resume(struct group *group, const char *line)
{
    (void)line;
    return set_reading(group, true);
}

static bool
command_wait(struct group *group, const char *line)
{
    group_await(group, number(line, "messages", 1));
    while (group->have_awaited < group->count)
        if (!turn_in_time())
            return false;
    return true;
}

static bool
command_reset(struct group *group, const char *line)
{
    (void)line;
    group_reset(group);
    return true;
}

static bool
command_report(struct group *group, const char *line)
{
    (void)group;
    (void)line;
    return true;
}

static bool
command_close(struct group *group, const char *line)
{
    (void)line;
    while (group->count > 0)
        connection_close(group->members[group->count - 1]);
    group->reading = true;
    return true;
}

/* Subscribers who come, are told where they are, and go. */
static bool
command_churn(struct group *group, const char *line)
{
    size_t left = number(line, "count", 1);
    size_t at_once = number(line, "at_once", 100);
    size_t target = group->opened + left;

    set_path(group, line);
    group->churning = true;
    while (group->opened < target) {
        while (left > 0 && group->count < at_once) {
            connection_open(group, 0);
            left--;
        }
        if (!turn_in_time() || (left == 0 && group->count == 0))
            break;
    }
    return group->opened == target;
}

static bool
command_run(struct group *group, const char *line)
{
    (void)group;
    deadline_ns = peer_now_ns() + (int64_t)number(line, "ms", 0) * 1000000;
    while (turn_in_time())
        ;
    return true;
}

/* One message, then another when it is answered and every_ms have passed. */
static bool
publish_paced(struct group *group, int64_t every_ns)
{
    int64_t due_ns = peer_now_ns();

    while (group->to_send > 0 && group->count > 0) {
        due_ns += every_ns;
        connection_publish(group->members[0]);
        while (group->on_the_way > 0 || peer_now_ns() < due_ns) {
            int64_t left_ns = due_ns - peer_now_ns();

            if (peer_now_ns() > deadline_ns)
                return false;
            turn(left_ns <= 0 ? TURN_MS : (int)(left_ns / 1000000) + 1);
        }
    }
    return true;
}

static bool
command_publish(struct group *group, const char *line)
{
    size_t count = number(line, "count", 1);
    size_t clients = number(line, "clients", 1);
    size_t every_ms = number(line, "every_ms", 0);
    size_t failed = group->failed;
    bool in_time = true;

    set_path(group, line);
    group->message_size = number(line, "size", 64);
    group->to_send = count;
    group->one_by_one = every_ms > 0;
    while (group->count < clients && connection_open(group, 0) != NULL)
        ;
    if (group->one_by_one)
        return publish_paced(group, (int64_t)every_ms * 1000000);
    for (size_t i = 0; i < group->count && group->to_send > 0; i++)
        connection_publish(group->members[i]);
    while (in_time && group->on_the_way > 0)
        in_time = turn_in_time();
    return in_time && group->failed == failed && group->to_send == 0;
}

static const struct {
    const char *name;
    enum peer_kind kind;
    bool (*run)(struct group *group, const char *line);
} commands[] = {
    /* count= path= kind=sse|poll: subscribe, until each has its cursor */
    {"open", PEER_SSE, command_open},
    /* count= path=: requests that stop at a stage, in turn */
    {"stuck", PEER_STUCK, command_stuck},
    /* count= path= size= clients= every_ms=: messages, each one answered */
    {"publish", PEER_PUBLISH, command_publish},
    /* count= at_once= path= kind= */
    {"churn", PEER_SSE, command_churn},
    /* messages=: until each of the group has so many since the reset */
    {"wait", PEER_ANY, command_wait},
    {"run", PEER_ANY, command_run},     /* ms=: nothing but serve */
    {"pause", PEER_ANY, command_pause}, /* read no more */
    {"resume", PEER_ANY, command_resume},
    {"reset", PEER_ANY, command_reset}, /* all counts to zero */
    {"report", PEER_ANY, command_report},
    {"close", PEER_ANY, command_close},
};

static void
run_command(const char *line)
{
    size_t length = strcspn(line, " ");
    int64_t began_ns = peer_now_ns();

    deadline_ns =
        began_ns + (int64_t)number(line, "timeout_ms", 30000) * 1000000;
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
        struct group *group;
        bool ok;

        if (strncmp(commands[i].name, line, length) != 0 ||
            commands[i].name[length] != '\0')
            continue;
        group = group_of(line);
        if (commands[i].kind != PEER_ANY)
            group->kind =
                commands[i].kind == PEER_SSE ? kind_of(line) : commands[i].kind;
        ok = commands[i].run(group, line);
        printf("{\"command\":\"%s\",\"ok\":%s,\"ms\":%.3f,", commands[i].name,
               ok ? "true" : "false", (double)(peer_now_ns() - began_ns) / 1e6);
        group_print(group, stdout);
        puts("}");
        fflush(stdout);
        return;
    }
    fprintf(stderr, "peer: no such command: %s\n", line);
    exit(2);
}

static void
run_commands(void)
{
    char line[INPUT_MAX];

    for (;;) {
        char *newline = memchr(input, '\n', input_length);
        size_t length;

        if (newline == NULL && input_ended)
            return;
        if (newline == NULL) {
            turn(-1);
            continue;
        }
        length = (size_t)(newline - input);
        memcpy(line, input, length);
        line[length] = '\0';
        input_length -= length + 1;
        memmove(input, newline + 1, input_length);
        run_command(line);
    }
}

int
main(int argc, char **argv)
{
    struct epoll_event event = {.events = EPOLLIN};
    struct rlimit files;

    if (argc != 2) {
        fprintf(stderr, "usage: peer SOCKET | HOST:PORT\n");
        return 2;
    }
    address = argv[1];
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    peer_epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ctl(peer_epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) < 0)
        peer_fail("standard input, a pipe,");
    run_commands();
    return 0;
}

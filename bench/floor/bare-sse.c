/* earshot-bare-sse: the floor of an SSE server, and the yardstick by which
 * earshot-bench measures itself.
 *
 * One process, one thread, epoll. It stores nothing and reads of a request
 * what it must: its first line, and how long its body is. A GET of a path that
 * ends in /sse is held; a POST's body becomes an event for all who are held,
 * whatever its path. What came in one turn of the loop leaves in one write per
 * subscriber, so under load it can send more than any client can take; while
 * more than UNSENT_MOST waits for clients to read, it reads no more from
 * publishers, so that they wait and its memory does not grow.
 *
 *   earshot-bare-sse [--port N] [--with-parent]
 *
 * It prints http://127.0.0.1:PORT when it listens, and ends at SIGTERM, or
 * --with-parent when its parent has ended. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 512,
    READ_MAX = 256 << 10,
    HEAD_MAX = 16 << 10,
    BODY_MAX = 1 << 20,
    UNSENT_MAX = 16 << 20,  /* of one connection */
    UNSENT_MOST = 64 << 20, /* of all */
    SEND_BUFFER = 128 << 10,
};

struct buffer {
    char *data;
    size_t len, cap;
};

struct connection {
    int fd;
    size_t held_at;    /* its place in `held`, plus one; 0: not held */
    struct buffer in;  /* a request that is not whole yet */
    struct buffer out; /* what the socket has refused */
};

static const char opening[] = "HTTP/1.1 200 OK\r\n"
                              "Content-Type: text/event-stream\r\n"
                              "Cache-Control: no-cache\r\n\r\n"
                              ": held\n\n";
static const char accepted[] = "HTTP/1.1 201 Created\r\n"
                               "Content-Length: 3\r\n\r\n{}\n";
static const char unknown[] = "HTTP/1.1 404 Not Found\r\n"
                              "Content-Length: 0\r\n\r\n";

static int epoll = -1;        /* who has something to say */
static int epoll_unsent = -1; /* who has not taken all yet */
static size_t unsent;
static struct connection **held;
static size_t held_count, held_room;
static struct buffer events; /* of this turn, for all who are held */
static uint64_t last_id;

static void
fail(const char *what)
{
    perror(what);
    exit(1);
}

static void
append(struct buffer *buffer, const void *data, size_t len)
{
    if (buffer->len + len > buffer->cap) {
        buffer->cap = (buffer->len + len) * 2;
        buffer->data = realloc(buffer->data, buffer->cap);
        if (!buffer->data)
            fail("realloc");
    }
    memcpy(buffer->data + buffer->len, data, len);
    buffer->len += len;
}

static void
consume(struct buffer *buffer, size_t len)
{
    buffer->len -= len;
    if (buffer->len) {
        memmove(buffer->data, buffer->data + len, buffer->len);
        return;
    }
    free(buffer->data);
    *buffer = (struct buffer){0};
}

static void
watch(int which, int operation, struct connection *connection, uint32_t what)
{
    struct epoll_event event = {.events = what, .data.ptr = connection};
    if (epoll_ctl(which, operation, connection->fd, &event) < 0)
        fail("epoll_ctl");
}

static void
connection_close(struct connection *connection)
{
    if (connection->held_at) {
        struct connection *moved = held[--held_count];
        held[connection->held_at - 1] = moved;
        moved->held_at = connection->held_at;
    }
    unsent -= connection->out.len;
    close(connection->fd);
    free(connection->in.data);
    free(connection->out.data);
    free(connection);
}

/* Sends, and keeps what the socket refuses. False when the connection must be
 * closed. */
static bool
give(struct connection *connection, const char *data, size_t len)
{
    ssize_t sent = 0;
    if (!connection->out.len) {
        sent = send(connection->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (sent < 0)
            sent = 0;
        if ((size_t)sent == len)
            return true;
        watch(epoll_unsent, EPOLL_CTL_ADD, connection, EPOLLOUT);
    }
    append(&connection->out, data + sent, len - (size_t)sent);
    unsent += len - (size_t)sent;
    return connection->out.len <= UNSENT_MAX;
}

static bool
give_rest(struct connection *connection)
{
    ssize_t sent = send(connection->fd, connection->out.data,
                        connection->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN || errno == EINTR;
    unsent -= (size_t)sent;
    consume(&connection->out, (size_t)sent);
    if (!connection->out.len)
        watch(epoll_unsent, EPOLL_CTL_DEL, connection, 0);
    return true;
}

static bool
hold(struct connection *connection)
{
    if (held_count == held_room) {
        held_room = held_room ? held_room * 2 : 1024;
        held = realloc(held, held_room * sizeof *held);
        if (!held)
            fail("realloc");
    }
    held[held_count++] = connection;
    connection->held_at = held_count;
    return give(connection, opening, sizeof opening - 1);
}

static void
add_event(const char *body, size_t len)
{
    char head[64];
    int size = snprintf(head, sizeof head,
                        "id: %llu\ndata: ", (unsigned long long)++last_id);
    append(&events, head, (size_t)size);
    append(&events, body, len);
    append(&events, "\n\n", 2);
}

/* Gives this turn's events to all who are held. */
static void
give_events(void)
{
    if (!events.len)
        return;
    for (size_t i = held_count; i-- > 0;)
        if (!give(held[i], events.data, events.len))
            connection_close(held[i]);
    events.len = 0;
}

static bool
ends_in_sse(const char *head)
{
    size_t path = strcspn(head, " \r") + 1;
    size_t len = strcspn(head + path, " ?\r");
    return len >= 4 && memcmp(head + path + len - 4, "/sse", 4) == 0;
}

/* Of a head that ends in NUL. */
static size_t
body_length(const char *head)
{
    static const char name[] = "\ncontent-length:";
    const char *at = strcasestr(head, name);
    return at ? strtoul(at + sizeof name - 1, NULL, 10) : 0;
}

/* Answers the request at DATA. How long it is; 0: not whole yet; -1: the
 * connection must be closed. */
static ssize_t
answer(struct connection *connection, char *data, size_t len)
{
    char *end = memmem(data, len, "\r\n\r\n", 4);
    if (!end)
        return len > HEAD_MAX ? -1 : 0;
    end[3] = 0;
    size_t head = (size_t)(end - data) + 4, body = body_length(data);
    end[3] = '\n';
    if (body > BODY_MAX)
        return -1;
    if (len < head + body)
        return 0;
    bool is_good;
    if (memcmp(data, "POST ", 5) == 0) {
        add_event(data + head, body);
        is_good = give(connection, accepted, sizeof accepted - 1);
    } else if (memcmp(data, "GET ", 4) == 0 && ends_in_sse(data)) {
        is_good = !connection->held_at && hold(connection);
    } else {
        is_good = give(connection, unknown, sizeof unknown - 1);
    }
    return is_good ? (ssize_t)(head + body) : -1;
}

/* Answers all requests that are whole, and keeps the rest. */
static bool
take(struct connection *connection, char *data, size_t len)
{
    struct buffer *in = &connection->in;
    bool is_kept = in->len > 0;
    if (is_kept) {
        append(in, data, len);
        data = in->data;
        len = in->len;
    }
    size_t done = 0;
    ssize_t size = 0;
    while (done < len &&
           (size = answer(connection, data + done, len - done)) > 0)
        done += (size_t)size;
    if (size < 0)
        return false;
    if (is_kept)
        consume(in, done);
    else if (done < len)
        append(in, data + done, len - done);
    return true;
}

/* Reads what there is. False when the connection must be closed. */
static bool
read_connection(struct connection *connection)
{
    static char bytes[READ_MAX];
    ssize_t got = recv(connection->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    return got > 0 && take(connection, bytes, (size_t)got);
}

static void
accept_connections(int listener)
{
    int fd, one = 1, size = SEND_BUFFER;
    while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        struct connection *connection = calloc(1, sizeof *connection);
        if (!connection)
            fail("calloc");
        connection->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
        watch(epoll, EPOLL_CTL_ADD, connection, EPOLLIN);
    }
}

static int
wait_for(int which, struct epoll_event *happened)
{
    int count = epoll_wait(which, happened, EVENTS_MAX, -1);
    if (count < 0 && errno != EINTR)
        fail("epoll_wait");
    return count;
}

/* Gives more to those who take it. */
static void
give_more(void)
{
    struct epoll_event happened[EVENTS_MAX];
    int count = wait_for(epoll_unsent, happened);
    for (int i = 0; i < count; i++)
        if (!give_rest(happened[i].data.ptr))
            connection_close(happened[i].data.ptr);
}

/* Serves one turn. Who waits for a client to read is a member of `epoll' as a
 * whole, as `epoll_unsent'. */
static void
serve(int listener)
{
    struct epoll_event happened[EVENTS_MAX];
    bool may_give = false;
    int count = wait_for(epoll, happened);
    for (int i = 0; i < count; i++) {
        struct connection *connection = happened[i].data.ptr;
        if (happened[i].data.ptr == &epoll_unsent)
            may_give = true;
        else if (!connection)
            accept_connections(listener);
        else if (!read_connection(connection))
            connection_close(connection);
    }
    give_events();
    if (may_give)
        give_more();
    while (unsent > UNSENT_MOST)
        give_more();
}

static int
listen_on(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        fail("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, len) < 0 ||
        listen(fd, 4096) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        fail("earshot-bare-sse: listening on 127.0.0.1");
    struct epoll_event event = {.events = EPOLLIN};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        fail("epoll_ctl");
    printf("http://127.0.0.1:%u\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void
on_end(int number)
{
    (void)number;
    _exit(0);
}

int
main(int argc, char **argv)
{
    uint16_t port = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--port") == 0 && i + 1 < argc) {
            port = (uint16_t)atoi(argv[++i]);
        } else if (strcmp(argv[i], "--with-parent") == 0) {
            prctl(PR_SET_PDEATHSIG, SIGTERM);
        } else {
            fputs("Usage: earshot-bare-sse [--port N] [--with-parent]\n",
                  stderr);
            return 2;
        }
    }
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, on_end);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    epoll_unsent = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &epoll_unsent};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, epoll_unsent, &event) < 0)
        fail("epoll_ctl");
    int listener = listen_on(port);
    for (;;)
        serve(listener);
}

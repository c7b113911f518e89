/* earshot-bare-fastcgi: the floor that Earshot is measured against.
 *
 * A FastCGI responder of one process and one thread that keeps nothing on disk
 * and understands nothing but what it must: it reads a request's records to the
 * end of its body, and looks in its parameters whether it is a GET, of a path
 * that ends in /poll, with wait= and after=. What it reaches behind a web
 * server is what that web server and the kernel leave for any program.
 *
 * A POST's body goes to all who are held, one bare send(2) each: as an event,
 * or as the answer of a poll with wait=. The last few messages are kept in
 * memory, for who polls comes back. There is one channel.
 *
 *   earshot-bare-fastcgi [--socket PATH] [--answer FILE] [--tell yes]
 *
 * Without --socket it listens on the inherited descriptor 0. FILE holds the
 * bytes of a 201 answer (CGI headers and body), to be answered as they are.
 * --tell: how long the sends of each message took goes to standard error, as
 * "bare sent=N us=T". */

#include "records.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 256,
    READ_MAX = 65536,
    ANSWER_MAX = 4096,
    PARAMS_MAX = 8192,
    BODY_MAX = 32768,
    HELD_MAX = 20000,
    RECENT = 256, /* messages kept for who polls; a power of two */
};

enum held_as { NOT_HELD, STREAM, POLL };

struct buffer {
    char *data;
    size_t length, room;
};

struct connection {
    int fd; /* -1: closed, and freed at the end of the turn */
    bool keep;
    enum held_as held_as;
    size_t held_at; /* its place in `held` */
    struct buffer params, body;
    struct record_reader reader;
    struct connection *next; /* of those to be freed */
};

static const char default_answer[] =
    "Status: 201 Created\r\n"
    "Content-Type: application/json\r\n"
    "Cache-Control: no-store\r\n"
    "\r\n"
    "{\"id\":\"1000000-k3f9x2ab\",\"channel\":\"room\"}\n";

static const char opening[] = "Status: 200 OK\r\n"
                              "Content-Type: text/event-stream\r\n"
                              "Cache-Control: no-cache, no-transform\r\n"
                              "X-Accel-Buffering: no\r\n"
                              "\r\n"
                              "retry: 2000\nid: 0-bare\nevent: earshot.open\n"
                              "data: {\"cursor\":\"0-bare\"}\n\n";

static int epoll = -1;
static bool tells;
static uint8_t answer[ANSWER_MAX + 64];
static size_t answer_length;
static struct connection *held[HELD_MAX];
static size_t held_count;
static struct connection *to_be_freed;
static unsigned long long last_id;
static char *recent[RECENT]; /* as JSON, by id */

static void
fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static int64_t
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void
buffer_add(struct buffer *buffer, const void *bytes, size_t length)
{
    if (buffer->length + length + 1 > buffer->room) {
        buffer->room = 2 * (buffer->length + length + 1);
        buffer->data = realloc(buffer->data, buffer->room);
        if (!buffer->data)
            fail("realloc");
    }
    memcpy(buffer->data + buffer->length, bytes, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
}

__attribute__((format(printf, 2, 3))) static void
buffer_print(struct buffer *buffer, const char *format, ...)
{
    char text[2 * BODY_MAX];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buffer_add(buffer, text, (size_t)length);
}

static void
buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

/* BYTES as one record in RECORD; with IS_END those that end the request, too.
 * Gives the length. */
static size_t
as_record(uint8_t *record, const void *bytes, size_t length, bool is_end)
{
    uint8_t *end = record_put(record, RECORD_STDOUT, bytes, length);
    if (is_end) {
        end = record_put_header(end, RECORD_STDOUT, 0);
        end = record_put_end(end);
    }
    return (size_t)(end - record);
}

static bool
send_all(int fd, const uint8_t *bytes, size_t length)
{
    return send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL) ==
           (ssize_t)length;
}

static void
let_go(struct connection *connection)
{
    if (connection->held_as == NOT_HELD)
        return;
    struct connection *moved = held[--held_count];
    held[connection->held_at] = moved;
    moved->held_at = connection->held_at;
    connection->held_as = NOT_HELD;
}

static void
hold(struct connection *connection, enum held_as as)
{
    if (held_count == HELD_MAX)
        return;
    connection->held_as = as;
    connection->held_at = held_count;
    held[held_count++] = connection;
}

/* Events of this turn may still name it. */
static void
connection_close(struct connection *connection)
{
    if (connection->fd < 0)
        return;
    let_go(connection);
    close(connection->fd);
    connection->fd = -1;
    connection->next = to_be_freed;
    to_be_freed = connection;
}

static void
free_closed(void)
{
    while (to_be_freed) {
        struct connection *connection = to_be_freed;
        to_be_freed = connection->next;
        buffer_free(&connection->params);
        buffer_free(&connection->body);
        free(connection);
    }
}

/* The answer to a poll that has everything up to AFTER, as a record that ends
 * the request. */
static size_t
poll_answer(uint8_t *record, unsigned long long after)
{
    static struct buffer text;
    unsigned long long first = last_id >= RECENT ? last_id - RECENT + 1 : 1;
    bool is_lost = after + 1 < first;
    const char *comma = "";
    text.length = 0;
    buffer_print(&text, "Status: 200 OK\r\nContent-Type: application/json\r\n"
                        "Cache-Control: no-store\r\n\r\n{\"messages\":[");
    for (unsigned long long id = is_lost ? first : after + 1;
         id <= last_id && text.length < BODY_MAX; id++) {
        buffer_print(&text, "%s%s", comma, recent[id % RECENT]);
        comma = ",";
        after = id;
    }
    buffer_print(&text, "],\"cursor\":\"%llu-k3f9x2ab\",\"lost\":%s}\n", after,
                 is_lost ? "true" : "false");
    return as_record(record, text.data, text.length, true);
}

/* True when the connection stays. */
static bool
answer_poll(struct connection *connection, unsigned long long after)
{
    static uint8_t record[RECORD_MAX + 64];
    size_t length = poll_answer(record, after);
    return send_all(connection->fd, record, length) && connection->keep;
}

static void
remember(const char *body, size_t length)
{
    char text[2 * BODY_MAX];
    snprintf(text, sizeof text,
             "{\"id\":\"%llu-k3f9x2ab\",\"channel\":\"room\",\"event\":"
             "\"message\",\"data\":\"%.*s\",\"type\":\"text\",\"time\":%lld}",
             ++last_id, (int)length, body, (long long)time(NULL) * 1000);
    free(recent[last_id % RECENT]);
    recent[last_id % RECENT] = strdup(text);
}

static void
send_to_held(const char *body, size_t length)
{
    static uint8_t event[RECORD_MAX + 64], poll[RECORD_MAX + 64];
    char text[2 * BODY_MAX];
    int text_length =
        snprintf(text, sizeof text, "id: %llu-k3f9x2ab\ndata: %.*s\n\n",
                 last_id, (int)length, body);
    size_t event_length = as_record(event, text, (size_t)text_length, false);
    size_t poll_length = 0, sent = 0, polls = 0;
    int64_t began_ns = now_ns();
    static struct connection *answered[HELD_MAX];
    for (size_t i = 0; i < held_count; i++) {
        if (held[i]->held_as == STREAM)
            sent += send_all(held[i]->fd, event, event_length);
        else
            answered[polls++] = held[i];
    }
    if (polls)
        poll_length = poll_answer(poll, last_id - 1);
    for (size_t i = 0; i < polls; i++) {
        let_go(answered[i]);
        if (!send_all(answered[i]->fd, poll, poll_length) || !answered[i]->keep)
            connection_close(answered[i]);
    }
    if (tells)
        fprintf(stderr, "bare sent=%zu us=%lld\n", sent + polls,
                (long long)(now_ns() - began_ns) / 1000);
}

static bool
has(const struct buffer *params, const char *text)
{
    return params->length &&
           memmem(params->data, params->length, text, strlen(text));
}

static bool
answer_get(struct connection *connection)
{
    struct buffer *params = &connection->params;
    if (!has(params, "/poll")) {
        uint8_t record[sizeof opening + RECORD_HEADER];
        size_t length = as_record(record, opening, sizeof opening - 1, false);
        hold(connection, STREAM);
        return send_all(connection->fd, record, length);
    }
    const char *after = memmem(params->data, params->length, "after=", 6);
    unsigned long long id = after ? strtoull(after + 6, NULL, 10) : last_id;
    if (id < last_id || !has(params, "wait="))
        return answer_poll(connection, id);
    hold(connection, POLL);
    return true;
}

/* The request is whole. True when the connection stays. */
static bool
answer_request(struct connection *connection)
{
    bool stays;
    if (has(&connection->params, "REQUEST_METHODGET")) {
        stays = answer_get(connection);
    } else {
        const struct buffer *body = &connection->body;
        remember(body->data ? body->data : "", body->length);
        if (held_count > 0)
            send_to_held(body->data ? body->data : "", body->length);
        stays =
            send_all(connection->fd, answer, answer_length) && connection->keep;
    }
    buffer_free(&connection->params);
    buffer_free(&connection->body);
    return stays;
}

static void
gather(struct buffer *buffer, const struct record_piece *piece, size_t most)
{
    size_t room = most - buffer->length;
    buffer_add(buffer, piece->bytes,
               piece->length < room ? piece->length : room);
}

/* True when the connection stays. */
static bool
take_piece(struct connection *connection, const struct record_piece *piece)
{
    switch (piece->type) {
    case RECORD_BEGIN:
        if (piece->length >= 3)
            connection->keep = piece->bytes[2] & 1;
        return true;
    case RECORD_PARAMS:
        gather(&connection->params, piece, PARAMS_MAX);
        return true;
    case RECORD_STDIN:
        if (piece->record_length == 0)
            return answer_request(connection);
        gather(&connection->body, piece, BODY_MAX / 2);
        return true;
    case RECORD_END:
    case RECORD_STDOUT:
        return true;
    }
    return true;
}

/* Reads what there is. True when the connection stays. */
static bool
read_connection(struct connection *connection)
{
    static uint8_t bytes[READ_MAX];
    ssize_t got = recv(connection->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    for (size_t at = 0; at < (size_t)got;) {
        struct record_piece piece;
        at += record_read(&connection->reader, bytes + at, (size_t)got - at,
                          &piece);
        if (piece.bytes != NULL && !take_piece(connection, &piece))
            return false;
    }
    return got > 0;
}

/* Most requests are there when their connection is accepted: those are
 * answered without a turn through epoll. */
static void
accept_connections(int listener)
{
    for (int i = 0; i < EVENTS_MAX; i++) {
        struct epoll_event event = {.events = EPOLLIN};
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            return;
        struct connection *connection = calloc(1, sizeof *connection);
        if (!connection)
            fail("calloc");
        connection->fd = fd;
        if (!read_connection(connection)) {
            connection_close(connection);
            continue;
        }
        event.data.ptr = connection;
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
            fail("epoll_ctl");
    }
}

static int
listen_on(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || strlen(path) >= sizeof address.sun_path)
        fail("socket");
    strcpy(address.sun_path, path);
    unlink(path);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(fd, 4096) < 0)
        fail(path);
    return fd;
}

static void
read_answer(const char *path)
{
    char text[ANSWER_MAX];
    size_t length = sizeof default_answer - 1;
    memcpy(text, default_answer, length);
    if (path != NULL) {
        FILE *file = fopen(path, "rb");
        if (file == NULL)
            fail(path);
        length = fread(text, 1, sizeof text, file);
        fclose(file);
    }
    answer_length = as_record(answer, text, length, true);
}

/* 10,000 are held, whatever the soft limit is. */
static void
raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void
run(int listener)
{
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS_MAX, -1);
        if (ready < 0 && errno != EINTR)
            fail("epoll_wait");
        for (int i = 0; i < ready; i++) {
            struct connection *connection = events[i].data.ptr;
            if (connection == NULL)
                accept_connections(listener);
            else if (connection->fd >= 0 && !read_connection(connection))
                connection_close(connection);
        }
        free_closed();
    }
}

int
main(int argc, char **argv)
{
    const char *socket_path = NULL, *answer_path = NULL;
    struct epoll_event event = {.events = EPOLLIN};
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--socket") == 0)
            socket_path = argv[i + 1];
        else if (strcmp(argv[i], "--answer") == 0)
            answer_path = argv[i + 1];
        else if (strcmp(argv[i], "--tell") == 0)
            tells = true;
    }
    read_answer(answer_path);
    signal(SIGPIPE, SIG_IGN);
    raise_limit();
    epoll = epoll_create1(EPOLL_CLOEXEC);
    int listener = socket_path != NULL ? listen_on(socket_path) : STDIN_FILENO;
    if (fcntl(listener, F_SETFL, O_NONBLOCK) < 0)
        fail("fcntl");
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0)
        fail("epoll_ctl");
    run(listener);
}

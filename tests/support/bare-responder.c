/*
 * bare-responder: the floor that Earshot is measured against.
 *
 * A FastCGI responder of one process and one thread that stores nothing and
 * parses nothing: it reads a request's records to the end of its body and
 * answers with fixed bytes.  What it reaches behind a web server is what that
 * web server and the kernel leave for any program.
 *
 * A GET is held as a subscriber, and a POST's body is then sent to all who
 * are held, one bare send(2) each; the time of those sends goes to standard
 * error as "bare sent=N us=T".
 *
 *   bare-responder [--socket PATH] [--answer FILE]
 *
 * Without --socket it listens on the inherited descriptor 0.  FILE holds the
 * bytes of a 201 answer (CGI headers and body), to be answered as they are.
 */

#include "records.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 256,
    READ_MAX = 65536,
    ANSWER_MAX = 4096,
    BODY_MAX = 512,
    HELD_MAX = 20000,
};

struct connection {
    int fd;
    bool keep;
    bool get;
    size_t held_at; /* its place in `held`, plus one; 0: not held */
    size_t body_length;
    struct record_reader reader;
    uint8_t body[BODY_MAX];
};

static const char default_answer[] =
    "Status: 201 Created\r\n"
    "Content-Type: application/json\r\n"
    "Cache-Control: no-store\r\n"
    "\r\n"
    "{\"id\":\"1000000-k3f9x2ab\",\"channel\":\"room\"}\n";

static const char opening[] = "Status: 200 OK\r\n"
                              "Content-Type: text/event-stream\r\n"
                              "\r\n"
                              "retry: 2000\nid: 0-bare\nevent: earshot.open\n"
                              "data: {\"cursor\":\"0-bare\"}\n\n";

static int epoll = -1;
static uint8_t answer[ANSWER_MAX + 64];
static size_t answer_length;
static struct connection *held[HELD_MAX];
static size_t held_count;
static unsigned long long last_id;

static void
fail(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t
now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void
connection_close(struct connection *connection)
{
    if (connection->held_at > 0) {
        struct connection *moved = held[--held_count];

        held[connection->held_at - 1] = moved;
        moved->held_at = connection->held_at;
    }
    close(connection->fd);
    free(connection);
}

static void
hold(struct connection *connection)
{
    uint8_t record[sizeof(opening) + RECORD_HEADER];
    uint8_t *end =
        record_put(record, RECORD_STDOUT, opening, sizeof(opening) - 1);

    if (held_count == HELD_MAX)
        return;
    held[held_count++] = connection;
    connection->held_at = held_count;
    send(connection->fd, record, (size_t)(end - record), MSG_NOSIGNAL);
}

static void
send_to_held(const uint8_t *body, size_t length)
{
    uint8_t record[RECORD_HEADER + 64 + BODY_MAX];
    char text[64 + BODY_MAX];
    int text_length =
        snprintf(text, sizeof(text), "id: %llu-k3f9x2ab\ndata: %.*s\n\n",
                 ++last_id, (int)length, (const char *)body);
    uint8_t *end = record_put(record, RECORD_STDOUT, text, (size_t)text_length);
    size_t sent = 0;
    int64_t began_ns = now_ns();

    for (size_t i = 0; i < held_count; i++)
        sent += send(held[i]->fd, record, (size_t)(end - record),
                     MSG_DONTWAIT | MSG_NOSIGNAL) == end - record;
    fprintf(stderr, "bare sent=%zu us=%lld\n", sent,
            (long long)(now_ns() - began_ns) / 1000);
}

/* The request is whole. Returns whether the connection stays. */
static bool
answer_request(struct connection *connection)
{
    if (connection->get) {
        hold(connection);
        return true;
    }
    if (held_count > 0)
        send_to_held(connection->body, connection->body_length);
    connection->body_length = 0;
    if (send(connection->fd, answer, answer_length, MSG_NOSIGNAL) < 0)
        return false;
    return connection->keep;
}

/* Returns whether the connection stays. */
static bool
take_piece(struct connection *connection, const struct record_piece *piece)
{
    static const char get[] = "REQUEST_METHODGET";
    size_t room = BODY_MAX - connection->body_length;
    size_t length = piece->length < room ? piece->length : room;

    switch (piece->type) {
    case RECORD_BEGIN:
        if (piece->length >= 3)
            connection->keep = piece->bytes[2] & 1;
        return true;
    case RECORD_PARAMS:
        if (held_count < HELD_MAX && !connection->get)
            connection->get = memmem(piece->bytes, piece->length, get,
                                     sizeof(get) - 1) != NULL;
        return true;
    case RECORD_STDIN:
        if (piece->record_length == 0)
            return answer_request(connection);
        memcpy(connection->body + connection->body_length, piece->bytes,
               length);
        connection->body_length += length;
        return true;
    case RECORD_END:
    case RECORD_STDOUT:
        return true;
    }
    return true;
}

/* Reads what there is. Returns whether the connection stays. */
static bool
read_connection(struct connection *connection)
{
    static uint8_t bytes[READ_MAX];
    ssize_t got = recv(connection->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

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
   answered without a turn through epoll. */
static void
accept_connections(int listener)
{
    for (int i = 0; i < EVENTS_MAX; i++) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        struct connection *connection;
        struct epoll_event event = {.events = EPOLLIN};

        if (fd < 0)
            return;
        connection = calloc(1, sizeof(*connection));
        if (connection == NULL)
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

    if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
        fail("socket");
    strcpy(address.sun_path, path);
    unlink(path);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(fd, 4096) < 0)
        fail(path);
    return fd;
}

static void
read_answer(const char *path)
{
    uint8_t text[ANSWER_MAX];
    size_t length = sizeof(default_answer) - 1;
    uint8_t *end;

    memcpy(text, default_answer, length);
    if (path != NULL) {
        FILE *file = fopen(path, "rb");

        if (file == NULL)
            fail(path);
        length = fread(text, 1, sizeof(text), file);
        fclose(file);
    }
    end = record_put(answer, RECORD_STDOUT, text, length);
    end = record_put_header(end, RECORD_STDOUT, 0);
    end = record_put_end(end);
    answer_length = (size_t)(end - answer);
}

int
main(int argc, char **argv)
{
    const char *socket_path = NULL, *answer_path = NULL;
    struct epoll_event events[EVENTS_MAX];
    struct epoll_event event = {.events = EPOLLIN};
    int listener;

    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--socket") == 0)
            socket_path = argv[i + 1];
        else if (strcmp(argv[i], "--answer") == 0)
            answer_path = argv[i + 1];
    }
    read_answer(answer_path);
    signal(SIGPIPE, SIG_IGN);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    listener = socket_path != NULL ? listen_on(socket_path) : STDIN_FILENO;
    if (fcntl(listener, F_SETFL, O_NONBLOCK) < 0)
        fail("fcntl");
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0)
        fail("epoll_ctl");
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS_MAX, -1);

        if (ready < 0 && errno != EINTR)
            fail("epoll_wait");
        for (int i = 0; i < ready; i++) {
            struct connection *connection = events[i].data.ptr;

            if (connection == NULL)
                accept_connections(listener);
            else if (!read_connection(connection))
                connection_close(connection);
        }
    }
}

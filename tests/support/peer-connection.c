/*
 * One connection of the record-level peer: its request out, its answer in.
 */

#include "peer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PARAMS_MAX = 4096,
    READ_MAX = 262144,
    POLL_WAIT_S = 25,
};

static void
connection_watch(struct connection *connection, int operation)
{
    uint32_t in = connection->group->reading ? EPOLLIN : 0;
    struct epoll_event event = {
        .events = connection->writing ? in | EPOLLOUT : in,
        .data.ptr = connection,
    };

    if (epoll_ctl(peer_epoll, operation, connection->fd, &event) < 0)
        peer_fail("epoll_ctl");
}

static bool
connection_flush(struct connection *connection)
{
    bool writing;

    while (connection->out_sent < connection->out_length) {
        ssize_t sent =
            send(connection->fd, connection->out + connection->out_sent,
                 connection->out_length - connection->out_sent,
                 MSG_DONTWAIT | MSG_NOSIGNAL);

        if (sent < 0 && errno != EAGAIN)
            return false;
        if (sent < 0)
            break;
        connection->out_sent += (size_t)sent;
    }
    writing = connection->out_sent < connection->out_length;
    if (writing != connection->writing) {
        connection->writing = writing;
        connection_watch(connection, EPOLL_CTL_MOD);
    }
    if (!writing) {
        free(connection->out);
        connection->out = NULL;
        connection->out_length = connection->out_sent = 0;
    }
    return true;
}

static size_t
write_params(const struct connection *connection, uint8_t *params,
             const char *method, size_t length)
{
    const char *path = connection->group->path;
    size_t path_length = strcspn(path, "?");
    const char *given = path[path_length] == '?' ? path + path_length + 1 : "";
    char name[512], uri[1024], query[1024], number[24];
    uint8_t *end = params;

    snprintf(name, sizeof(name), "%.*s", (int)path_length, path);
    snprintf(query, sizeof(query), "%s", given);
    if (connection->group->kind == PEER_POLL && connection->opened)
        snprintf(query, sizeof(query), "wait=%d&after=%s%s%s", POLL_WAIT_S,
                 connection->cursor, *given != '\0' ? "&" : "", given);
    snprintf(uri, sizeof(uri), "/earshot%.400s?%.600s", name, query);
    snprintf(number, sizeof(number), "%zu", length);
    end = record_put_param(end, "REQUEST_METHOD", method);
    end = record_put_param(end, "GATEWAY_INTERFACE", "CGI/1.1");
    end = record_put_param(end, "SERVER_PROTOCOL", "HTTP/1.1");
    end = record_put_param(end, "SERVER_SOFTWARE", "peer");
    end = record_put_param(end, "REMOTE_ADDR", "127.0.0.1");
    end = record_put_param(end, "SCRIPT_NAME", "/earshot");
    end = record_put_param(end, "PATH_INFO", name);
    end = record_put_param(end, "QUERY_STRING", query);
    end = record_put_param(end, "REQUEST_URI", uri);
    end = record_put_param(end, "HTTP_HOST", "localhost");
    end = record_put_param(end, "CONTENT_LENGTH", length > 0 ? number : "");
    if (connection->group->kind == PEER_PUBLISH)
        end = record_put_param(end, "CONTENT_TYPE", "text/plain");
    return (size_t)(end - params);
}

static uint8_t *
write_body(uint8_t *at, size_t length, int64_t now_ns)
{
    char text[RECORD_MAX];
    int mark = snprintf(text, sizeof(text), "t=%lld;", (long long)now_ns);
    size_t used = (size_t)mark < length ? (size_t)mark : length;

    while (length > 0) {
        size_t piece = length < RECORD_MAX ? length : RECORD_MAX;

        memset(text + used, 'x', piece > used ? piece - used : 0);
        at = record_put(at, RECORD_STDIN, text, piece);
        length -= piece;
        used = 0;
    }
    return at;
}

/* Builds the whole request and sends what the socket takes. */
static bool
connection_request(struct connection *connection)
{
    struct group *group = connection->group;
    bool publish = group->kind == PEER_PUBLISH;
    size_t length = publish ? group->message_size : 0;
    uint8_t params[PARAMS_MAX];
    size_t params_length =
        write_params(connection, params, publish ? "POST" : "GET", length);
    uint8_t *at;

    connection->out = malloc(params_length + length +
                             (length / RECORD_MAX + 8) * RECORD_HEADER + 64);
    if (connection->out == NULL)
        peer_fail("malloc");
    connection->sent_ns = peer_now_ns();
    at = record_put_begin(connection->out, group->kind != PEER_SSE);
    at = record_put(at, RECORD_PARAMS, params, params_length);
    at = record_put_header(at, RECORD_PARAMS, 0);
    at = write_body(at, length, connection->sent_ns);
    at = record_put_header(at, RECORD_STDIN, 0);
    connection->out_length = (size_t)(at - connection->out);
    connection->out_sent = 0;
    connection->in_body = false;
    connection->status = 0;
    connection->line_length = 0;
    connection->body_length = 0;
    return connection_flush(connection);
}

/* Sends the beginning of a request and no more: nothing; half a header; a
   PARAMS record cut in its middle; a body that is never whole. */
static bool
connection_get_stuck(struct connection *connection, int stage)
{
    uint8_t params[PARAMS_MAX], bytes[PARAMS_MAX + 64];
    size_t params_length = write_params(connection, params, "POST", 4096);
    uint8_t *at = record_put_begin(bytes, true);
    size_t length = 0;

    if (stage == 1) {
        length = 4;
    } else if (stage == 2) {
        at = record_put(at, RECORD_PARAMS, params, params_length);
        length = (size_t)(at - bytes) - params_length / 2;
    } else if (stage == 3) {
        at = record_put(at, RECORD_PARAMS, params, params_length);
        at = record_put_header(at, RECORD_PARAMS, 0);
        at = record_put(at, RECORD_STDIN, "begun", 5);
        length = (size_t)(at - bytes);
    }
    return length == 0 ||
           send(connection->fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

void
connection_close(struct connection *connection)
{
    group_remove(connection->group, connection);
    close(connection->fd);
    free(connection->out);
    free(connection->body);
    free(connection);
}

/* The other side has ended it, or broke the protocol. */
static void
connection_end(struct connection *connection)
{
    struct group *group = connection->group;

    group->closed++;
    if (connection->publishing) {
        group->failed++;
        group->on_the_way--;
    }
    connection_close(connection);
}

static bool
publish_next(struct connection *connection)
{
    struct group *group = connection->group;

    group->to_send--;
    group->on_the_way++;
    connection->publishing = true;
    return connection_request(connection);
}

void
connection_publish(struct connection *connection)
{
    if (!publish_next(connection))
        connection_end(connection);
}

void
connection_set_reading(struct connection *connection)
{
    connection_watch(connection, EPOLL_CTL_MOD);
}

struct connection *
connection_open(struct group *group, int stage)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    bool sent = true;

    if (connection == NULL)
        peer_fail("calloc");
    connection->group = group;
    connection->fd = peer_connect();
    group_add(group, connection);
    connection_watch(connection, EPOLL_CTL_ADD);
    if (group->kind == PEER_STUCK)
        sent = connection_get_stuck(connection, stage);
    else if (group->kind != PEER_PUBLISH)
        sent = connection_request(connection);
    if (!sent) {
        connection_end(connection);
        return NULL;
    }
    return connection;
}

/* END_REQUEST has come. Returns whether the connection stays. */
static bool
on_answered(struct connection *connection)
{
    struct group *group = connection->group;

    switch (group->kind) {
    case PEER_ANY:
    case PEER_SSE:
    case PEER_STUCK:
        return false;
    case PEER_POLL:
        return answer_read_poll(connection) &&
               ((group->churning && connection->opened) ||
                connection_request(connection));
    case PEER_PUBLISH:
        answer_read_published(connection);
        connection->publishing = false;
        group->on_the_way--;
        return group->to_send == 0 || group->one_by_one ||
               publish_next(connection);
    }
    return false;
}

/* Returns whether the connection stays. */
static bool
connection_take(struct connection *connection, const uint8_t *bytes,
                size_t length)
{
    while (length > 0) {
        struct record_piece piece;
        size_t taken = record_read(&connection->reader, bytes, length, &piece);

        bytes += taken;
        length -= taken;
        if (piece.bytes == NULL)
            continue;
        if (piece.type == RECORD_STDOUT)
            answer_take(connection, &piece);
        else if (piece.type == RECORD_END && piece.last &&
                 !on_answered(connection))
            return false;
    }
    return true;
}

void
connection_on_event(struct connection *connection, uint32_t events)
{
    static uint8_t bytes[READ_MAX];
    struct group *group = connection->group;
    ssize_t got = 0;

    if (events & EPOLLIN) {
        got = recv(connection->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0 || !connection_take(connection, bytes, (size_t)got)) {
            connection_end(connection);
            return;
        }
    } else if (events & (EPOLLHUP | EPOLLERR)) {
        connection_end(connection);
        return;
    }
    if ((events & EPOLLOUT) && !connection_flush(connection))
        connection_end(connection);
    else if (group->churning && connection->opened)
        connection_close(connection);
}

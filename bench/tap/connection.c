/* One client's connection and the one that was made for it to the target: two
 * sockets, what is unsent on each, and when to read which. */

#include "relay_internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    PACE_US = 50 * 1000,
    WINDOW_BYTES = 128 * 1024,
    SLOW_WINDOW_BYTES = 4096, /* so that the server notices */
    LINGER_US = 2 * SECOND_US,
    UNUSED_US = 120 * SECOND_US,
    MUTED_US = 600 * SECOND_US,
};

static void settle(struct connection *connection);

static void
want(struct event *event, bool is_wanted)
{
    if (!event || is_wanted == !!event_pending(event, EV_READ | EV_WRITE, NULL))
        return;
    if (is_wanted)
        event_add(event, NULL);
    else
        event_del(event);
}

static void
close_side(struct side *side, bool resets)
{
    const struct linger linger = {.l_onoff = 1, .l_linger = 0};
    if (side->readable)
        event_free(side->readable);
    if (side->writable)
        event_free(side->writable);
    if (side->fd >= 0 && resets)
        setsockopt(side->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    if (side->fd >= 0)
        close(side->fd);
    side->readable = side->writable = NULL;
    side->fd = -1;
    evbuffer_drain(side->unsent, evbuffer_get_length(side->unsent));
}

static void
end(struct connection *connection, enum record_by by, bool resets)
{
    if (connection->state == CONNECTION_DEAD)
        return;
    traffic_record_close(connection, by);
    close_side(&connection->client, resets);
    close_side(&connection->server, resets);
    connection->state = CONNECTION_DEAD;
    relay_bury(connection->relay, connection);
}

void
connection_reset(struct connection *connection, enum record_by by)
{
    end(connection, by, true);
}

void
connection_free(struct connection *connection)
{
    evbuffer_free(connection->client.unsent);
    evbuffer_free(connection->server.unsent);
    evbuffer_free(connection->held);
    if (connection->pace)
        event_free(connection->pace);
    dialogue_fini(&connection->dialogue);
    free(connection);
}

/* All is sent that the client was to get. Closing now, with bytes of its own
 * unread, would reset it and could take the answer away from it. */
static void
linger(struct connection *connection, enum record_by by)
{
    traffic_record_close(connection, by);
    close_side(&connection->server, false);
    shutdown(connection->client.fd, SHUT_WR);
    want(connection->client.writable, false);
    want(connection->client.readable, true);
    connection->state = CONNECTION_LINGERING;
    connection->lingers_until_us = clock_monotonic_us() + LINGER_US;
}

void
connection_set_window(struct connection *connection)
{
    bool is_slow = connection->ruling.rate > 0;
    int bytes = is_slow ? SLOW_WINDOW_BYTES : WINDOW_BYTES;
    if (connection->server.fd >= 0)
        setsockopt(connection->server.fd, SOL_SOCKET, SO_RCVBUF, &bytes,
                   sizeof bytes);
}

static void on_readable(evutil_socket_t fd, short what, void *context);
static void on_writable(evutil_socket_t fd, short what, void *context);

static bool
watch(struct connection *connection, struct side *side, int fd)
{
    const int on = 1;
    struct event_base *base = connection->relay->base;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    side->fd = fd;
    side->readable =
        event_new(base, fd, EV_READ | EV_PERSIST, on_readable, connection);
    side->writable =
        event_new(base, fd, EV_WRITE | EV_PERSIST, on_writable, connection);
    return side->readable && side->writable;
}

/* Where there is no target, a client meets what it would meet there: no
 * answer, and no connection. */
static void
connect_server(struct connection *connection)
{
    const struct address *target = &connection->relay->target;
    int fd = socket(target->storage.ss_family,
                    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || !watch(connection, &connection->server, fd)) {
        log_warn("relay", "cannot make a socket: %m");
        connection_reset(connection, BY_TAP);
        return;
    }
    connection_set_window(connection);
    if (connect(fd, (const void *)&target->storage, target->len) == 0)
        return;
    if (errno == EINPROGRESS) {
        connection->is_connecting = true;
        return;
    }
    log_warn("relay", "cannot reach the target: %m");
    connection_reset(connection, BY_SERVER);
}

static bool
is_connected(struct connection *connection)
{
    int error = 0;
    socklen_t len = sizeof error;
    connection->is_connecting = false;
    getsockopt(connection->server.fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (!error)
        return true;
    errno = error;
    log_warn("relay", "cannot reach the target: %m");
    connection_reset(connection, BY_SERVER);
    return false;
}

/* LEN bytes have come of one side, or it has ended. */
static void
take(struct connection *connection, bool is_client, const char *data,
     size_t len)
{
    connection->read_us = traffic_wall_us();
    if (!is_client)
        connection->allowance -= (double)len;
    if (!len && is_client)
        connection->client.has_ended = true;
    else if (!len)
        connection->server.has_ended = true;
    else if (is_client)
        traffic_up(connection, data, len);
    else
        traffic_down(connection, data, len);
}

static void
on_readable(evutil_socket_t fd, short what, void *context)
{
    struct connection *connection = context;
    char data[READ_MAX];
    (void)what;
    bool is_client = fd == connection->client.fd;
    bool discards = connection->state == CONNECTION_LINGERING;
    size_t most = is_client ? sizeof data : traffic_allowed(connection);
    ssize_t len = most ? recv(fd, data, most, 0) : -1;
    bool has_failed = most && len < 0 && errno != EAGAIN && errno != EINTR;
    if (has_failed || (discards && !len))
        end(connection, is_client ? BY_CLIENT : BY_SERVER, !discards);
    else if (len >= 0 && !discards)
        take(connection, is_client, data, (size_t)len);
    settle(connection);
}

static void
on_writable(evutil_socket_t fd, short what, void *context)
{
    struct connection *connection = context;
    (void)what;
    bool is_client = fd == connection->client.fd;
    struct side *side = is_client ? &connection->client : &connection->server;
    if (!is_client && connection->is_connecting && !is_connected(connection))
        return;
    int written = evbuffer_write(side->unsent, fd);
    bool has_failed = written < 0 && errno != EAGAIN && errno != EINTR;
    if (has_failed && is_client) {
        connection_reset(connection, BY_CLIENT);
    } else if (has_failed) { /* it may have answered before it closed */
        side->is_deaf = true;
        evbuffer_drain(side->unsent, evbuffer_get_length(side->unsent));
    }
    settle(connection);
}

static void
on_pace(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    settle(context);
}

static bool
has_room(const struct side *side)
{
    return evbuffer_get_length(side->unsent) < UNSENT_MAX;
}

static void
want_server(struct connection *connection, bool flows)
{
    struct side *server = &connection->server;
    bool reads = flows && !connection->is_connecting && !server->has_ended &&
                 has_room(&connection->client);
    bool has_allowance = traffic_allowed(connection) > 0;
    static const struct timeval pause = {.tv_usec = PACE_US};
    if (reads && !has_allowance && !evtimer_pending(connection->pace, NULL))
        evtimer_add(connection->pace, &pause);
    want(server->readable, reads && has_allowance);
    want(server->writable,
         flows && (connection->is_connecting ||
                   (!server->is_deaf && evbuffer_get_length(server->unsent))));
}

/* Ends the connection when one side has gone and the other has had all of it.
 * Half a close is a close: neither browsers nor web servers do it. */
static bool
is_over(struct connection *connection)
{
    struct side *client = &connection->client, *server = &connection->server;
    if (connection->ruling.is_muted)
        return false;
    if (server->has_ended) {
        traffic_release(connection);
        if (evbuffer_get_length(client->unsent))
            return false;
        linger(connection, BY_SERVER);
    } else if (client->has_ended && !evbuffer_get_length(server->unsent)) {
        end(connection, BY_CLIENT, false);
    } else {
        return false;
    }
    return true;
}

/* After whatever has happened: brings what is waited for up to date. */
static void
settle(struct connection *connection)
{
    struct side *client = &connection->client, *server = &connection->server;
    if (connection->state == CONNECTION_OPEN && server->fd < 0 &&
        evbuffer_get_length(server->unsent) && !connection->ruling.is_muted)
        connect_server(connection);
    if (connection->state != CONNECTION_OPEN || is_over(connection))
        return;
    bool flows = !connection->ruling.is_muted;
    want(client->readable, flows && !client->has_ended && !server->has_ended &&
                               has_room(server) &&
                               dialogue_takes_up(&connection->dialogue));
    want(client->writable, flows && evbuffer_get_length(client->unsent));
    want_server(connection, flows);
}

void
connection_open(struct relay *relay, int fd)
{
    struct connection *connection = xcalloc(1, sizeof *connection);
    connection->relay = relay;
    connection->number = ++relay->last_number;
    connection->client = connection->server = (struct side){.fd = -1};
    connection->client.unsent = evbuffer_new();
    connection->server.unsent = evbuffer_new();
    connection->held = evbuffer_new();
    connection->pace = evtimer_new(relay->base, on_pace, connection);
    traffic_begin(connection);
    TAILQ_INSERT_TAIL(&relay->connections, connection, place);
    if (watch(connection, &connection->client, fd))
        settle(connection);
    else
        connection_reset(connection, BY_TAP);
}

void
connection_obey(struct connection *connection)
{
    if (connection->state != CONNECTION_OPEN)
        return;
    traffic_obey(connection);
    settle(connection);
}

void
connection_sweep(struct connection *connection, int64_t now_us)
{
    const struct dialogue *dialogue = &connection->dialogue;
    int64_t silent_us = now_us - connection->passed_us;
    int64_t idle_us = dialogue->latest.modes.idle_us;
    bool is_unused = !dialogue->exchange_count &&
                     dialogue->up_state == UP_HEAD && silent_us > UNUSED_US;
    if (connection->state == CONNECTION_LINGERING) {
        if (now_us > connection->lingers_until_us)
            end(connection, BY_SERVER, false);
    } else if (idle_us && silent_us >= idle_us) {
        end(connection, BY_IDLE, true);
    } else if (connection->ruling.is_muted ? silent_us > MUTED_US : is_unused) {
        end(connection, BY_TAP, connection->ruling.is_muted);
    }
}

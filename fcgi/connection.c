#include "connection.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/prefetch.h"
#include "record.h"
#include "request.h"
#include "route.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    READ_SIZE = 64 * 1024,
    READS_PER_EVENT = 4,
    CHATTER_MAX = 64 * 1024,
    REPLIES_MAX = 64 * 1024,
    LATECOMER_US = 500 * 1000, /* for the first request, when stopping */
};

static void look_at_input(struct connection *connection);

static const struct member_verbs verbs;

static struct connection *
connection_of(struct member *member)
{
    return (struct connection *)(void *)((char *)member -
                                         offsetof(struct connection, member));
}

static void
settle_later(struct connection *connection)
{
    server_settle(connection->server, &connection->member);
}

/* The one place where the state changes, and with it what is waited for. */
static void
set_state(struct connection *connection, enum connection_state state)
{
    connection->state = state;
    if (connection->is_arriving && state != CONNECTION_READING) {
        connection->is_arriving = false;
        connection->server->arrival_count--;
    }
    bool reads = state == CONNECTION_READING || state == CONNECTION_HELD;
    bool has_event = !connection->is_file;
    if (reads && has_event)
        event_add(&connection->read_event, NULL);
    else if (has_event)
        event_del(&connection->read_event);
    if (state == CONNECTION_CLOSED) {
        event_del(&connection->timer_event);
        if (has_event)
            event_del(&connection->write_event);
    }
}

void
connection_close(struct connection *connection)
{
    if (connection->state == CONNECTION_CLOSED)
        return;
    set_state(connection, CONNECTION_CLOSED);
    settle_later(connection);
}

/* -- time --------------------------------------------------------------- */

void
connection_timer(struct connection *connection, int64_t after_us)
{
    event_add(&connection->timer_event,
              server_timeout(connection->server, after_us));
}

static void
on_timer(evutil_socket_t fd, short what, void *context)
{
    struct connection *connection = context;
    (void)fd, (void)what;
    switch (connection->state) {
    case CONNECTION_READING: /* the request took too long, or never came */
    case CONNECTION_ENDING:  /* the answer is not taken */
        connection_close(connection);
        return;
    case CONNECTION_BUSY:
    case CONNECTION_HELD:
        connection->service->on_timer(connection);
        return;
    case CONNECTION_CLOSED:
        return;
    }
}

/* -- writing ------------------------------------------------------------ */

/* Replies to management records and refused requests go between the writes of
 * the outbox, whole records each. False: the peer is gone, or asks faster than
 * it reads. */
static bool
send_replies(struct connection *connection)
{
    struct bytes *replies = &connection->intake.replies;
    if (!replies->len || connection->outbox.is_on_its_way)
        return replies->len <= REPLIES_MAX;
    struct shared *piece = shared_take(replies);
    ssize_t len = send(connection->fd, piece->data, piece->len,
                       MSG_NOSIGNAL | MSG_DONTWAIT);
    bool sent = len == (ssize_t)piece->len;
    shared_release(piece);
    return sent;
}

enum written
connection_flush(struct connection *connection)
{
    if (connection->state == CONNECTION_CLOSED)
        return WRITTEN_GONE;
    const struct outbox_framing framing = {.is_plain = connection->is_plain,
                                           .request_id =
                                               connection->intake.request_id};
    enum written written =
        outbox_write(&connection->outbox, connection->fd, &framing);
    switch (written) {
    case WRITTEN_ALL:
        connection->stalled_since_us = 0;
        break;
    case WRITTEN_PART:
        if (!connection->stalled_since_us)
            connection->stalled_since_us = clock_monotonic_us();
        event_add(&connection->write_event, NULL);
        break;
    case WRITTEN_GONE:
        connection_close(connection);
        break;
    }
    return written;
}

void
connection_expect(const struct connection *connection)
{
    prefetch(connection, offsetof(struct connection, read_event));
}

static void
on_writable(evutil_socket_t fd, short what, void *context)
{
    struct connection *connection = context;
    (void)fd, (void)what;
    /* It takes something: the patience with it begins anew. */
    connection->stalled_since_us = 0;
    enum written written = connection_flush(connection);
    if (written == WRITTEN_PART && connection->state == CONNECTION_ENDING)
        connection_timer(connection,
                         connection->server->options->stall_timeout_us);
    if (written != WRITTEN_ALL)
        return;
    if (!connection->is_plain && !send_replies(connection))
        connection_close(connection);
    else if (connection->state == CONNECTION_HELD)
        connection->service->on_drained(connection);
    else
        settle_later(connection);
}

void
connection_add(struct connection *connection, struct shared *piece)
{
    outbox_add(&connection->outbox, piece);
}

void
connection_finish(struct connection *connection)
{
    if (connection->state == CONNECTION_CLOSED)
        return;
    outbox_end(&connection->outbox);
    set_state(connection, CONNECTION_ENDING);
    enum written written = WRITTEN_PART;
    if (!connection->outbox.is_on_its_way)
        written = connection_flush(connection);
    if (written == WRITTEN_ALL)
        settle_later(connection);
    else if (written == WRITTEN_PART)
        connection_timer(connection,
                         connection->server->options->stall_timeout_us);
}

/* -- reading ------------------------------------------------------------ */

static void
serve_request(struct connection *connection)
{
    struct intake *intake = &connection->intake;
    struct request request;
    size_t len;
    const char *records = intake_request(intake, &len);
    event_del(&connection->timer_event);
    connection->chatter = 0;
    if (intake->params_too_large) {
        intake_drop_request(intake);
        route_too_large(connection);
        return;
    }
    size_t body_len = intake->body_too_large ? 0 : intake->body_len;
    enum request_parsed parsed =
        request_parse(&request, records, len, body_len);
    intake_drop_request(intake);
    switch (parsed) {
    case REQUEST_PARSED:
        request.body_too_large = intake->body_too_large;
        route_request(connection, &request);
        request_done(&request);
        return;
    case REQUEST_TORN:
        route_torn(connection);
        return;
    case REQUEST_SENSELESS:
        log_warn("connection", "a request made no sense and was dropped");
        connection_close(connection);
        return;
    }
}

static struct intake_limits
limits_of(const struct server *server)
{
    const struct options *options = server->options;
    int64_t body_max = options->message_max > options->batch_bytes
                           ? options->message_max
                           : options->batch_bytes;
    return (struct intake_limits){.params_max = RECORD_CONTENT_MAX,
                                  .body_max = (size_t)body_max};
}

static void
look_at_input(struct connection *connection)
{
    const struct intake_limits limits = limits_of(connection->server);
    enum intake_verdict verdict = intake_next(&connection->intake, &limits);
    if (!send_replies(connection)) {
        connection_close(connection);
        return;
    }
    switch (verdict) {
    case INTAKE_MORE:
        return;
    case INTAKE_REQUEST:
        serve_request(connection);
        /* What came with it: an ABORT must not wait for more bytes. */
        if (connection->state == CONNECTION_HELD)
            look_at_input(connection);
        return;
    case INTAKE_ABORTED:
        connection->service->on_stop(connection);
        return;
    case INTAKE_CLOSE:
        connection_close(connection);
        return;
    }
}

/* One read. False: there is no more for now. */
static bool
read_some(struct connection *connection)
{
    static char scratch[READ_SIZE]; /* the loop's thread alone is here */
    ssize_t len = read(connection->fd, scratch, sizeof scratch);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (len == 0 && connection->state == CONNECTION_HELD &&
        outbox_is_empty(&connection->outbox)) {
        /* The peer will send no more, but may still read: lighttpd takes an
         * end without END_REQUEST for a crash, and logs it. */
        connection->service->on_stop(connection);
        return false;
    }
    if (len <= 0) {
        connection_close(connection);
        return false;
    }
    if (connection->state == CONNECTION_HELD) {
        connection->chatter += (uint32_t)len;
        if (connection->chatter > CHATTER_MAX) {
            log_info("connection", "closed: its peer talks while it is held");
            connection_close(connection);
            return false;
        }
    }
    bool was_idle = intake_is_idle(&connection->intake);
    intake_feed(&connection->intake, scratch, (size_t)len);
    look_at_input(connection);
    if (was_idle && connection->state == CONNECTION_READING)
        connection_timer(connection,
                         connection->server->options->request_timeout_us);
    return len == sizeof scratch;
}

/* Standard output can be read where it is a socket (Apache's mod_cgid): its
 * other end will send no more, and reads on; that it has gone a write tells.
 * The reading end of a pipe that is closed is an error at once. */
static void
look_at_output(struct connection *connection)
{
    struct pollfd output = {.fd = connection->fd};
    if (poll(&output, 1, 0) > 0)
        connection_close(connection);
    else
        event_del(&connection->read_event);
}

static void
on_readable(evutil_socket_t fd, short what, void *context)
{
    struct connection *connection = context;
    (void)fd, (void)what;
    if (connection->is_plain) {
        look_at_output(connection);
        return;
    }
    for (int i = 0; i < READS_PER_EVENT; i++) {
        if (!read_some(connection) ||
            (connection->state != CONNECTION_READING &&
             connection->state != CONNECTION_HELD))
            return;
    }
}

/* -- life --------------------------------------------------------------- */

static struct connection *
connection_new(struct server *server, int fd)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return NULL;
    connection->server = server;
    connection->fd = fd;
    event_assign(&connection->read_event, server->base, fd,
                 EV_READ | EV_PERSIST, on_readable, connection);
    event_assign(&connection->write_event, server->base, fd, EV_WRITE,
                 on_writable, connection);
    evtimer_assign(&connection->timer_event, server->base, on_timer,
                   connection);
    server_join(server, &connection->member, &verbs);
    return connection;
}

void
connection_open(struct server *server, int fd)
{
    struct connection *connection = connection_new(server, fd);
    if (!connection) {
        close(fd);
        return;
    }
    /* Mostly the whole request is there already. */
    read_some(connection);
    if (connection->state != CONNECTION_READING)
        return;
    connection->is_arriving = true;
    server->arrival_count++;
    set_state(connection, CONNECTION_READING);
    if (intake_is_idle(&connection->intake))
        connection_timer(connection, server->options->request_timeout_us);
}

struct connection *
connection_open_plain(struct server *server, int fd)
{
    struct connection *connection = connection_new(server, fd);
    if (!connection)
        return NULL;
    connection->is_plain = true;
    connection->is_file = event_add(&connection->read_event, NULL) < 0;
    event_del(&connection->read_event);
    return connection;
}

void
connection_serve(struct connection *connection, enum connection_state state,
                 const struct service *service, void *work)
{
    connection->service = service;
    connection->work = work;
    set_state(connection, state);
}

void
connection_hold(struct connection *connection)
{
    set_state(connection, CONNECTION_HELD);
}

/* What may have come meanwhile is served. Who has just connected is about to
 * ask, and its request would be lost without a word: it has a moment for it.
 * Who keeps its connection knows that this may end between two requests. */
static void
stop_reading(struct connection *connection)
{
    if (intake_is_idle(&connection->intake))
        read_some(connection);
    if (connection->state != CONNECTION_READING ||
        !intake_is_idle(&connection->intake))
        return;
    if (connection->is_kept)
        connection_close(connection);
    else
        connection_timer(connection, LATECOMER_US);
}

static void
on_stop(struct member *member)
{
    struct connection *connection = connection_of(member);
    switch (connection->state) {
    case CONNECTION_READING:
        stop_reading(connection);
        return;
    case CONNECTION_BUSY:
    case CONNECTION_HELD:
        connection->service->on_stop(connection);
        return;
    case CONNECTION_ENDING:
    case CONNECTION_CLOSED:
        return;
    }
}

static void
end_service(struct connection *connection)
{
    if (connection->service)
        connection->service->on_over(connection);
    connection->service = NULL;
    connection->work = NULL;
    connection->is_head = false;
    free(connection->allow_origin);
    connection->allow_origin = NULL;
}

static void
connection_free(struct connection *connection)
{
    server_leave(connection->server, &connection->member);
    intake_fini(&connection->intake);
    outbox_fini(&connection->outbox);
    close(connection->fd);
    free(connection);
}

/* The request is answered; the connection goes on to the next, of which some
 * may have come already. */
static void
next_request(struct connection *connection)
{
    intake_finish(&connection->intake);
    connection->is_kept = true;
    set_state(connection, CONNECTION_READING);
    const struct options *options = connection->server->options;
    connection_timer(connection, intake_is_idle(&connection->intake)
                                     ? options->keep_idle_us
                                     : options->request_timeout_us);
    look_at_input(connection);
}

/* At the end of the turn: frees what is closed, goes on with what is kept. */
static void
on_settle(struct member *member)
{
    struct connection *connection = connection_of(member);
    bool is_answered = connection->state == CONNECTION_ENDING &&
                       outbox_is_empty(&connection->outbox);
    if (connection->state != CONNECTION_CLOSED && !is_answered)
        return;
    end_service(connection);
    if (is_answered && connection->intake.keep && !connection->is_plain &&
        !connection->server->stopping) {
        next_request(connection);
        return;
    }
    if (connection->state != CONNECTION_CLOSED)
        set_state(connection, CONNECTION_CLOSED);
    connection_free(connection);
}

static const struct member_verbs verbs = {
    .is_connection = true,
    .on_stop = on_stop,
    .on_settle = on_settle,
};

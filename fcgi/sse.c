#include "sse.h"

#include "answer.h"
#include "base/clock.h"
#include "base/log.h"
#include "connection.h"
#include "follow.h"
#include "hub/encode.h"
#include "hub/message.h"
#include "query.h"
#include "request.h"
#include "server.h"
#include "stream.h"

#include <stdlib.h>

struct sse {
    struct subscriber subscriber;
    struct connection *connection;
    enum encoding encoding;
    int64_t ends_us; /* monotonic: when its life is over */
};

static struct sse *
sse_of(struct subscriber *subscriber)
{
    return (struct sse *)(void *)((char *)subscriber -
                                  offsetof(struct sse, subscriber));
}

/* -- what a stream is to the hub ---------------------------------------- */

static bool
take(struct subscriber *subscriber, struct message *message)
{
    struct sse *sse = sse_of(subscriber);
    struct shared *event = message_encoded(message, sse->encoding);
    if (!outbox_fits(&sse->connection->outbox, event->len))
        return false;
    connection_add(sse->connection, event);
    return true;
}

static bool
lost(struct subscriber *subscriber, const char *cursor)
{
    struct connection *connection = sse_of(subscriber)->connection;
    struct bytes event = BYTES_EMPTY;
    encode_sse_notice(&event, "earshot.lost", cursor);
    bool fits = outbox_fits(&connection->outbox, event.len);
    if (fits)
        stream_add(connection, &event);
    bytes_fini(&event);
    return fits;
}

static enum flushed
flush(struct subscriber *subscriber)
{
    struct connection *connection = sse_of(subscriber)->connection;
    if (connection->state != CONNECTION_HELD)
        return FLUSHED_END;
    switch (connection_flush(connection)) {
    case WRITTEN_ALL:
        return FLUSHED_ALL;
    case WRITTEN_PART:
        return FLUSHED_PART;
    case WRITTEN_GONE:
        return FLUSHED_END;
    }
    return FLUSHED_END;
}

static void
expect(struct subscriber *subscriber)
{
    connection_expect(sse_of(subscriber)->connection);
}

static const struct transport sse_transport = {
    .id = TRANSPORT_SSE,
    .name = "sse",
    .take = take,
    .lost = lost,
    .flush = flush,
    .expect = expect,
};

/* -- what a stream is to its connection --------------------------------- */

static void
end_stream(struct connection *connection)
{
    struct sse *sse = connection->work;
    hub_leave(&sse->subscriber);
    stream_end(connection);
}

/* Writes a heartbeat, a comment that readers skip, unless something else is on
 * its way anyhow. If it does not leave whole the hub learns it when it next has
 * something to give. */
static void
beat(struct connection *connection)
{
    static struct shared *heartbeat;
    if (!heartbeat)
        heartbeat = shared_new(":\n\n", 3);
    if (!outbox_is_empty(&connection->outbox))
        return;
    connection_add(connection, heartbeat);
    connection_flush(connection);
}

/* Asks for the next heartbeat, or the end of the stream's life. */
static void
wait_for_beat(struct connection *connection)
{
    const struct sse *sse = connection->work;
    int64_t left_us = sse->ends_us - clock_monotonic_us();
    int64_t pause_us = server_jitter(connection->server->options->heartbeat_us);
    connection_timer(connection, pause_us < left_us ? pause_us : left_us);
}

static void
on_timer(struct connection *connection)
{
    const struct sse *sse = connection->work;
    int64_t now_us = clock_monotonic_us();
    if (now_us >= sse->ends_us) {
        end_stream(connection);
    } else if (stream_is_stalled(connection, now_us)) {
        log_info("sse", "closed: its reader took nothing for too long");
        connection_close(connection);
    } else {
        beat(connection);
        if (connection->state == CONNECTION_HELD)
            wait_for_beat(connection);
    }
}

static void
on_drained(struct connection *connection)
{
    hub_drained(&((struct sse *)connection->work)->subscriber);
}

static void
on_over(struct connection *connection)
{
    struct sse *sse = connection->work;
    hub_leave(&sse->subscriber);
    log_info("sse", "left subscribers=%zu",
             server_subscribers(connection->server));
    free(sse);
}

static const struct service sse_service = {
    .on_timer = on_timer,
    .on_drained = on_drained,
    .on_stop = end_stream,
    .on_over = on_over,
};

/* -- coming ------------------------------------------------------------- */

/* Headers and the first event in one piece: Apache holds the headers until
 * the first byte of the body. */
static void
add_opening(struct sse *sse, bool is_lost)
{
    struct connection *connection = sse->connection;
    char cursor[CURSOR_SIZE];
    hub_cursor(&sse->subscriber, cursor);
    struct bytes bytes = BYTES_EMPTY;
    stream_append_head(&bytes, connection);
    stream_append_retry(&bytes, connection);
    encode_sse_notice(&bytes, "earshot.open", cursor);
    if (is_lost)
        encode_sse_notice(&bytes, "earshot.lost", cursor);
    stream_add(connection, &bytes);
}

static void
start(struct connection *connection, const struct follow *follow)
{
    struct server *server = connection->server;
    struct sse *sse = xcalloc(1, sizeof *sse);
    sse->connection = connection;
    sse->subscriber.transport = &sse_transport;
    sse->encoding =
        follow->format == FORMAT_JSON ? ENCODING_SSE_JSON : ENCODING_SSE_BARE;
    sse->ends_us = stream_ends_us(connection);
    connection_serve(connection, CONNECTION_HELD, &sse_service, sse);
    bool is_lost = false;
    enum queue_status status =
        hub_join(server->hub, &sse->subscriber, follow->channels,
                 follow->channel_count, &follow->start, &is_lost);
    if (status != QUEUE_OK) {
        const char *trouble = queue_trouble(server->queue);
        stream_refuse(connection,
                      trouble ? trouble : "the queue cannot be read now");
        return;
    }
    log_info("sse", "came channel=%s channels=%zu subscribers=%zu",
             follow->channels[0], follow->channel_count,
             server_subscribers(server));
    add_opening(sse, is_lost);
    connection_flush(connection);
    if (connection->state == CONNECTION_HELD)
        wait_for_beat(connection);
}

void
sse_get(struct connection *connection, const struct request *request,
        const struct query *query, const char *name)
{
    struct follow follow;
    const struct asked asked = {TRANSPORT_SSE, name, query,
                                request->last_event_id};
    if (!answer_or_follow(connection, &follow, &asked))
        return;
    if (stream_may_begin(connection, request->method == METHOD_HEAD))
        start(connection, &follow);
    follow_fini(&follow);
}

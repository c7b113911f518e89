#include "ws.h"

#include "base/prefetch.h"
#include "client.h"
#include "follow.h"
#include "hub/message.h"

#include <stddef.h>

static struct client *
client_of(struct subscriber *subscriber)
{
    return (struct client *)(void *)((char *)subscriber -
                                     offsetof(struct client, subscriber));
}

static bool
take(struct subscriber *subscriber, struct message *message)
{
    struct client *client = client_of(subscriber);
    struct shared *frame = message_encoded(message, client->encoding);
    if (!client_fits(client, frame->len))
        return false;
    client_add(client, frame);
    return true;
}

/* Appends the frame {"event":EVENT,"cursor":CURSOR}, or the event. */
static void
append_notice(const struct client *client, struct bytes *bytes,
              const char *event, const char *cursor)
{
    struct bytes json = BYTES_EMPTY;
    if (client->dialect == DIALECT_EVENTS) {
        encode_sse_notice(bytes, event, cursor);
        return;
    }
    bytes_printf(&json, "{\"event\":\"%s\",\"cursor\":\"%s\"}", event, cursor);
    encode_frame(bytes, FRAME_TEXT, json.data, json.len);
    bytes_fini(&json);
}

static bool
lost(struct subscriber *subscriber, const char *cursor)
{
    struct client *client = client_of(subscriber);
    struct bytes notice = BYTES_EMPTY;
    append_notice(client, &notice, "earshot.lost", cursor);
    bool fits = client_fits(client, notice.len);
    if (fits) {
        struct shared *piece = shared_take(&notice);
        client_add(client, piece);
        shared_release(piece);
    }
    bytes_fini(&notice);
    return fits;
}

static enum flushed
flush(struct subscriber *subscriber)
{
    struct client *client = client_of(subscriber);
    if (client->state != CLIENT_OPEN)
        return FLUSHED_END;
    switch (client_flush(client)) {
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
    prefetch(client_of(subscriber), offsetof(struct client, leaves_with));
}

static const struct transport transports[] = {
    [DIALECT_FRAMES] = {.id = TRANSPORT_WS,
                        .name = "ws",
                        .take = take,
                        .lost = lost,
                        .flush = flush,
                        .expect = expect},
    [DIALECT_EVENTS] = {.id = TRANSPORT_SSE,
                        .name = "sse",
                        .take = take,
                        .lost = lost,
                        .flush = flush,
                        .expect = expect},
};

static enum encoding
encoding_of(enum dialect dialect, enum format format)
{
    bool is_bare = format == FORMAT_BARE;
    switch (dialect) {
    case DIALECT_FRAMES:
        return is_bare ? ENCODING_WS_RAW : ENCODING_WS_JSON;
    case DIALECT_EVENTS:
        return is_bare ? ENCODING_SSE_BARE : ENCODING_SSE_JSON;
    }
    return ENCODINGS;
}

void
ws_watch(struct client *client)
{
    client->is_watcher = true;
    client->dialect = DIALECT_EVENTS;
    client->subscriber.transport = &transports[DIALECT_EVENTS];
}

enum queue_status
ws_join(struct client *client, const struct follow *follow,
        struct bytes *greeting)
{
    bool is_lost = false;
    client->encoding = encoding_of(client->dialect, follow->format);
    client->is_raw = client->encoding == ENCODING_WS_RAW;
    client->subscriber.transport = &transports[client->dialect];
    enum queue_status status =
        hub_join(client->server->hub, &client->subscriber, follow->channels,
                 follow->channel_count, &follow->start, &is_lost);
    if (status != QUEUE_OK)
        return status;
    char cursor[CURSOR_SIZE];
    hub_cursor(&client->subscriber, cursor);
    if (client->dialect == DIALECT_EVENTS)
        bytes_printf(greeting, "retry: %lld\n\n",
                     (long long)server_retry_ms(client->server));
    if (!client->is_raw)
        append_notice(client, greeting, "earshot.open", cursor);
    if (is_lost)
        append_notice(client, greeting, "earshot.lost", cursor);
    return QUEUE_OK;
}

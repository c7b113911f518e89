/* WebSocket: each text or binary message is payload. */

#include "transports.h"
#include "websocket.h"

static void
start(struct subscriber *subscriber, void *state)
{
    (void)state;
    subscriber_connect(subscriber);
}

static void
on_connected(struct subscriber *subscriber, void *state)
{
    websocket_begin(state, subscriber);
}

static bool
hear(struct subscriber *subscriber, void *state, enum ws_found found,
     const struct ws_message *message)
{
    if (found == WS_OPEN) {
        websocket_hello(state, subscriber, 0, WEBSOCKET_ALL);
        websocket_look(state, subscriber, NULL);
        return true;
    }
    websocket_look(state, subscriber, message);
    if (found == WS_TEXT)
        websocket_cursor(subscriber, message->data, message->len);
    subscriber_payload(subscriber, message->data, message->len);
    return true;
}

static void
on_bytes(struct subscriber *subscriber, void *state, const char *data,
         size_t len)
{
    websocket_take(subscriber, state, data, len, hear);
}

static void
on_end(struct subscriber *subscriber, void *state)
{
    websocket_end(state, subscriber);
}

const struct transport transport_ws = {
    .name = "ws",
    .link = LINK_SOCKET,
    .state_size = sizeof(struct websocket),
    .start = start,
    .on_connected = on_connected,
    .on_bytes = on_bytes,
    .on_end = on_end,
    .fini = websocket_fini,
    .leave = websocket_leave,
};

/* socket.io 4, by WebSocket from the start, as its client does with
 * `transports: ["websocket"]`: no long-poll comes before it. */

#include "engineio.h"
#include "transports.h"
#include "websocket.h"

#include "target/target.h"

#include <stdio.h>
#include <string.h>

struct socketio {
    struct websocket websocket; /* the first member */
    unsigned attachments; /* binary frames that still belong to an event */
    int hellos_said;
};

static void
start(struct subscriber *subscriber, void *state)
{
    (void)state;
    subscriber_connect(subscriber);
}

static void
on_connected(struct subscriber *subscriber, void *state)
{
    struct socketio *socketio = state;
    socketio->attachments = 0;
    socketio->hellos_said = 0;
    websocket_begin(&socketio->websocket, subscriber);
}

/* The packet by which one enters a namespace: the target's first hello, when it
 * is one (with a namespace or a token), else the plain one. */
static void
enter(struct subscriber *subscriber, struct socketio *socketio)
{
    char **hello = subscriber_entrance(subscriber)->hello;
    if (hello && hello[0] && strncmp(hello[0], "40", 2) == 0) {
        socketio->hellos_said = 1;
        websocket_hello(&socketio->websocket, subscriber, 0, 1);
    } else {
        frames_client_send_text(&socketio->websocket.client, "40", 2);
    }
}

static void
entered(struct subscriber *subscriber, struct socketio *socketio)
{
    websocket_hello(&socketio->websocket, subscriber, socketio->hellos_said,
                    WEBSOCKET_ALL);
    websocket_look(&socketio->websocket, subscriber, NULL);
}

static void
answer_ping(struct socketio *socketio, const struct engineio_packet *packet)
{
    struct bytes pong = BYTES_EMPTY;
    engineio_append_pong(&pong, packet);
    frames_client_send_text(&socketio->websocket.client, pong.data, pong.len);
    bytes_fini(&pong);
}

static bool
fail(struct subscriber *subscriber, const char *what, const char *frame,
     size_t len)
{
    char sentence[256];
    snprintf(sentence, sizeof sentence, "%s: %.*s", what,
             (int)(len < 160 ? len : 160), frame);
    subscriber_fail(subscriber, sentence);
    return false;
}

static bool
take_packet(struct subscriber *subscriber, struct socketio *socketio,
            const struct ws_message *message)
{
    struct engineio_packet packet;
    engineio_read(message->data, message->len, &packet);
    switch (packet.kind) {
    case ENGINEIO_OPEN:
        enter(subscriber, socketio);
        return true;
    case ENGINEIO_PING:
        answer_ping(socketio, &packet);
        return true;
    case ENGINEIO_CONNECTED:
        entered(subscriber, socketio);
        return true;
    case ENGINEIO_EVENT:
        socketio->attachments = packet.attachments;
        subscriber_payload(subscriber, packet.body.data, packet.body.len);
        return true;
    case ENGINEIO_CLOSE:
    case ENGINEIO_DISCONNECTED:
        frames_client_close(&socketio->websocket.client, 1000);
        return true;
    case ENGINEIO_PONG:
    case ENGINEIO_IDLE:
    case ENGINEIO_ACK:
        return true;
    case ENGINEIO_REFUSED:
        return fail(subscriber, "the socket.io server refused the connection",
                    packet.body.data, packet.body.len);
    case ENGINEIO_WRONG:
        return fail(subscriber, "this is no packet of socket.io 4",
                    message->data, message->len);
    }
    return true;
}

static bool
hear(struct subscriber *subscriber, void *state, enum ws_found found,
     const struct ws_message *message)
{
    struct socketio *socketio = state;
    if (found == WS_OPEN)
        return true;
    websocket_look(&socketio->websocket, subscriber, message);
    if (found == WS_TEXT)
        return take_packet(subscriber, socketio, message);
    if (socketio->attachments)
        socketio->attachments--;
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
    struct socketio *socketio = state;
    websocket_end(&socketio->websocket, subscriber);
}

const struct transport transport_socketio = {
    .name = "socket.io",
    .link = LINK_SOCKET,
    .state_size = sizeof(struct socketio),
    .start = start,
    .on_connected = on_connected,
    .on_bytes = on_bytes,
    .on_end = on_end,
    .fini = websocket_fini,
    .leave = websocket_leave,
};

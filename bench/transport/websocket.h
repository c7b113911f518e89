/* What the transports over a WebSocket have in common: the frames' client on a
 * subscriber's connection, and what every target may ask of it (hello, ready,
 * lost, a cursor). */
#ifndef EARSHOT_BENCH_WEBSOCKET_H
#define EARSHOT_BENCH_WEBSOCKET_H

#include "client/frames_client.h"

#include <stdbool.h>

struct subscriber;

struct websocket {
    struct frames_client client;
    bool is_ready;
};

/* Sends the handshake of SUBSCRIBER's request. */
void websocket_begin(struct websocket *websocket,
                     struct subscriber *subscriber);

/* What the frames say, in turn; false when nothing (more) may be done with the
 * connection. */
typedef bool websocket_hear(struct subscriber *subscriber, void *state,
                            enum ws_found found,
                            const struct ws_message *message);

/* Takes what has come, tells HEAR of it (WS_OPEN, WS_TEXT, WS_BINARY), and
 * sends what there is to send. STATE begins with a struct websocket. */
void websocket_take(struct subscriber *subscriber, void *state,
                    const char *data, size_t len, websocket_hear *hear);

/* Says the target's hellos from the one numbered FROM on, up to before TO. */
enum { WEBSOCKET_ALL = 1 << 20 };
void websocket_hello(struct websocket *websocket, struct subscriber *subscriber,
                     int from, int to);

/* Whether MESSAGE (NULL: none, all that was awaited has been said) makes it
 * ready, by the target's "ready"; and whether it tells of a loss. */
void websocket_look(struct websocket *websocket, struct subscriber *subscriber,
                    const struct ws_message *message);

/* Takes the target's cursor from the LEN bytes of a JSON object, if it has
 * one. */
void websocket_cursor(struct subscriber *subscriber, const char *json,
                      size_t len);

/* For a transport's own on_end and leave. */
void websocket_end(struct websocket *websocket, struct subscriber *subscriber);
void websocket_leave(struct subscriber *subscriber, void *state);
void websocket_fini(void *state);

#endif

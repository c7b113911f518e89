/* What is said on a WebSocket of socket.io 4: packets of Engine.IO 4, one a
 * frame, and within its messages packets of socket.io 5 (the protocol's own
 * count). It knows frames by their bytes alone.
 *
 *     0{"sid":…}      open         40{"sid":…}        connected
 *     2               ping         42["news","text"]  event "news"
 *     3               pong         44{"message":…}    refused
 *
 * https://socket.io/docs/v4/engine-io-protocol/ and socket-io-protocol/ */
#ifndef EARSHOT_BENCH_ENGINEIO_H
#define EARSHOT_BENCH_ENGINEIO_H

#include "base/bytes.h"
#include "client/json_member.h"

#include <stdbool.h>

enum engineio_kind {
    ENGINEIO_OPEN, /* body: the handshake's JSON */
    ENGINEIO_CLOSE,
    ENGINEIO_PING, /* body goes back with the pong */
    ENGINEIO_PONG,
    ENGINEIO_IDLE,         /* an upgrade, or nothing */
    ENGINEIO_CONNECTED,    /* body: JSON, or empty */
    ENGINEIO_DISCONNECTED, /* from the namespace */
    ENGINEIO_EVENT,        /* body: the array; `event` is its first string */
    ENGINEIO_ACK,          /* body: the array */
    ENGINEIO_REFUSED,      /* body: JSON that says why */
    ENGINEIO_WRONG,        /* it is no packet */
};

struct engineio_packet {
    enum engineio_kind kind;
    struct json_text name_space; /* "/admin"; empty: the main one */
    struct json_text event;
    struct json_text body; /* as it came */
    bool has_ack;
    uint64_t ack;
    unsigned attachments; /* so many binary frames follow and belong to it */
};

/* Reads the LEN bytes of a text frame; the packet points into them. */
void engineio_read(const char *frame, size_t len,
                   struct engineio_packet *packet);

/* Appends the answer to a ping. */
void engineio_append_pong(struct bytes *bytes,
                          const struct engineio_packet *ping);

#endif

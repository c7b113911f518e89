/* How a message looks on the wire: JSON (RFC 8259), Server-Sent Events (WHATWG
 * HTML 9.2.6) and WebSocket frames (RFC 6455, section 5.2). Pure functions from
 * a row to bytes. */
#ifndef EARSHOT_HUB_ENCODE_H
#define EARSHOT_HUB_ENCODE_H

#include "hub/message.h"

/* Appends the row under the id CURSOR in ENCODING. */
void encode_message(struct bytes *bytes, const struct queue_row *row,
                    const char *cursor, enum encoding encoding);

/* Appends one event of Earshot's own, `earshot.open` or `earshot.lost`, that
 * carries CURSOR as its id and as its data. */
void encode_sse_notice(struct bytes *bytes, const char *event,
                       const char *cursor);

/* The kinds of frames (RFC 6455, section 11.8). */
enum frame_opcode {
    FRAME_TEXT = 0x1,
    FRAME_BINARY = 0x2,
    FRAME_CLOSE = 0x8,
    FRAME_PING = 0x9,
    FRAME_PONG = 0xa,
};

/* Appends one whole message as a server sends it, which is unmasked: so all who
 * get the same get the same bytes. Above 65,535 bytes it is in fragments (RFC
 * 6455, section 5.4). */
void encode_frame(struct bytes *bytes, enum frame_opcode opcode,
                  const void *data, size_t len);

#endif

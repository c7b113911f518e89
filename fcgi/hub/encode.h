/* How a message looks on the wire: JSON (RFC 8259) and Server-Sent Events
 * (WHATWG HTML 9.2.6). Pure functions from a row to bytes. */
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

#endif

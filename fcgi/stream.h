/* What event streams have in common, whatever flows in them: their head, their
 * end, their refusal (WHATWG HTML 9.2). */
#ifndef EARSHOT_STREAM_H
#define EARSHOT_STREAM_H

#include <stdbool.h>
#include <stdint.h>

struct bytes;
struct connection;

/* Appends the header block of a stream, whole. */
void stream_append_head(struct bytes *bytes,
                        const struct connection *connection);

/* Appends when to come back. */
void stream_append_retry(struct bytes *bytes,
                         const struct connection *connection);

/* Adds BYTES, which are left empty, to what the next flush writes. */
void stream_add(struct connection *connection, struct bytes *bytes);

/* A refusal that a browser understands: anything but 200 and it gives up for
 * good, so the stream ends at once, says WHY in a comment and when to come
 * again. To HEAD only the head. */
void stream_refuse(struct connection *connection, const char *why);

/* The same when the program stops or holds as many as it may, or to HEAD.
 * False: it has been answered. */
__attribute__((warn_unused_result)) bool
stream_may_begin(struct connection *connection, bool is_head);

/* Ends the stream, with a word on when to come back if there is room for it:
 * where the socket takes nothing, the opening's has to do. */
void stream_end(struct connection *connection);

/* True when the reader has taken nothing for as long as one may. */
bool stream_is_stalled(const struct connection *connection, int64_t now_us);

/* When the life of a stream that begins now is over; monotonic. */
int64_t stream_ends_us(const struct connection *connection);

#endif

/* Server-Sent Events, taken apart (HTML, section 9.2.6): bytes in pieces of any
 * size become events. It knows no transfer and no token.
 *
 * An event whose `data:` is one line and that lies whole in one piece is given
 * as it lies there; only what is cut, or is joined of several lines, is copied.
 * Bytes stay bytes: that they are UTF-8 is not checked. */
#ifndef EARSHOT_CLIENT_SSE_PARSER_H
#define EARSHOT_CLIENT_SSE_PARSER_H

#include "base/bytes.h"

#include <stdbool.h>

/* What one event may weigh, with all that came before its empty line. */
enum { SSE_EVENT_MAX = 16 * 1024 * 1024 };

enum sse_found {
    SSE_NOTHING, /* all that was fed is taken */
    SSE_EVENT,
    SSE_TOO_BIG, /* above SSE_EVENT_MAX; nothing can be read any more */
};

struct sse_slice {
    const char *data; /* no NUL follows */
    size_t len;
};

struct sse_event {
    struct sse_slice id;    /* when has_id; empty means: forget the last one */
    struct sse_slice event; /* empty stands for "message" */
    struct sse_slice data;
    bool has_id;   /* an id of its own, not that of an earlier event */
    bool has_data; /* false: a client dispatches nothing, but the id counts */
};

/* Zeroed is new. */
struct sse_parser {
    int64_t retry_ms; /* of the last good `retry:`, when has_retry */
    bool has_retry;
    /* The rest is the module's own. */
    const char *input;
    size_t input_len;
    struct sse_event event; /* what its lines so far have said … */
    struct bytes id_kept;   /* … and what of it lies here, for the piece that
                               it came in is gone */
    struct bytes event_kept;
    struct bytes data_kept;
    struct bytes line; /* one that is cut */
    uint8_t bom_len;   /* of a byte order mark at the beginning, so far */
    bool has_begun;    /* past where a byte order mark may stand */
    bool after_cr;     /* a LF that comes next belongs to the last line's end */
    bool is_line_given; /* `line` is over, and the event may refer to it */
    bool is_event_given;
    bool is_too_big;
};

void sse_parser_fini(struct sse_parser *parser);

/* Gives it LEN bytes, to which it refers until sse_parser_next() has answered
 * something else than SSE_EVENT. */
void sse_parser_feed(struct sse_parser *parser, const char *data, size_t len);

/* The next event of what was fed. EVENT's slices are good until the next call.
 * A block with neither data nor id is passed over. */
__attribute__((warn_unused_result)) enum sse_found
sse_parser_next(struct sse_parser *parser, struct sse_event *event);

/* Forgets what was cut: a new connection begins. */
void sse_parser_reset(struct sse_parser *parser);

#endif

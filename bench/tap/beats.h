/* Takes heartbeats out of what a server sends: comments out of an event stream
 * (HTML 9.2.6), pings out of WebSocket frames (RFC 6455, 5.5.2). Bytes come in
 * pieces of any size; nothing but the head of a frame is held back. */
#ifndef EARSHOT_TAP_BEATS_H
#define EARSHOT_TAP_BEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes;

struct comments {
    enum { LINE_BEGINS, LINE_PASSES, LINE_IS_COMMENT } state;
    bool is_after_cr; /* a LF now belongs to the line before */
    bool drops_lf;    /* ... and goes where that went */
    bool is_in_event; /* a line of an event has passed */
    bool was_comment; /* the line before was one */
};

/* Appends to OUT what is no comment. The empty line behind a comment goes with
 * it, unless it ends an event. */
void comments_drop(struct comments *comments, const char *data, size_t len,
                   struct bytes *out);

struct pings {
    unsigned char head[14];
    size_t have;   /* bytes of the frame's head */
    uint64_t left; /* bytes of the frame's payload */
    bool is_ping;
};

/* Appends to OUT what is no ping. */
void pings_drop(struct pings *pings, const char *data, size_t len,
                struct bytes *out);

#endif

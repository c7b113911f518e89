/* What a request asks of the tap: /~TAG;MODE;MODE… before its path, which is
 * taken off before the request is passed on. */
#ifndef EARSHOT_TAP_MODES_H
#define EARSHOT_TAP_MODES_H

#include "head.h"
#include "tag.h"

struct bytes;

struct modes {
    int64_t slow;    /* bytes a second downwards; 0: as fast as it goes */
    int64_t idle_us; /* silence after which the connection is cut; 0: none */
    bool buffers;    /* hold the answer back, as a buffering proxy does */
    bool no_origin;  /* take Origin and Sec-Fetch-* off */
    bool no_beat;    /* take SSE comments and WebSocket pings out */
    bool no_cursor;  /* take after= and Last-Event-ID off */
};

/* One request and its answer. */
struct exchange {
    char tag[TAG_SIZE]; /* empty: the path had no prefix */
    struct modes modes;
    bool is_head;       /* its answer has no body */
    bool wants_upgrade; /* what follows may not be HTTP */
};

/* Reads the prefix of TARGET into the tag and modes of EXCHANGE, and what is
 * behind it into *REST; all of TARGET when it has none. Returns NULL, or a
 * sentence that says what is wrong. */
__attribute__((warn_unused_result)) const char *
modes_read(struct span target, struct exchange *exchange, struct span *rest);

/* Appends the request's HEAD to OUT as it is to be passed on: with TARGET for
 * its own, and without what the modes take off. */
void modes_rewrite(struct bytes *out, struct span head,
                   const struct request_line *line, struct span target,
                   const struct modes *modes);

#endif

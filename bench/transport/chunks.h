/* The chunked transfer coding (RFC 9112, section 7.1), undone: bytes in pieces
 * of any size become slices of the body, which lie where they lay. Extensions
 * and trailers are passed over. */
#ifndef EARSHOT_BENCH_CHUNKS_H
#define EARSHOT_BENCH_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum chunks_state {
    CHUNKS_SIZE, /* zero: a new body begins */
    CHUNKS_EXTENSION,
    CHUNKS_DATA,
    CHUNKS_DATA_END, /* CRLF behind a chunk's data */
    CHUNKS_TRAILER,
    CHUNKS_OVER,  /* the body is whole */
    CHUNKS_WRONG, /* what came is no chunk */
};

/* Zeroed is new. */
struct chunks {
    enum chunks_state state;
    uint64_t left; /* of this chunk's data, or of its size as far as read */
    int digits;
    size_t line; /* bytes of this trailer's line */
};

/* The next slice of body among the LEN bytes at DATA; both are moved on past
 * it. False when there is none (any more): all is taken, unless `state` says
 * CHUNKS_OVER or CHUNKS_WRONG. */
bool chunks_next(struct chunks *chunks, const char **data, size_t *len,
                 const char **slice, size_t *slice_len);

#endif

/* Where the body of an HTTP/1 message ends: after so many bytes, with the
 * last chunk, or never before the connection does. */
#ifndef EARSHOT_TAP_BODY_H
#define EARSHOT_TAP_BODY_H

#include "head.h"

struct bytes;

struct body {
    enum framing_kind kind;
    /* chunked (RFC 9112, 7.1) */
    enum {
        CHUNK_SIZE,
        CHUNK_EXTENSION,
        CHUNK_DATA,
        CHUNK_DATA_END,
        CHUNK_TRAILER, /* at the beginning of a line */
        CHUNK_TRAILER_LINE,
        CHUNK_OVER,
    } state;
    uint64_t left; /* of the length, or of this chunk */
    int digits;
    bool is_broken; /* the chunks are none */
};

void body_begin(struct body *body, struct framing framing);

/* Takes of LEN bytes those that belong to the body, and returns how many; those
 * before the first that is wrong, when it is broken. Unless PAYLOAD is NULL
 * what they carry, without the frame of chunks, is appended to it. */
size_t body_take(struct body *body, const char *data, size_t len,
                 struct bytes *payload);

bool body_is_over(const struct body *body);

#endif

/* Makes FastCGI records as a web server would, for tests of what reads them. */
#ifndef EARSHOT_TESTS_RECORDS_OUT_H
#define EARSHOT_TESTS_RECORDS_OUT_H

#include "base/bytes.h"

#include <stdint.h>
#include <string.h>

static inline void
add_record_padded(struct bytes *out, unsigned type, unsigned id,
                  const void *content, size_t len, unsigned padding)
{
    const unsigned char header[8] = {1,
                                     (unsigned char)type,
                                     (unsigned char)(id >> 8),
                                     (unsigned char)id,
                                     (unsigned char)(len >> 8),
                                     (unsigned char)len,
                                     (unsigned char)padding,
                                     0x5a};
    bytes_append(out, header, sizeof header);
    bytes_append(out, content, len);
    for (unsigned i = 0; i < padding; i++)
        bytes_append_char(out, '#');
}

static inline void
add_record(struct bytes *out, unsigned type, unsigned id, const void *content,
           size_t len)
{
    add_record_padded(out, type, id, content, len, 0);
}

static inline void
add_begin(struct bytes *out, unsigned id, unsigned role, unsigned flags)
{
    const unsigned char body[8] = {(unsigned char)(role >> 8),
                                   (unsigned char)role, (unsigned char)flags};
    add_record(out, 1, id, body, sizeof body);
}

/* BEGIN, PARAMS with one pair, its end, STDIN with BODY (when there is one),
 * its end. */
static inline void
add_request(struct bytes *out, unsigned id, unsigned flags, const char *body)
{
    add_begin(out, id, 1, flags);
    add_record(out, 4, id,
               "\x01\x01"
               "Ax",
               4);
    add_record(out, 4, id, NULL, 0);
    if (body[0])
        add_record(out, 5, id, body, strlen(body));
    add_record(out, 5, id, NULL, 0);
}

#endif

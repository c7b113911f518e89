/* Frames as a client sends them, for tests: anything that a header can say. */
#ifndef EARSHOT_TESTS_FRAME_IN_H
#define EARSHOT_TESTS_FRAME_IN_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum { FRAME_FIN = 0x80 };

/* Appends a frame whose first byte is FIRST (fin, reserved bits, opcode), in
 * the shortest length, masked with KEY; KEY NULL: not masked. */
static inline void
frame_in(struct bytes *bytes, unsigned first, const void *data, size_t len,
         const char *key)
{
    unsigned masked = key ? 0x80 : 0;
    int length_bytes = len > 0xffff ? 8 : len > 125 ? 2 : 0;
    bytes_append_char(bytes, (char)first);
    bytes_append_char(bytes, (char)(masked | (length_bytes == 8   ? 127
                                              : length_bytes == 2 ? 126
                                                                  : len)));
    for (int i = length_bytes; i-- > 0;)
        bytes_append_char(bytes, (char)((uint64_t)len >> (8 * i)));
    if (key)
        bytes_append(bytes, key, 4);
    for (size_t i = 0; i < len; i++)
        bytes_append_char(
            bytes, (char)(((const char *)data)[i] ^ (key ? key[i % 4] : 0)));
}

#endif

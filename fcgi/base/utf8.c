#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

/* How many bytes the character at P takes, 0 when it is ill-formed
 * (RFC 3629, section 4, its table of byte sequences). */
static size_t
character_length(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;
    size_t len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (p[0] < 0xc2 || p[0] > 0xf4 || left < len)
        return 0;
    unsigned char low = 0x80, high = 0xbf; /* bounds of the second byte */
    if (p[0] == 0xe0)
        low = 0xa0;
    else if (p[0] == 0xed)
        high = 0x9f;
    else if (p[0] == 0xf0)
        low = 0x90;
    else if (p[0] == 0xf4)
        high = 0x8f;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

/* Most text is ASCII: eight bytes at a time until one is not. */
static size_t
ascii_prefix(const unsigned char *p, size_t len)
{
    size_t i = 0;
    for (; len - i >= 8; i += 8) {
        uint64_t word;
        memcpy(&word, p + i, 8);
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    return i;
}

bool
utf8_valid(const void *data, size_t len)
{
    const unsigned char *p = data;
    for (size_t i = 0; i < len;) {
        if (p[i] < 0x80) {
            size_t ascii = ascii_prefix(p + i, len - i);
            i += ascii ? ascii : 1;
            continue;
        }
        size_t step = character_length(p + i, len - i);
        if (!step)
            return false;
        i += step;
    }
    return true;
}

bool
utf8_printable(const void *data, size_t len)
{
    if (!utf8_valid(data, len))
        return false;
    const unsigned char *p = data;
    for (size_t i = 0; i < len; i++) {
        if (p[i] < 0x20 || p[i] == 0x7f)
            return false;
        if (p[i] == 0xc2 && p[i + 1] < 0xa0)
            return false;
    }
    return true;
}

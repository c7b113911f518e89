/* UTF-8 (RFC 3629): is it well-formed? */
#ifndef EARSHOT_BASE_UTF8_H
#define EARSHOT_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* True when the LEN bytes are well-formed UTF-8: no overlong forms, no
 * surrogates, nothing above U+10FFFF, nothing cut short. NUL is a character
 * like any other. */
bool utf8_valid(const void *data, size_t len);

/* True when well-formed and without control characters (U+0000 to U+001F,
 * U+007F to U+009F). */
bool utf8_printable(const void *data, size_t len);

#endif

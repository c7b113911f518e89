/* A growable run of bytes.
 *
 * The one buffer type of the program: what is read is gathered in it and what
 * is answered is written into it. It knows nothing of what the bytes mean.
 *
 * Appending ends the process when memory runs out, so callers cap whatever a
 * peer may choose the size of before they append. */
#ifndef EARSHOT_BASE_BYTES_H
#define EARSHOT_BASE_BYTES_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    char *data; /* NULL while empty and never used */
    size_t len;
    size_t cap;
};

#define BYTES_EMPTY ((struct bytes){0})

/* Frees the storage and leaves an empty run that may be used again. */
void bytes_fini(struct bytes *bytes);

/* Makes room for EXTRA more bytes and returns where they would begin. */
char *bytes_reserve(struct bytes *bytes, size_t extra);

void bytes_append(struct bytes *bytes, const void *data, size_t len);
void bytes_append_string(struct bytes *bytes, const char *string);
void bytes_append_char(struct bytes *bytes, char c);
void bytes_append_number(struct bytes *bytes, int64_t number);
__attribute__((format(printf, 2, 3))) void
bytes_printf(struct bytes *bytes, const char *format, ...);

/* Drops the first LEN bytes (LEN at most bytes->len). */
void bytes_consume(struct bytes *bytes, size_t len);

/* Appends LEN bytes as base64 (RFC 4648, section 4, with padding). */
void bytes_append_base64(struct bytes *bytes, const void *data, size_t len);

/* What the hexadecimal digit C is worth, in either case; -1: it is none. */
int hex_digit(char c);

/* malloc and friends that end the process when there is no memory: for small
 * structures of fixed size. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *pointer, size_t size);
char *xstrdup(const char *string);
char *xmemdup0(const void *data, size_t len); /* adds a NUL behind */

#endif

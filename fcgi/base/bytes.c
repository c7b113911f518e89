#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

enum { FIRST_CAP = 256 };

static void
die_without_memory(void)
{
    fputs("error memory out of memory\n", stderr);
    abort();
}

int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

void *
xmalloc(size_t size)
{
    void *pointer = malloc(size ? size : 1);
    if (!pointer)
        die_without_memory();
    return pointer;
}

void *
xcalloc(size_t count, size_t size)
{
    void *pointer = calloc(count ? count : 1, size ? size : 1);
    if (!pointer)
        die_without_memory();
    return pointer;
}

void *
xrealloc(void *old, size_t size)
{
    void *pointer = realloc(old, size ? size : 1);
    if (!pointer)
        die_without_memory();
    return pointer;
}

char *
xstrdup(const char *string)
{
    return xmemdup0(string, strlen(string));
}

char *
xmemdup0(const void *data, size_t len)
{
    char *copy = xmalloc(len + 1);
    if (len)
        memcpy(copy, data, len);
    copy[len] = '\0';
    return copy;
}

void
bytes_fini(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = BYTES_EMPTY;
}

char *
bytes_reserve(struct bytes *bytes, size_t extra)
{
    if (bytes->cap - bytes->len < extra) {
        size_t cap = bytes->cap ? bytes->cap : FIRST_CAP;
        while (cap - bytes->len < extra)
            cap *= 2;
        bytes->data = xrealloc(bytes->data, cap);
        bytes->cap = cap;
    }
    return bytes->data + bytes->len;
}

void
bytes_append(struct bytes *bytes, const void *data, size_t len)
{
    if (!len)
        return;
    memcpy(bytes_reserve(bytes, len), data, len);
    bytes->len += len;
}

void
bytes_append_string(struct bytes *bytes, const char *string)
{
    bytes_append(bytes, string, strlen(string));
}

void
bytes_append_char(struct bytes *bytes, char c)
{
    bytes_append(bytes, &c, 1);
}

void
bytes_append_number(struct bytes *bytes, int64_t number)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (number < 0)
        digits[--at] = '-';
    bytes_append(bytes, digits + at, sizeof digits - at);
}

void
bytes_printf(struct bytes *bytes, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    if (len > 0) {
        char *room = bytes_reserve(bytes, (size_t)len + 1);
        vsnprintf(room, (size_t)len + 1, format, again);
        bytes->len += (size_t)len;
    }
    va_end(again);
    va_end(args);
}

void
bytes_consume(struct bytes *bytes, size_t len)
{
    bytes->len -= len;
    if (bytes->len)
        memmove(bytes->data, bytes->data + len, bytes->len);
}

void
bytes_append_base64(struct bytes *bytes, const void *data, size_t len)
{
    char *room = bytes_reserve(bytes, (len + 2) / 3 * 4 + 1);
    int written = EVP_EncodeBlock((unsigned char *)room, data, (int)len);
    bytes->len += (size_t)written;
}

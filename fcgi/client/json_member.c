#include "client/json_member.h"

#include "base/bytes.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    SURROGATE_HIGH = 0xd800,
    SURROGATE_LOW = 0xdc00,
    SURROGATE_END = 0xe000
};

/* -- skipping ----------------------------------------------------------- */

static const char *
skip_blanks(const char *at, const char *end)
{
    while (at < end && memchr(" \t\r\n", *at, 4))
        at++;
    return at;
}

/* AT is behind the first quote; returns where the second one is, or NULL. */
static const char *
find_string_end(const char *at, const char *end, bool *has_escapes)
{
    *has_escapes = false;
    const char *quote = memchr(at, '"', (size_t)(end - at));
    while (quote) {
        const char *slash = memchr(at, '\\', (size_t)(quote - at));
        if (!slash)
            return quote;
        *has_escapes = true;
        at = slash + 2;
        if (at > quote)
            quote = memchr(at, '"', (size_t)(end - at));
    }
    return NULL;
}

/* Numbers and words: up to what must follow a value within something. */
static const char *
skip_plain(const char *at, const char *end)
{
    const char *from = at;
    while (at < end && !memchr(",:]}[{\" \t\r\n", *at, 11))
        at++;
    return at > from && at < end ? at : NULL;
}

/* Objects and arrays, by their brackets alone. */
static const char *
skip_nested(const char *at, const char *end)
{
    size_t depth = 0;
    bool has_escapes;
    for (; at < end; at++) {
        switch (*at) {
        case '{':
        case '[':
            depth++;
            break;
        case '}':
        case ']':
            if (--depth == 0)
                return at + 1;
            break;
        case '"':
            at = find_string_end(at + 1, end, &has_escapes);
            if (!at)
                return NULL;
            break;
        default:
            break;
        }
    }
    return NULL;
}

static const char *
skip_value(const char *at, const char *end, struct json_text *value)
{
    const char *after;
    *value = (struct json_text){.data = at};
    if (at == end)
        return NULL;
    if (*at == '"') {
        const char *quote = find_string_end(at + 1, end, &value->has_escapes);
        value->is_string = true;
        value->data = at + 1;
        value->len = quote ? (size_t)(quote - at - 1) : 0;
        return quote ? quote + 1 : NULL;
    }
    after =
        *at == '{' || *at == '[' ? skip_nested(at, end) : skip_plain(at, end);
    value->len = after ? (size_t)(after - at) : 0;
    return after;
}

bool
json_skip_value(const char **json, const char *end)
{
    struct json_text value;
    const char *after = skip_value(skip_blanks(*json, end), end, &value);
    if (after)
        *json = after;
    return after;
}

/* -- escapes ------------------------------------------------------------ */

/* The number of \uXXXX at AT, or -1. */
static int32_t
read_unit(const char *at, const char *end)
{
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    int32_t unit = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static size_t
write_utf8(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = len; i-- > 1; code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(leads[len] | code);
    return len;
}

/* One escape at *AT (a backslash), which is moved past it. */
static size_t
decode_escape(const char **at, const char *end, char *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    int32_t unit = read_unit(*at, end);
    if (unit >= 0) {
        int32_t low = read_unit(*at + 6, end);
        *at += 6;
        uint32_t code = (uint32_t)unit;
        if (unit >= SURROGATE_HIGH && unit < SURROGATE_END) {
            bool is_pair = unit < SURROGATE_LOW && low >= SURROGATE_LOW &&
                           low < SURROGATE_END;
            code = is_pair
                       ? 0x10000 + ((uint32_t)(unit - SURROGATE_HIGH) << 10) +
                             (uint32_t)(low - SURROGATE_LOW)
                       : 0xfffd;
            *at += is_pair ? 6 : 0;
        }
        return write_utf8(code, out);
    }
    const char *found =
        end - *at > 1 && (*at)[1] ? strchr(from, (*at)[1]) : NULL;
    out[0] = found ? to[found - from] : '\\';
    *at += found ? 2 : 1;
    return 1;
}

size_t
json_text_decode(const struct json_text *text, char *out)
{
    const char *at = text->data, *end = text->data + text->len;
    size_t len = 0;
    while (at < end) {
        if (*at == '\\')
            len += decode_escape(&at, end, out + len);
        else
            out[len++] = *at++;
    }
    return len;
}

/* -- members ------------------------------------------------------------ */

static bool
is_name(const struct json_text *text, const char *name, size_t name_len)
{
    if (!text->has_escapes)
        return text->len == name_len && memcmp(text->data, name, name_len) == 0;
    char *decoded = malloc(text->len);
    bool is_same = decoded && json_text_decode(text, decoded) == name_len &&
                   memcmp(decoded, name, name_len) == 0;
    free(decoded);
    return is_same;
}

static bool
find_name(const char *json, size_t len, const char *name, size_t name_len,
          struct json_text *value)
{
    const char *end = json + len, *at = skip_blanks(json, end);
    struct json_text key, found;
    if (at == end || *at != '{')
        return false;
    do {
        at = skip_blanks(at + 1, end);
        if (at == end || *at != '"' || !(at = skip_value(at, end, &key)))
            return false;
        at = skip_blanks(at, end);
        if (at == end || *at != ':')
            return false;
        at = skip_value(skip_blanks(at + 1, end), end, &found);
        if (!at)
            return false;
        if (is_name(&key, name, name_len)) {
            *value = found;
            return true;
        }
        at = skip_blanks(at, end);
    } while (at < end && *at == ',');
    return false;
}

bool
json_member_find(const char *json, size_t len, const char *name,
                 struct json_text *value)
{
    return find_name(json, len, name, strlen(name), value);
}

bool
json_member_any(const char *json, size_t len, const char *names,
                struct json_text *value)
{
    for (;; names++) {
        size_t name_len = strcspn(names, ",");
        if (find_name(json, len, names, name_len, value))
            return true;
        names += name_len;
        if (!*names)
            return false;
    }
}

#include "modes.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { RATE_MAX = 1000000000, IDLE_MAX_S = 3600 };

struct mode {
    const char *name;
    const char *takes; /* the value it must have, "number" or NULL: none */
    const char *problem;
};

enum mode_name {
    MODE_SLOW,
    MODE_BUFFER,
    MODE_ORIGIN,
    MODE_NOBEAT,
    MODE_IDLE,
    MODE_NOCURSOR,
};

static const struct mode table[] = {
    [MODE_SLOW] = {"slow", "number",
                   "slow=N is bytes a second, from 1 to 1000000000"},
    [MODE_BUFFER] = {"buffer", NULL, "buffer stands alone"},
    [MODE_ORIGIN] = {"origin", "none", "origin can only be none"},
    [MODE_NOBEAT] = {"nobeat", NULL, "nobeat stands alone"},
    [MODE_IDLE] = {"idle", "number", "idle=S is seconds, from 0.1 to 3600"},
    [MODE_NOCURSOR] = {"nocursor", NULL, "nocursor stands alone"},
};

/* A decimal number, whole. */
static bool
read_number(struct span text, double low, double high, double *number)
{
    char copy[24], *end;
    if (!text.len || text.len >= sizeof copy)
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    if (strspn(copy, "0123456789.") != text.len)
        return false;
    *number = strtod(copy, &end);
    return !*end && *number >= low && *number <= high;
}

static bool
set(struct modes *modes, enum mode_name mode, struct span value)
{
    double number = 0;
    switch (mode) {
    case MODE_SLOW:
        if (!read_number(value, 1, RATE_MAX, &number))
            return false;
        modes->slow = (int64_t)number;
        break;
    case MODE_IDLE:
        if (!read_number(value, 0.1, IDLE_MAX_S, &number))
            return false;
        modes->idle_us = (int64_t)(number * 1e6);
        break;
    case MODE_BUFFER:
        modes->buffers = true;
        break;
    case MODE_ORIGIN:
        modes->no_origin = true;
        break;
    case MODE_NOBEAT:
        modes->no_beat = true;
        break;
    case MODE_NOCURSOR:
        modes->no_cursor = true;
        break;
    }
    return true;
}

/* Reads NAME or NAME=VALUE. */
static const char *
read_mode(struct modes *modes, struct span text)
{
    const char *equals = memchr(text.data, '=', text.len);
    struct span name = {text.data,
                        equals ? (size_t)(equals - text.data) : text.len};
    struct span value = {text.data + name.len, 0};
    if (equals)
        value = (struct span){equals + 1, text.len - name.len - 1};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *takes = table[i].takes;
        if (!span_is(name, table[i].name))
            continue;
        bool fits = !takes                         ? !equals
                    : strcmp(takes, "number") == 0 ? equals != NULL
                                                   : span_is(value, takes);
        return fits && set(modes, (enum mode_name)i, value) ? NULL
                                                            : table[i].problem;
    }
    return "after the tag's ; comes slow=N, buffer, origin=none, nobeat, "
           "idle=S or nocursor";
}

const char *
modes_read(struct span target, struct exchange *exchange, struct span *rest)
{
    *rest = target;
    if (target.len < 2 || memcmp(target.data, "/~", 2) != 0)
        return NULL;
    size_t at = 2;
    size_t len = tag_span(target.data + at, target.len - at);
    if (!len || len > TAG_MAX)
        return "a tag is 1 to 48 of A-Z a-z 0-9 _ -: "
               "/~my-tag/the/path/to/relay";
    memcpy(exchange->tag, target.data + at, len);
    at += len;
    while (at < target.len && target.data[at] == ';') {
        at++;
        size_t mode_len = 0;
        while (at + mode_len < target.len &&
               !strchr(";/?", target.data[at + mode_len]))
            mode_len++;
        struct span mode = {target.data + at, mode_len};
        const char *problem = read_mode(&exchange->modes, mode);
        if (problem)
            return problem;
        at += mode_len;
    }
    if (at < target.len && !strchr("/?", target.data[at]))
        return "a tag is letters, digits, _ and -; a slash or a ; ends it";
    *rest = (struct span){target.data + at, target.len - at};
    return NULL;
}

/* Appends the target's query without after=. */
static void
append_without_after(struct bytes *out, struct span target)
{
    const char *query = memchr(target.data, '?', target.len);
    if (!query) {
        bytes_append(out, target.data, target.len);
        return;
    }
    const char *end = target.data + target.len;
    bytes_append(out, target.data, (size_t)(query - target.data));
    char before = '?';
    for (const char *at = query + 1; at <= end;) {
        const char *amp = memchr(at, '&', (size_t)(end - at));
        size_t len = (size_t)((amp ? amp : end) - at);
        bool is_after = (len >= 6 && memcmp(at, "after=", 6) == 0) ||
                        (len == 5 && memcmp(at, "after", 5) == 0);
        if (!is_after) {
            bytes_append_char(out, before);
            bytes_append(out, at, len);
            before = '&';
        }
        at += len + 1;
    }
}

static bool
is_taken_off(const struct field *field, const struct modes *modes)
{
    static const char fetch[] = "Sec-Fetch-";
    if (modes->no_cursor && span_is(field->name, "Last-Event-ID"))
        return true;
    if (!modes->no_origin)
        return false;
    return span_is(field->name, "Origin") ||
           (field->name.len >= sizeof fetch - 1 &&
            strncasecmp(field->name.data, fetch, sizeof fetch - 1) == 0);
}

void
modes_rewrite(struct bytes *out, struct span head,
              const struct request_line *line, struct span target,
              const struct modes *modes)
{
    bytes_append(out, line->method.data, line->method.len);
    bytes_append_char(out, ' ');
    if (!target.len || target.data[0] == '?') /* /~tag, /~tag?query */
        bytes_append_char(out, '/');
    if (modes->no_cursor)
        append_without_after(out, target);
    else
        bytes_append(out, target.data, target.len);
    bytes_append(out, line->rest.data, line->rest.len);
    struct field field;
    size_t at = 0;
    while (head_next_field(head.data, head.len, &at, &field))
        if (!is_taken_off(&field, modes))
            bytes_append(out, field.whole.data, field.whole.len);
    bytes_append(out, head.data + at, head.len - at); /* the empty line */
}

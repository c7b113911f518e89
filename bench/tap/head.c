#include "head.h"

#include <string.h>
#include <strings.h>

size_t
head_end(const char *data, size_t len, size_t from)
{
    /* The empty line may begin before what is new: \n\r\n. */
    for (size_t i = from > 3 ? from - 3 : 0; i < len; i++) {
        if (data[i] != '\n')
            continue;
        if (i + 1 < len && data[i + 1] == '\n')
            return i + 2;
        if (i + 2 < len && data[i + 1] == '\r' && data[i + 2] == '\n')
            return i + 3;
    }
    return 0;
}

/* The length of the line at TEXT without its end. */
static size_t
line_length(const char *text, size_t len, size_t *with_end)
{
    const char *end = memchr(text, '\n', len);
    size_t line = end ? (size_t)(end - text) : len;
    *with_end = end ? line + 1 : line;
    return line && text[line - 1] == '\r' ? line - 1 : line;
}

static size_t
visible(const char *text, size_t len)
{
    size_t count = 0;
    while (count < len && (unsigned char)text[count] > ' ' &&
           text[count] != 0x7f)
        count++;
    return count;
}

static bool
is_version(const char *text, size_t len)
{
    return len == 8 && memcmp(text, "HTTP/1.", 7) == 0 &&
           (text[7] == '0' || text[7] == '1');
}

bool
head_request_line(const char *head, size_t len, struct request_line *line)
{
    size_t whole;
    size_t line_len = line_length(head, len, &whole);
    size_t method = visible(head, line_len);
    if (!method || method > 32 || method == line_len)
        return false;
    const char *target = head + method + 1;
    size_t target_len = visible(target, line_len - method - 1);
    size_t before = method + 1 + target_len;
    if (!target_len || before == line_len || head[before] != ' ' ||
        !is_version(head + before + 1, line_len - before - 1))
        return false;
    *line = (struct request_line){.method = {head, method},
                                  .target = {target, target_len},
                                  .rest = {head + before, whole - before}};
    return head[method] == ' ';
}

bool
head_status(const char *head, size_t len, int *status)
{
    if (len < 13 || !is_version(head, 8) || head[8] != ' ')
        return false;
    int number = 0;
    for (int i = 9; i < 12; i++) {
        if (head[i] < '0' || head[i] > '9')
            return false;
        number = number * 10 + head[i] - '0';
    }
    if (number < 100 ||
        (head[12] != ' ' && head[12] != '\r' && head[12] != '\n'))
        return false;
    *status = number;
    return true;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct span
trimmed(const char *data, size_t len)
{
    while (len && is_blank(*data)) {
        data++;
        len--;
    }
    while (len && is_blank(data[len - 1]))
        len--;
    return (struct span){data, len};
}

bool
head_next_field(const char *head, size_t len, size_t *at, struct field *field)
{
    size_t whole;
    if (!*at) { /* the first line is none */
        line_length(head, len, &whole);
        *at = whole;
    }
    const char *line = head + *at;
    size_t line_len = line_length(line, len - *at, &whole);
    if (!line_len)
        return false;
    const char *colon = memchr(line, ':', line_len);
    size_t name = colon ? (size_t)(colon - line) : 0;
    size_t skip = colon ? name + 1 : 0;
    field->name = (struct span){line, name};
    field->value = trimmed(line + skip, line_len - skip);
    while (*at + whole < len && is_blank(line[whole])) {
        size_t more;
        line_length(line + whole, len - *at - whole, &more);
        whole += more;
    }
    field->whole = (struct span){line, whole};
    *at += whole;
    return true;
}

bool
span_is(struct span span, const char *text)
{
    return span.len == strlen(text) &&
           strncasecmp(span.data, text, span.len) == 0;
}

bool
span_lists(struct span span, const char *word)
{
    while (span.len) {
        const char *comma = memchr(span.data, ',', span.len);
        size_t len = comma ? (size_t)(comma - span.data) : span.len;
        if (span_is(trimmed(span.data, len), word))
            return true;
        size_t step = comma ? len + 1 : len;
        span = (struct span){span.data + step, span.len - step};
    }
    return false;
}

static bool
read_length(struct span text, uint64_t *length)
{
    uint64_t number = 0;
    if (!text.len || text.len > 15)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        number = number * 10 + (uint64_t)(text.data[i] - '0');
    }
    *length = number;
    return true;
}

bool
head_framing(const char *head, size_t len, struct framing *framing)
{
    struct framing found = {.kind = FRAMING_UNTIL_END};
    struct field field;
    for (size_t at = 0; head_next_field(head, len, &at, &field);) {
        if (span_is(field.name, "Content-Length")) {
            uint64_t length;
            if (!read_length(field.value, &length) ||
                found.kind == FRAMING_CHUNKED ||
                (found.kind == FRAMING_LENGTH && found.length != length))
                return false;
            found = (struct framing){FRAMING_LENGTH, length};
        }
        if (span_is(field.name, "Transfer-Encoding")) {
            if (found.kind != FRAMING_UNTIL_END ||
                !span_is(field.value, "chunked"))
                return false;
            found.kind = FRAMING_CHUNKED;
        }
    }
    *framing = found;
    return true;
}

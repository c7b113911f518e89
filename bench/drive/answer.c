#include "drive/answer.h"

#include <string.h>
#include <strings.h>

struct line {
    const char *data;
    size_t len;
};

/* Whether LINE is the header NAME, and then what it says, without blanks. */
static bool
is_header(struct line line, const char *name, struct line *value)
{
    size_t len = strlen(name);
    if (line.len <= len || line.data[len] != ':' ||
        strncasecmp(line.data, name, len) != 0)
        return false;
    value->data = line.data + len + 1;
    value->len = line.len - len - 1;
    while (value->len && strchr(" \t", *value->data)) {
        value->data++;
        value->len--;
    }
    while (value->len && strchr(" \t\r", value->data[value->len - 1]))
        value->len--;
    return true;
}

static bool
ends_with(struct line line, const char *word)
{
    size_t len = strlen(word);
    return line.len >= len &&
           strncasecmp(line.data + line.len - len, word, len) == 0;
}

static bool
read_number(struct line line, uint64_t *number)
{
    if (line.len == 0 || line.len > 18)
        return false;
    *number = 0;
    for (size_t i = 0; i < line.len; i++) {
        if (line.data[i] < '0' || line.data[i] > '9')
            return false;
        *number = *number * 10 + (unsigned)(line.data[i] - '0');
    }
    return true;
}

/* "HTTP/1.1 201 Created" (RFC 9112, section 4). */
static bool
take_status(struct answer *answer, struct line line)
{
    uint64_t status = 0;
    if (line.len < 12 || memcmp(line.data, "HTTP/1.", 7) != 0 ||
        !read_number((struct line){line.data + 9, 3}, &status))
        return false;
    answer->status = (int)status;
    answer->closes = line.data[7] == '0';
    answer->body =
        status == 204 || status == 304 ? ANSWER_COUNTED : ANSWER_TO_THE_END;
    answer->left = 0;
    return true;
}

static bool
take_header(struct answer *answer, struct line line)
{
    struct line value;
    if (is_header(line, "Content-Length", &value)) {
        if (answer->body != ANSWER_TO_THE_END)
            return true;
        answer->body = ANSWER_COUNTED;
        return read_number(value, &answer->left);
    }
    if (is_header(line, "Transfer-Encoding", &value)) {
        if (ends_with(value, "chunked"))
            answer->body = ANSWER_CHUNKED;
    } else if (is_header(line, "Connection", &value)) {
        if (ends_with(value, "close"))
            answer->closes = true;
        else if (ends_with(value, "keep-alive"))
            answer->closes = false;
    }
    return true;
}

/* The next line of a head of LEN bytes at *DATA, which has an end. */
static struct line
next_line(const char **data, size_t *len)
{
    const char *end = memchr(*data, '\n', *len);
    struct line line = {*data, (size_t)(end - *data)};
    *data = end + 1;
    *len -= line.len + 1;
    if (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    return line;
}

/* A whole head; an interim response (1xx) is followed by another one. */
static bool
read_head(struct answer *answer, const char *data, size_t len)
{
    const char *head = data;
    size_t head_len = len;
    if (!take_status(answer, next_line(&data, &len)))
        return false;
    while (len)
        if (!take_header(answer, next_line(&data, &len)))
            return false;
    if (answer->status < 200)
        answer->body = ANSWER_HEAD;
    else if (answer->on_head)
        answer->on_head(answer->context, head, head_len);
    return true;
}

bool
answer_header(const char *head, size_t len, const char *name,
              const char **value, size_t *value_len)
{
    struct line found;
    while (len)
        if (is_header(next_line(&head, &len), name, &found)) {
            *value = found.data;
            *value_len = found.len;
            return true;
        }
    return false;
}

/* How many bytes of the LEN at DATA are a head, or 0. */
static size_t
head_of(const char *data, size_t len)
{
    const char *end = memmem(data, len, "\r\n\r\n", 4);
    return end ? (size_t)(end - data) + 4 : 0;
}

static void
give(const struct answer *answer, const char *data, size_t len)
{
    if (answer->on_body && len)
        answer->on_body(answer->context, data, len);
}

static enum answer_found
take_counted(struct answer *answer, const char *data, size_t len)
{
    if (len > answer->left)
        len = (size_t)answer->left;
    answer->left -= len;
    give(answer, data, len);
    return answer->left ? ANSWER_MORE : ANSWER_WHOLE;
}

static enum answer_found
take_body(struct answer *answer, const char *data, size_t len)
{
    const char *slice;
    size_t slice_len;
    switch (answer->body) {
    case ANSWER_COUNTED:
        return take_counted(answer, data, len);
    case ANSWER_CHUNKED:
        while (chunks_next(&answer->chunks, &data, &len, &slice, &slice_len))
            give(answer, slice, slice_len);
        if (answer->chunks.state == CHUNKS_WRONG)
            return ANSWER_WRONG;
        return answer->chunks.state == CHUNKS_OVER ? ANSWER_WHOLE : ANSWER_MORE;
    case ANSWER_TO_THE_END:
        answer->closes = true;
        give(answer, data, len);
        return ANSWER_MORE;
    case ANSWER_HEAD:
        break;
    }
    return answer_take(answer, data, len);
}

/* Most heads come whole, and are read where they lie. */
static enum answer_found
take_cut_head(struct answer *answer, const char *data, size_t len)
{
    struct bytes *head = &answer->head;
    if (head->len + len > ANSWER_HEAD_MAX)
        return ANSWER_WRONG;
    bytes_append(head, data, len);
    size_t head_len = head_of(head->data, head->len);
    if (!head_len)
        return ANSWER_MORE;
    if (!read_head(answer, head->data, head_len))
        return ANSWER_WRONG;
    struct bytes rest = *head;
    *head = BYTES_EMPTY;
    enum answer_found found =
        take_body(answer, rest.data + head_len, rest.len - head_len);
    bytes_fini(&rest);
    return found;
}

enum answer_found
answer_take(struct answer *answer, const char *data, size_t len)
{
    if (answer->body != ANSWER_HEAD)
        return take_body(answer, data, len);
    if (len == 0)
        return ANSWER_MORE;
    size_t head_len = answer->head.len ? 0 : head_of(data, len);
    if (!head_len)
        return take_cut_head(answer, data, len);
    if (!read_head(answer, data, head_len))
        return ANSWER_WRONG;
    return take_body(answer, data + head_len, len - head_len);
}

bool
answer_ends_here(const struct answer *answer)
{
    return answer->body == ANSWER_TO_THE_END;
}

void
answer_reset(struct answer *answer)
{
    struct answer fresh = {.on_head = answer->on_head,
                           .on_body = answer->on_body,
                           .context = answer->context,
                           .head = answer->head};
    fresh.head.len = 0;
    *answer = fresh;
}

void
answer_fini(struct answer *answer)
{
    bytes_fini(&answer->head);
}

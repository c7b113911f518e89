#include "body.h"

#include "base/bytes.h"

void
body_begin(struct body *body, struct framing framing)
{
    *body = (struct body){
        .kind = framing.kind,
        .left = framing.kind == FRAMING_LENGTH ? framing.length : 0};
}

static void
size_is_read(struct body *body)
{
    if (!body->digits)
        body->is_broken = true;
    body->digits = 0;
    body->state = body->left ? CHUNK_DATA : CHUNK_TRAILER;
}

static void
take_size(struct body *body, char c)
{
    int value = hex_digit(c);
    if (value >= 0 && body->digits < 12) {
        body->left = body->left * 16 + (uint64_t)value;
        body->digits++;
    } else if (c == '\n') {
        size_is_read(body);
    } else if (body->digits && (c == ';' || c == '\r' || c == ' ')) {
        body->state = CHUNK_EXTENSION;
    } else {
        body->is_broken = true;
    }
}

/* One byte of what is round the data. */
static void
take_frame(struct body *body, char c)
{
    switch (body->state) {
    case CHUNK_SIZE:
        take_size(body, c);
        break;
    case CHUNK_EXTENSION:
        if (c == '\n')
            size_is_read(body);
        break;
    case CHUNK_DATA_END:
        if (c == '\n')
            body->state = CHUNK_SIZE;
        else if (c != '\r')
            body->is_broken = true;
        break;
    case CHUNK_TRAILER:
        if (c == '\n')
            body->state = CHUNK_OVER;
        else if (c != '\r')
            body->state = CHUNK_TRAILER_LINE;
        break;
    case CHUNK_TRAILER_LINE:
        if (c == '\n')
            body->state = CHUNK_TRAILER;
        break;
    case CHUNK_DATA:
    case CHUNK_OVER:
        break;
    }
}

/* As much of LEN bytes as is left of what has a length. */
static size_t
take_data(struct body *body, const char *data, size_t len,
          struct bytes *payload)
{
    size_t count = len < body->left ? len : (size_t)body->left;
    if (payload)
        bytes_append(payload, data, count);
    body->left -= count;
    return count;
}

static size_t
take_chunks(struct body *body, const char *data, size_t len,
            struct bytes *payload)
{
    size_t at = 0;
    while (at < len && body->state != CHUNK_OVER && !body->is_broken) {
        if (body->state != CHUNK_DATA) {
            take_frame(body, data[at]);
            at += !body->is_broken;
            continue;
        }
        at += take_data(body, data + at, len - at, payload);
        if (!body->left)
            body->state = CHUNK_DATA_END;
    }
    return at;
}

size_t
body_take(struct body *body, const char *data, size_t len,
          struct bytes *payload)
{
    switch (body->kind) {
    case FRAMING_NONE:
        return 0;
    case FRAMING_LENGTH:
        return take_data(body, data, len, payload);
    case FRAMING_CHUNKED:
        return take_chunks(body, data, len, payload);
    case FRAMING_UNTIL_END:
        if (payload)
            bytes_append(payload, data, len);
        return len;
    }
    return 0;
}

bool
body_is_over(const struct body *body)
{
    switch (body->kind) {
    case FRAMING_NONE:
        return true;
    case FRAMING_LENGTH:
        return !body->left;
    case FRAMING_CHUNKED:
        return body->state == CHUNK_OVER;
    case FRAMING_UNTIL_END:
        return false;
    }
    return true;
}

#include "chunks.h"

#include "base/bytes.h"

/* Sizes have at most so many digits: 2^60 bytes. */
enum { DIGITS_MAX = 15 };

static enum chunks_state
end_size(struct chunks *chunks)
{
    if (chunks->digits == 0)
        return CHUNKS_WRONG;
    chunks->digits = 0;
    chunks->line = 0;
    return chunks->left ? CHUNKS_DATA : CHUNKS_TRAILER;
}

static enum chunks_state
take_size(struct chunks *chunks, char c)
{
    int digit = hex_digit(c);
    if (digit < 0) {
        if (c == '\n')
            return end_size(chunks);
        return c == ';' || c == '\r' || c == ' ' || c == '\t' ? CHUNKS_EXTENSION
                                                              : CHUNKS_WRONG;
    }
    if (chunks->digits == 0)
        chunks->left = 0;
    if (++chunks->digits > DIGITS_MAX)
        return CHUNKS_WRONG;
    chunks->left = chunks->left << 4 | (unsigned)digit;
    return CHUNKS_SIZE;
}

/* An empty line ends it. */
static enum chunks_state
take_trailer(struct chunks *chunks, char c)
{
    if (c == '\n' && chunks->line == 0)
        return CHUNKS_OVER;
    if (c == '\n')
        chunks->line = 0;
    else if (c != '\r')
        chunks->line++;
    return CHUNKS_TRAILER;
}

static enum chunks_state
take_data_end(char c)
{
    if (c == '\r')
        return CHUNKS_DATA_END;
    return c == '\n' ? CHUNKS_SIZE : CHUNKS_WRONG;
}

static void
take(struct chunks *chunks, char c)
{
    switch (chunks->state) {
    case CHUNKS_SIZE:
        chunks->state = take_size(chunks, c);
        break;
    case CHUNKS_EXTENSION:
        if (c == '\n')
            chunks->state = end_size(chunks);
        break;
    case CHUNKS_DATA_END:
        chunks->state = take_data_end(c);
        break;
    case CHUNKS_TRAILER:
        chunks->state = take_trailer(chunks, c);
        break;
    case CHUNKS_DATA:
    case CHUNKS_OVER:
    case CHUNKS_WRONG:
        break;
    }
}

bool
chunks_next(struct chunks *chunks, const char **data, size_t *len,
            const char **slice, size_t *slice_len)
{
    while (*len && chunks->state != CHUNKS_DATA &&
           chunks->state != CHUNKS_OVER && chunks->state != CHUNKS_WRONG) {
        take(chunks, **data);
        ++*data;
        --*len;
    }
    if (*len == 0 || chunks->state != CHUNKS_DATA)
        return false;
    *slice = *data;
    *slice_len = *len < chunks->left ? *len : (size_t)chunks->left;
    *data += *slice_len;
    *len -= *slice_len;
    chunks->left -= *slice_len;
    if (chunks->left == 0)
        chunks->state = CHUNKS_DATA_END;
    return true;
}

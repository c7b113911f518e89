#include "beats.h"

#include "base/bytes.h"

enum { OPCODE_PING = 9 };

/* The end of a line that passes, or goes. */
static void
end_line(struct comments *comments, char c, bool drops, struct bytes *out)
{
    if (!drops)
        bytes_append_char(out, c);
    comments->state = LINE_BEGINS;
    comments->is_after_cr = c == '\r';
    comments->drops_lf = drops;
}

static void
begin_line(struct comments *comments, char c, struct bytes *out)
{
    if (c == ':') {
        comments->state = LINE_IS_COMMENT;
        return;
    }
    bool goes = comments->was_comment && !comments->is_in_event;
    comments->was_comment = false;
    if (c == '\n' || c == '\r') {
        end_line(comments, c, goes, out);
        comments->is_in_event = false;
        return;
    }
    bytes_append_char(out, c);
    comments->state = LINE_PASSES;
    comments->is_in_event = true;
}

static void
take_byte(struct comments *comments, char c, struct bytes *out)
{
    bool ends_line = c == '\n' || c == '\r';
    switch (comments->state) {
    case LINE_BEGINS:
        begin_line(comments, c, out);
        break;
    case LINE_PASSES:
        if (ends_line)
            end_line(comments, c, false, out);
        else
            bytes_append_char(out, c);
        break;
    case LINE_IS_COMMENT:
        if (ends_line) {
            end_line(comments, c, true, out);
            comments->was_comment = true;
        }
        break;
    }
}

void
comments_drop(struct comments *comments, const char *data, size_t len,
              struct bytes *out)
{
    for (size_t i = 0; i < len; i++) {
        bool is_lf_of_crlf = comments->is_after_cr && data[i] == '\n';
        comments->is_after_cr = false;
        if (!is_lf_of_crlf)
            take_byte(comments, data[i], out);
        else if (!comments->drops_lf)
            bytes_append_char(out, '\n');
    }
}

/* The size of the frame's head, as far as it is known. */
static size_t
head_size(const struct pings *pings)
{
    if (pings->have < 2)
        return 2;
    unsigned length = pings->head[1] & 0x7f;
    size_t size = length == 126 ? 4 : length == 127 ? 10 : 2;
    return size + (pings->head[1] & 0x80 ? 4 : 0);
}

static uint64_t
payload_size(const struct pings *pings)
{
    unsigned length = pings->head[1] & 0x7f;
    if (length < 126)
        return length;
    uint64_t size = 0;
    for (size_t i = 2; i < (length == 126 ? 4u : 10u); i++)
        size = size << 8 | pings->head[i];
    return size;
}

static void
take_head_byte(struct pings *pings, char c, struct bytes *out)
{
    pings->head[pings->have++] = (unsigned char)c;
    if (pings->have < head_size(pings))
        return;
    pings->is_ping = (pings->head[0] & 0x0f) == OPCODE_PING;
    pings->left = payload_size(pings);
    if (!pings->is_ping)
        bytes_append(out, pings->head, pings->have);
    pings->have = 0;
}

void
pings_drop(struct pings *pings, const char *data, size_t len, struct bytes *out)
{
    while (len) {
        if (!pings->left) {
            take_head_byte(pings, *data++, out);
            len--;
            continue;
        }
        size_t count = len < pings->left ? len : (size_t)pings->left;
        if (!pings->is_ping)
            bytes_append(out, data, count);
        pings->left -= count;
        data += count;
        len -= count;
    }
}

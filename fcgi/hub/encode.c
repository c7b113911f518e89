#include "hub/encode.h"

#include "base/bytes.h"
#include "base/json.h"

#include <string.h>

static void
append_name(struct bytes *bytes, const char *text)
{
    json_append_string(bytes, text, strlen(text));
}

static void
append_json(struct bytes *bytes, const struct queue_row *row,
            const char *cursor)
{
    bytes_reserve(bytes, row->size_bytes + 256);
    bytes_append_string(bytes, "{\"id\":\"");
    bytes_append_string(bytes, cursor);
    bytes_append_string(bytes, "\",\"channel\":");
    append_name(bytes, row->channel);
    bytes_append_string(bytes, ",\"event\":");
    append_name(bytes, row->event);
    bytes_append_string(bytes, ",\"data\":");
    if (row->type == QUEUE_BINARY) {
        bytes_append_char(bytes, '"');
        bytes_append_base64(bytes, row->data, row->size_bytes);
        bytes_append_char(bytes, '"');
    } else {
        json_append_string(bytes, row->data, row->size_bytes);
    }
    bytes_append_string(bytes, ",\"type\":\"");
    bytes_append_string(bytes, message_type_name(row->type));
    bytes_append_string(bytes, "\",\"time\":");
    bytes_append_number(bytes, row->time_ms);
    if (row->from) {
        bytes_append_string(bytes, ",\"from\":");
        append_name(bytes, row->from);
    }
    bytes_append_char(bytes, '}');
}

/* One `data:` line for each line of TEXT, which may end in CR, LF or CRLF: a
 * reader joins them with LF again (HTML 9.2.6). There is always one. */
static void
append_data_lines(struct bytes *bytes, const char *text, size_t len)
{
    size_t start = 0;
    for (size_t i = 0; i <= len; i++) {
        if (i < len && text[i] != '\n' && text[i] != '\r')
            continue;
        bytes_append_string(bytes, "data: ");
        bytes_append(bytes, text + start, i - start);
        bytes_append_char(bytes, '\n');
        if (i + 1 < len && text[i] == '\r' && text[i + 1] == '\n')
            i++;
        start = i + 1;
    }
}

/* The queue refuses control characters in the name of an event. Should a row
 * have one all the same (written past its guard), it begins no line here. */
static void
append_event_line(struct bytes *bytes, const char *event)
{
    bytes_append_string(bytes, "\nevent: ");
    for (; *event; event++)
        bytes_append_char(bytes, (unsigned char)*event < ' ' ? ' ' : *event);
}

static void
append_sse(struct bytes *bytes, const struct queue_row *row, const char *cursor,
           enum encoding encoding)
{
    bytes_reserve(bytes, row->size_bytes + 256);
    bytes_append_string(bytes, "id: ");
    bytes_append_string(bytes, cursor);
    if (strcmp(row->event, "message") != 0)
        append_event_line(bytes, row->event);
    bytes_append_char(bytes, '\n');
    if (encoding == ENCODING_SSE_JSON) {
        bytes_append_string(bytes, "data: ");
        append_json(bytes, row, cursor);
        bytes_append_char(bytes, '\n');
    } else if (row->type == QUEUE_BINARY) {
        bytes_append_string(bytes, "data: ");
        bytes_append_base64(bytes, row->data, row->size_bytes);
        bytes_append_char(bytes, '\n');
    } else {
        append_data_lines(bytes, row->data, row->size_bytes);
    }
    bytes_append_char(bytes, '\n');
}

/* The lengths of a frame need two bytes at most: no one has more. */
static void
append_frame(struct bytes *bytes, unsigned first, const char *data, size_t len)
{
    enum { LENGTH_16 = 126 };
    bytes_append_char(bytes, (char)first);
    if (len < LENGTH_16) {
        bytes_append_char(bytes, (char)len);
    } else {
        bytes_append_char(bytes, LENGTH_16);
        bytes_append_char(bytes, (char)(len >> 8));
        bytes_append_char(bytes, (char)(len & 0xff));
    }
    bytes_append(bytes, data, len);
}

void
encode_frame(struct bytes *bytes, enum frame_opcode opcode, const void *data,
             size_t len)
{
    enum { FIN = 0x80, CONTINUATION = 0, FRAGMENT_MAX = UINT16_MAX };
    const char *at = data;
    unsigned first = opcode;
    bytes_reserve(bytes, len + 4 * (len / FRAGMENT_MAX + 1));
    for (; len > FRAGMENT_MAX; at += FRAGMENT_MAX, len -= FRAGMENT_MAX) {
        append_frame(bytes, first, at, FRAGMENT_MAX);
        first = CONTINUATION;
    }
    append_frame(bytes, FIN | first, at, len);
}

static void
append_json_frame(struct bytes *bytes, const struct queue_row *row,
                  const char *cursor)
{
    struct bytes json = BYTES_EMPTY;
    append_json(&json, row, cursor);
    encode_frame(bytes, FRAME_TEXT, json.data, json.len);
    bytes_fini(&json);
}

void
encode_message(struct bytes *bytes, const struct queue_row *row,
               const char *cursor, enum encoding encoding)
{
    switch (encoding) {
    case ENCODING_JSON:
        append_json(bytes, row, cursor);
        return;
    case ENCODING_SSE_BARE:
    case ENCODING_SSE_JSON:
        append_sse(bytes, row, cursor, encoding);
        return;
    case ENCODING_WS_JSON:
        append_json_frame(bytes, row, cursor);
        return;
    case ENCODING_WS_RAW:
        encode_frame(bytes,
                     row->type == QUEUE_BINARY ? FRAME_BINARY : FRAME_TEXT,
                     row->data, row->size_bytes);
        return;
    case ENCODINGS:
        return;
    }
}

void
encode_sse_notice(struct bytes *bytes, const char *event, const char *cursor)
{
    bytes_printf(bytes, "id: %s\nevent: %s\ndata: {\"cursor\":\"%s\"}\n\n",
                 cursor, event, cursor);
}

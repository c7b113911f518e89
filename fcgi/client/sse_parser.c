#include "client/sse_parser.h"

#include <string.h>

enum { BOM_SIZE = 3, RETRY_DIGITS_MAX = 15 };

static const char bom[BOM_SIZE] = {'\xef', '\xbb', '\xbf'};

void
sse_parser_fini(struct sse_parser *parser)
{
    bytes_fini(&parser->id_kept);
    bytes_fini(&parser->event_kept);
    bytes_fini(&parser->data_kept);
    bytes_fini(&parser->line);
    *parser = (struct sse_parser){0};
}

void
sse_parser_reset(struct sse_parser *parser)
{
    parser->input_len = 0;
    parser->line.len = 0;
    parser->bom_len = 0;
    parser->has_begun = parser->after_cr = parser->is_line_given = false;
    parser->is_event_given = parser->is_too_big = false;
    parser->event = (struct sse_event){0};
}

/* -- what outlives the piece it came in --------------------------------- */

static void
keep(struct sse_slice *slice, struct bytes *kept)
{
    if (slice->len && slice->data == kept->data)
        return;
    kept->len = 0;
    if (slice->len)
        bytes_append(kept, slice->data, slice->len);
    slice->data = kept->data;
}

/* From here on the event refers neither to the input nor to `line`. */
static void
settle(struct sse_parser *parser)
{
    keep(&parser->event.id, &parser->id_kept);
    keep(&parser->event.event, &parser->event_kept);
    keep(&parser->event.data, &parser->data_kept);
    if (parser->is_line_given)
        parser->line.len = 0;
    parser->is_line_given = false;
}

/* -- lines -------------------------------------------------------------- */

static void
skip(struct sse_parser *parser, size_t len)
{
    parser->input += len;
    parser->input_len -= len;
}

/* A byte order mark at the very beginning is no part of the first line. */
static void
skip_bom(struct sse_parser *parser)
{
    while (parser->input_len && parser->bom_len < BOM_SIZE &&
           *parser->input == bom[parser->bom_len]) {
        parser->bom_len++;
        skip(parser, 1);
    }
    if (parser->bom_len < BOM_SIZE && !parser->input_len)
        return;
    parser->has_begun = true;
    if (parser->bom_len < BOM_SIZE)
        bytes_append(&parser->line, bom, parser->bom_len);
}

void
sse_parser_feed(struct sse_parser *parser, const char *data, size_t len)
{
    parser->input = data;
    parser->input_len = len;
    if (!parser->has_begun)
        skip_bom(parser);
}

/* Adds to the line that is cut. False: it is too big. */
static bool
grow_line(struct sse_parser *parser, size_t len)
{
    if (parser->is_line_given)
        settle(parser);
    parser->is_too_big = parser->line.len + len > SSE_EVENT_MAX;
    if (parser->is_too_big)
        return false;
    if (len)
        bytes_append(&parser->line, parser->input, len);
    skip(parser, len);
    return true;
}

static const char *
find_line_end(const char *data, size_t len)
{
    const char *lf = memchr(data, '\n', len);
    const char *cr = memchr(data, '\r', lf ? (size_t)(lf - data) : len);
    return cr ? cr : lf;
}

/* The next line, without its end. False: it has not come whole. */
static bool
take_line(struct sse_parser *parser, struct sse_slice *line)
{
    if (parser->after_cr && parser->input_len) {
        parser->after_cr = false;
        if (*parser->input == '\n')
            skip(parser, 1);
    }
    if (!parser->input_len)
        return false;
    const char *end = find_line_end(parser->input, parser->input_len);
    if (!end) {
        grow_line(parser, parser->input_len);
        return false;
    }
    size_t len = (size_t)(end - parser->input);
    if (!parser->line.len || parser->is_line_given) {
        *line = (struct sse_slice){parser->input, len};
        skip(parser, len);
    } else {
        if (!grow_line(parser, len))
            return false;
        *line = (struct sse_slice){parser->line.data, parser->line.len};
        parser->is_line_given = true;
    }
    parser->after_cr = *end == '\r';
    skip(parser, 1);
    return true;
}

/* -- fields ------------------------------------------------------------- */

/* Several lines of data are one text with line feeds between. */
static void
add_data(struct sse_parser *parser, struct sse_slice value)
{
    struct sse_event *event = &parser->event;
    if (!event->has_data) {
        event->has_data = true;
        event->data = value;
        return;
    }
    keep(&event->data, &parser->data_kept);
    parser->is_too_big = event->data.len + value.len >= SSE_EVENT_MAX;
    if (parser->is_too_big)
        return;
    bytes_append_char(&parser->data_kept, '\n');
    if (value.len)
        bytes_append(&parser->data_kept, value.data, value.len);
    event->data =
        (struct sse_slice){parser->data_kept.data, parser->data_kept.len};
}

static void
read_retry(struct sse_parser *parser, struct sse_slice value)
{
    int64_t ms = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return;
        if (i < RETRY_DIGITS_MAX)
            ms = ms * 10 + (value.data[i] - '0');
    }
    if (!value.len)
        return;
    parser->retry_ms = ms;
    parser->has_retry = true;
}

static bool
is_name(struct sse_slice name, const char *word)
{
    return name.len == strlen(word) && memcmp(name.data, word, name.len) == 0;
}

static void
take_field(struct sse_parser *parser, struct sse_slice line)
{
    const char *colon = memchr(line.data, ':', line.len);
    struct sse_slice name = {line.data, line.len};
    struct sse_slice value = {line.data + line.len, 0};
    if (colon) {
        name.len = (size_t)(colon - line.data);
        value = (struct sse_slice){colon + 1, line.len - name.len - 1};
        if (value.len && *value.data == ' ')
            value = (struct sse_slice){value.data + 1, value.len - 1};
    }
    if (is_name(name, "data")) {
        add_data(parser, value);
    } else if (is_name(name, "id")) {
        if (value.len && memchr(value.data, '\0', value.len))
            return;
        parser->event.id = value;
        parser->event.has_id = true;
    } else if (is_name(name, "event")) {
        parser->event.event = value;
    } else if (is_name(name, "retry")) {
        read_retry(parser, value);
    }
}

enum sse_found
sse_parser_next(struct sse_parser *parser, struct sse_event *event)
{
    struct sse_slice line;
    if (parser->is_event_given)
        parser->event = (struct sse_event){0};
    parser->is_event_given = false;
    while (!parser->is_too_big && take_line(parser, &line)) {
        if (line.len) {
            take_field(parser, line);
            continue;
        }
        if (parser->event.has_id || parser->event.has_data) {
            *event = parser->event;
            parser->is_event_given = true;
            return SSE_EVENT;
        }
        parser->event = (struct sse_event){0};
    }
    if (parser->is_too_big)
        return SSE_TOO_BIG;
    settle(parser);
    return SSE_NOTHING;
}

/* What a publisher sends, as subscribers get it: read back as HTML 9.2.6 says,
 * an event has the id, event and data that it was given, and no more; JSON has
 * its members, and no more. The first byte is the type, the rest event and
 * data with a NUL between. */
#include "fuzz.h"

#include "base/bytes.h"
#include "base/json.h"
#include "base/utf8.h"
#include "hub/encode.h"

#include <string.h>

static const char cursor[] = "1042-k3f9x2ab";

/* An event as a reader sees it. */
struct seen {
    int ids, events, lines;
    const char *event;
    size_t event_len;
    struct bytes data;
};

static bool
is_field(const char *line, size_t len, const char *field)
{
    size_t field_len = strlen(field);
    return len >= field_len && memcmp(line, field, field_len) == 0;
}

/* Each line is id, event or data; the empty one comes last and once. */
static void
read_event(const struct bytes *bytes, struct seen *seen)
{
    *seen = (struct seen){0};
    require(bytes->len >= 2 && bytes->data[bytes->len - 2] == '\n');
    for (size_t at = 0; at < bytes->len;) {
        const char *line = bytes->data + at;
        size_t len = 0;
        while (line[len] != '\n' && line[len] != '\r')
            len++;
        require(line[len] == '\n'); /* CR ends a line too: none is left */
        at += len + 1;
        if (is_field(line, len, "id: ")) {
            seen->ids++;
            require(len - 4 == strlen(cursor) &&
                    memcmp(line + 4, cursor, len - 4) == 0);
        } else if (is_field(line, len, "event: ")) {
            seen->events++;
            seen->event = line + 7;
            seen->event_len = len - 7;
        } else if (is_field(line, len, "data: ")) {
            if (seen->lines++)
                bytes_append_char(&seen->data, '\n');
            bytes_append(&seen->data, line + 6, len - 6);
        } else {
            require(len == 0 && at == bytes->len);
        }
    }
}

/* DATA with every kind of line end as LF, as a reader joins it. */
static void
require_lines(const struct bytes *got, const char *data, size_t len)
{
    size_t at = 0;
    for (size_t i = 0; i < len; i++) {
        bool is_end = data[i] == '\r' || data[i] == '\n';
        require(at < got->len && got->data[at++] == (is_end ? '\n' : data[i]));
        if (data[i] == '\r' && i + 1 < len && data[i + 1] == '\n')
            i++;
    }
    require(at == got->len);
}

static void
check_json(const char *text, size_t len, const struct queue_row *row)
{
    struct json_object object;
    /* What reads it refuses \u0000, which is data like any other here. */
    if (memchr(row->data, '\0', row->size_bytes) && row->type != QUEUE_BINARY)
        return;
    require(!memchr(text, '\n', len));
    require(!json_object_read(text, len, &object));
    require(object.count == 6);
    require(strcmp(json_object_get(&object, "id")->text, cursor) == 0);
    require(strcmp(json_object_get(&object, "event")->text, row->event) == 0);
    const struct json_member *data = json_object_get(&object, "data");
    require(data->is_string);
    if (row->type != QUEUE_BINARY)
        require(data->size_bytes == row->size_bytes &&
                memcmp(data->text, row->data, row->size_bytes) == 0);
    json_object_fini(&object);
}

static void
check(const struct queue_row *row)
{
    struct seen seen;
    struct bytes bytes = BYTES_EMPTY;
    encode_message(&bytes, row, cursor, ENCODING_SSE_BARE);
    read_event(&bytes, &seen);
    require(seen.ids == 1 && seen.lines >= 1);
    require(seen.events == (strcmp(row->event, "message") != 0));
    if (seen.events && utf8_printable(row->event, strlen(row->event)))
        require(seen.event_len == strlen(row->event) &&
                memcmp(seen.event, row->event, seen.event_len) == 0);
    if (row->type != QUEUE_BINARY)
        require_lines(&seen.data, row->data, row->size_bytes);
    bytes_fini(&seen.data);
    bytes_consume(&bytes, bytes.len);
    encode_message(&bytes, row, cursor, ENCODING_SSE_JSON);
    read_event(&bytes, &seen);
    require(seen.ids == 1 && seen.lines == 1);
    check_json(seen.data.data, seen.data.len, row);
    bytes_fini(&seen.data);
    bytes_fini(&bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    char *text = xmemdup0(data + 1, size - 1);
    size_t event_len = strlen(text);
    const char *body = event_len < size - 1 ? text + event_len + 1 : "";
    size_t body_len = event_len < size - 1 ? size - 2 - event_len : 0;
    struct queue_row row = {.id = 1042,
                            .channel = "room",
                            .event = utf8_valid(text, event_len) ? text : "e",
                            .type = (enum queue_type)(data[0] % 3),
                            .data = body,
                            .size_bytes = body_len,
                            .time_ms = 1};
    if (!utf8_valid(body, body_len)) /* as the queue gives it */
        row.type = QUEUE_BINARY;
    check(&row);
    free(text);
    return 0;
}

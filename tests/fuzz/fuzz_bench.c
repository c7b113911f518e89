/* What a server says to earshot-bench. Events, chunks, frames, heads and tokens
 * mean the same however they are cut; a member that is found in JSON is the one
 * that cJSON finds; a packet's parts lie within it. The first byte says what is
 * read. */
#include "fuzz.h"

#include "base/bytes.h"
#include "measure/token.h"
#include "transport/chunks.h"
#include "transport/engineio.h"
#include "client/frames_client.h"
#include "client/handshake_client.h"
#include "client/json_member.h"
#include "client/sse_parser.h"

#include <cJSON.h>
#include <string.h>

enum { PIECE = 37 };

/* What was found, written down: two ways of reading must agree. */
static struct bytes found[2];

static void
note(struct bytes *to, const char *data, size_t len)
{
    bytes_append_number(to, (int64_t)len);
    bytes_append_char(to, ' ');
    if (len)
        bytes_append(to, data, len);
}

/* A way to read the bytes in pieces of STEP, noting TO. */
typedef void reader(const char *data, size_t size, size_t step,
                    struct bytes *to);

static void
require_same_in_pieces(reader *read, const char *data, size_t size)
{
    static const size_t steps[] = {1, PIECE};
    read(data, size, size ? size : 1, &found[0]);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        read(data, size, steps[i], &found[1]);
        require(found[0].len == found[1].len);
        require(!found[0].len ||
                memcmp(found[0].data, found[1].data, found[0].len) == 0);
        found[1].len = 0;
    }
    found[0].len = 0;
}

/* -- event streams -------------------------------------------------------- */

static void
note_event(struct bytes *to, const struct sse_event *event)
{
    require(event->has_id || event->has_data);
    require(!event->id.len || !memchr(event->id.data, '\0', event->id.len));
    require(!event->event.len ||
            (!memchr(event->event.data, '\n', event->event.len) &&
             !memchr(event->event.data, '\r', event->event.len)));
    require(!event->data.len ||
            !memchr(event->data.data, '\r', event->data.len));
    bytes_append_char(to, event->has_id ? 'i' : '-');
    note(to, event->id.data, event->id.len);
    note(to, event->event.data, event->event.len);
    bytes_append_char(to, event->has_data ? 'd' : '-');
    note(to, event->data.data, event->data.len);
}

static void
read_events(const char *data, size_t size, size_t step, struct bytes *to)
{
    struct sse_parser parser = {0};
    struct sse_event event;
    for (size_t at = 0; at < size; at += step) {
        size_t len = size - at < step ? size - at : step;
        char *piece = xmemdup0(data + at, len);
        sse_parser_feed(&parser, piece, len);
        enum sse_found what;
        while ((what = sse_parser_next(&parser, &event)) == SSE_EVENT)
            note_event(to, &event);
        require(what == SSE_NOTHING);
        free(piece);
    }
    require(!parser.has_retry || parser.retry_ms >= 0);
    bytes_append_number(to, parser.has_retry ? parser.retry_ms : -1);
    sse_parser_fini(&parser);
}

/* -- chunks and tokens ---------------------------------------------------- */

/* The body as one, for its slices are cut as its bytes are. */
static void
read_chunks(const char *data, size_t size, size_t step, struct bytes *to)
{
    struct chunks chunks = {0};
    for (size_t at = 0; at < size && chunks.state < CHUNKS_OVER; at += step) {
        size_t len = size - at < step ? size - at : step;
        char *piece = xmemdup0(data + at, len);
        const char *rest = piece, *slice;
        size_t slice_len;
        while (chunks_next(&chunks, &rest, &len, &slice, &slice_len)) {
            require(slice_len && slice >= piece && slice + slice_len <= rest);
            bytes_append(to, slice, slice_len);
        }
        require(!len || chunks.state >= CHUNKS_OVER);
        free(piece);
    }
    bytes_append_number(to, chunks.state);
}

static void
read_tokens(const char *data, size_t size, size_t step, struct bytes *to)
{
    struct token_finder finder = {0};
    struct token token;
    for (size_t at = 0; at < size; at += step) {
        size_t len = size - at < step ? size - at : step;
        char *piece = xmemdup0(data + at, len);
        const char *rest = piece;
        while (token_next(&finder, &rest, &len, &token)) {
            char text[TOKEN_SIZE];
            require(rest >= piece);
            token_write(text, &token);
            bytes_append(to, text, sizeof text);
        }
        free(piece);
    }
}

/* -- frames --------------------------------------------------------------- */

static bool
note_frame(struct bytes *to, struct frames_client *client)
{
    struct ws_message message = {NULL, 0};
    enum ws_found what = frames_client_next(client, &message);
    if (what == WS_NOTHING)
        return false;
    bytes_append_number(to, what);
    if (what == WS_TEXT || what == WS_BINARY)
        note(to, message.data, message.len);
    if (what == WS_CLOSE)
        bytes_append_number(to, client->code);
    if (what == WS_WRONG)
        bytes_append_string(to, client->problem);
    return !client->is_over;
}

static void
read_frames(const char *data, size_t size, size_t step, struct bytes *to)
{
    struct frames_client client = {.is_open = true, .random = 1};
    for (size_t at = 0; at < size && !client.is_over; at += step) {
        size_t len = size - at < step ? size - at : step;
        char *piece = xmemdup0(data + at, len);
        frames_client_feed(&client, piece, len);
        while (note_frame(to, &client))
            ;
        free(piece);
    }
    note(to, client.out.data, client.out.len);
    frames_client_fini(&client);
}

static void
read_head(const char *data, size_t size, size_t step, struct bytes *to)
{
    static const uint8_t nonce[HANDSHAKE_NONCE_SIZE] = "the sample nonce";
    struct handshake_client handshake;
    struct bytes out = BYTES_EMPTY;
    require(handshake_client_begin(&handshake, "ws://h/", NULL, nonce, &out));
    enum handshake_verdict verdict = HANDSHAKE_MORE;
    size_t at = 0, left = 0;
    for (; at < size && verdict == HANDSHAKE_MORE; at += step) {
        left = size - at < step ? size - at : step;
        char *piece = xmemdup0(data + at, left);
        const char *rest = piece;
        verdict = handshake_client_take(&handshake, &rest, &left);
        if (verdict != HANDSHAKE_WRONG)
            left += size - at < step ? 0 : size - at - step;
        free(piece);
    }
    bytes_append_number(to, verdict);
    if (verdict == HANDSHAKE_WRONG)
        require(strlen(handshake.problem) > 10);
    else
        bytes_append_number(to, verdict == HANDSHAKE_OPEN ? (int64_t)left : 0);
    bytes_fini(&out);
    handshake_client_fini(&handshake);
}

/* A first line is a URL, with which a handshake is begun or not. */
static void
check_url(const char *data, size_t size)
{
    static const uint8_t nonce[HANDSHAKE_NONCE_SIZE] = "the sample nonce";
    struct handshake_client handshake;
    struct bytes out = BYTES_EMPTY;
    char *url = xmemdup0(data, size);
    if (handshake_client_begin(&handshake, url, NULL, nonce, &out)) {
        const char *end = memmem(out.data, out.len, "\r\n", 2);
        require(end && end - out.data >= 14);
        require(memcmp(end - 9, " HTTP/1.1", 9) == 0);
        require(memcmp(out.data, "GET /", 5) == 0);
    } else {
        require(!out.len && strlen(handshake.problem) > 10);
    }
    free(url);
    bytes_fini(&out);
    handshake_client_fini(&handshake);
}

/* -- JSON ----------------------------------------------------------------- */

/* cJSON takes every control character for a blank, a mark at the beginning for
 * nothing, and \u with anything behind it for a NUL, at which its strings
 * end. */
static bool
is_plain(const char *json)
{
    for (const char *at = json; *at; at++) {
        if ((unsigned char)*at < ' ' && !strchr("\t\r\n", *at))
            return false;
        if (*at != '\\')
            continue;
        at++;
        if (*at == 'u' && strspn(at + 1, "0123456789abcdefABCDEF") < 4)
            return false;
        if (!*at)
            return false;
    }
    return json[0] != '\xef' && !strstr(json, "\\u0000");
}

static void
require_same_value(const struct json_text *value, const cJSON *item)
{
    require(value->is_string == !!cJSON_IsString(item));
    if (!value->is_string)
        return;
    char *text = xmalloc(value->len + 1);
    size_t len = json_text_decode(value, text);
    require(len <= value->len);
    text[len] = '\0';
    require(strcmp(text, item->valuestring) == 0);
    free(text);
}

/* NAME, a line feed, and JSON. */
static void
check_json(const char *data, size_t size)
{
    const char *end = memchr(data, '\n', size);
    if (!end)
        return;
    char *name = xmemdup0(data, (size_t)(end - data));
    size_t len = size - (size_t)(end + 1 - data);
    char *json = xmemdup0(end + 1, len);
    struct json_text value = {0};
    bool is_found = json_member_find(json, len, name, &value);
    require(!is_found ||
            (value.data >= json && value.data + value.len <= json + len));
    cJSON *tree = cJSON_ParseWithLength(json, len);
    if (cJSON_IsObject(tree) && strlen(json) == len && is_plain(json)) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, name);
        require(is_found == !!item);
        if (item)
            require_same_value(&value, item);
    }
    cJSON_Delete(tree);
    free(json);
    free(name);
}

/* -- socket.io ------------------------------------------------------------ */

static void
require_within(const struct json_text *part, const char *frame, size_t len)
{
    require(!part->data ||
            (part->data >= frame && part->data + part->len <= frame + len));
}

static void
check_packet(const char *data, size_t size)
{
    struct engineio_packet packet;
    engineio_read(data, size, &packet);
    require_within(&packet.name_space, data, size);
    require_within(&packet.event, data, size);
    require_within(&packet.body, data, size);
    require((packet.kind == ENGINEIO_EVENT) <= packet.event.is_string);
    require(packet.kind != ENGINEIO_EVENT || packet.body.len >= 4);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (!size)
        return 0;
    const char *data = (const char *)bytes + 1;
    switch (bytes[0]) {
    case 'c':
        require_same_in_pieces(read_chunks, data, size - 1);
        break;
    case 'e':
        check_packet(data, size - 1);
        break;
    case 'h':
        require_same_in_pieces(read_head, data, size - 1);
        break;
    case 'j':
        check_json(data, size - 1);
        break;
    case 't':
        require_same_in_pieces(read_tokens, data, size - 1);
        break;
    case 'u':
        check_url(data, size - 1);
        break;
    case 'w':
        require_same_in_pieces(read_frames, data, size - 1);
        break;
    default:
        require_same_in_pieces(read_events, data, size - 1);
    }
    bytes_fini(&found[0]);
    bytes_fini(&found[1]);
    return 0;
}

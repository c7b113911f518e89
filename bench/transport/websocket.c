#include "websocket.h"

#include "client/json_member.h"
#include "target/target.h"
#include "transport.h"

#include <stdlib.h>
#include <string.h>

static void
flush(struct websocket *websocket, struct subscriber *subscriber)
{
    struct bytes *out = &websocket->client.out;
    if (out->len)
        subscriber_send(subscriber, out->data, out->len);
    bytes_fini(out);
}

void
websocket_begin(struct websocket *websocket, struct subscriber *subscriber)
{
    char *url = subscriber_url(subscriber);
    char *headers = subscriber_headers(subscriber);
    websocket->is_ready = false;
    if (frames_client_open(&websocket->client, url, headers,
                           subscriber_random(subscriber)))
        flush(websocket, subscriber);
    else
        subscriber_fail(subscriber, websocket->client.problem);
    free(url);
    free(headers);
}

void
websocket_take(struct subscriber *subscriber, void *state, const char *data,
               size_t len, websocket_hear *hear)
{
    struct websocket *websocket = state;
    struct ws_message message = {NULL, 0};
    bool goes_on = !websocket->client.is_over;
    if (goes_on)
        frames_client_feed(&websocket->client, data, len);
    while (goes_on) {
        enum ws_found found = frames_client_next(&websocket->client, &message);
        switch (found) {
        case WS_OPEN:
        case WS_TEXT:
        case WS_BINARY:
            if (!hear(subscriber, state, found, &message))
                return;
            break;
        case WS_WRONG:
            flush(websocket, subscriber);
            subscriber_fail(subscriber, websocket->client.problem);
            return;
        case WS_NOTHING:
        case WS_CLOSE:
            goes_on = false;
            break;
        }
    }
    flush(websocket, subscriber);
}

void
websocket_hello(struct websocket *websocket, struct subscriber *subscriber,
                int from, int to)
{
    char **hello = subscriber_entrance(subscriber)->hello;
    for (int i = 0; hello && hello[i] && i < to; i++) {
        if (i < from)
            continue;
        char *text =
            target_fill(hello[i], subscriber_channel(subscriber), NULL);
        frames_client_send_text(&websocket->client, text, strlen(text));
        free(text);
    }
}

static bool
has(const struct ws_message *message, const char *word)
{
    return word && message && message->len &&
           memmem(message->data, message->len, word, strlen(word));
}

void
websocket_look(struct websocket *websocket, struct subscriber *subscriber,
               const struct ws_message *message)
{
    const struct entrance *entrance = subscriber_entrance(subscriber);
    bool is_ready = entrance->ready ? has(message, entrance->ready) : !message;
    if (is_ready && !websocket->is_ready) {
        websocket->is_ready = true;
        subscriber_ready(subscriber);
    }
    if (has(message, entrance->lost))
        subscriber_lost(subscriber);
}

void
websocket_cursor(struct subscriber *subscriber, const char *json, size_t len)
{
    const struct entrance *entrance = subscriber_entrance(subscriber);
    struct json_text value;
    if (entrance->take != CURSOR_JSON ||
        !json_member_any(json, len, entrance->take_name, &value))
        return;
    if (!value.has_escapes) {
        subscriber_cursor(subscriber, value.data, value.len);
        return;
    }
    char *text = xmalloc(value.len);
    subscriber_cursor(subscriber, text, json_text_decode(&value, text));
    free(text);
}

void
websocket_end(struct websocket *websocket, struct subscriber *subscriber)
{
    frames_client_fini(&websocket->client);
    websocket->is_ready = false;
    subscriber_again(subscriber);
}

void
websocket_leave(struct subscriber *subscriber, void *state)
{
    struct websocket *websocket = state;
    frames_client_close(&websocket->client, 1000);
    flush(websocket, subscriber);
}

void
websocket_fini(void *state)
{
    struct websocket *websocket = state;
    frames_client_fini(&websocket->client);
}

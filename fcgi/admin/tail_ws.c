/* Following a URL by WebSocket. */
#include "tail_url.h"

#include "base/clock.h"
#include "client/frames_client.h"
#include "client/json_member.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

enum { SILENCE_MS = 90000, LOOK_MS = 1000, CLOSE_NORMAL = 1000 };

struct socket {
    struct url_tail *url;
    struct frames_client frames;
    curl_socket_t fd;
    int64_t heard_us;
};

static bool
is_text(const struct json_text *text, const char *word)
{
    return text->len == strlen(word) &&
           memcmp(text->data, word, text->len) == 0;
}

/* A message, or a notice of Earshot's own. */
static bool
take_json(struct url_tail *url, const char *json, size_t len)
{
    struct tail *tail = url->tail;
    struct json_text event, cursor;
    if (!json_member_find(json, len, "event", &event))
        return false;
    url->is_heard = url->is_connected = true;
    bool is_lost = is_text(&event, "earshot.lost");
    if (!is_lost && !is_text(&event, "earshot.open"))
        return tail_message(tail, json, len);
    if (is_lost)
        tail_lost(tail);
    if (json_member_find(json, len, "cursor", &cursor))
        tail_set_cursor(tail, cursor.data, cursor.len);
    return true;
}

/* Writes what is due; a few bytes, which a socket takes. */
static bool
send_out(struct socket *socket)
{
    struct bytes *out = &socket->frames.out;
    while (out->len) {
        size_t sent = 0;
        CURLcode code =
            curl_easy_send(socket->url->curl, out->data, out->len, &sent);
        if (code == CURLE_AGAIN) {
            tail_wait(socket->url->tail, -1, 10);
            if (socket->url->tail->is_over)
                return false;
            continue;
        }
        if (code != CURLE_OK)
            return false;
        bytes_consume(out, sent);
    }
    return true;
}

/* True while the conversation goes on; else TURN says how it ended. */
static bool
take(struct socket *socket, const char *data, size_t len, enum turn *turn)
{
    struct url_tail *url = socket->url;
    struct ws_message message;
    frames_client_feed(&socket->frames, data, len);
    for (;;) {
        switch (frames_client_next(&socket->frames, &message)) {
        case WS_NOTHING:
            return true;
        case WS_OPEN:
            break;
        case WS_TEXT:
            if (take_json(url, message.data, message.len))
                break;
            url_tail_reason(url, "what came is no message of Earshot's");
            *turn = TURN_WRONG;
            return false;
        case WS_BINARY:
            break;
        case WS_CLOSE:
            url_tail_reason(url, "closed with code %u", socket->frames.code);
            /* 1012: its life is over; other codes are troubles. */
            *turn = socket->frames.code == 1012 || socket->frames.code == 1000
                        ? TURN_OVER
                        : TURN_CUT;
            return false;
        case WS_WRONG:
            if (socket->frames.status && socket->frames.status != 101)
                *turn = url_tail_judge(url, socket->frames.status,
                                       &(struct bytes){0});
            else
                url_tail_reason(url, "%s", socket->frames.problem);
            return false;
        }
    }
}

/* One read; false when it is over. */
static bool
read_some(struct socket *socket, enum turn *turn)
{
    char data[65536];
    size_t len = 0;
    CURLcode code = curl_easy_recv(socket->url->curl, data, sizeof(data), &len);
    if (code == CURLE_AGAIN) {
        tail_wait(socket->url->tail, socket->fd, LOOK_MS);
        if (clock_monotonic_us() - socket->heard_us <
            (int64_t)SILENCE_MS * 1000)
            return true;
        url_tail_reason(socket->url, "nothing has come for %d s",
                        SILENCE_MS / 1000);
        return false;
    }
    if (code != CURLE_OK || !len) {
        url_tail_reason(socket->url, "cut off");
        return false;
    }
    socket->heard_us = clock_monotonic_us();
    return take(socket, data, len, turn);
}

static void
converse(struct socket *socket, enum turn *turn)
{
    struct tail *tail = socket->url->tail;
    bool goes_on = true;
    while (goes_on && !tail->is_over) {
        goes_on = send_out(socket) && read_some(socket, turn);
        tail_flush(tail);
    }
    if (tail->is_over)
        frames_client_close(&socket->frames, CLOSE_NORMAL);
    (void)send_out(socket);
}

/* Basic credentials from the URL, which the handshake leaves out. */
static void
append_credentials(struct bytes *headers, const char *url)
{
    char *user = NULL, *password = NULL;
    CURLU *parts = curl_url();
    struct bytes joined = BYTES_EMPTY;
    curl_url_set(parts, CURLUPART_URL, url, 0);
    curl_url_get(parts, CURLUPART_USER, &user, CURLU_URLDECODE);
    curl_url_get(parts, CURLUPART_PASSWORD, &password, CURLU_URLDECODE);
    if (user) {
        bytes_printf(&joined, "%s:%s", user, password ? password : "");
        bytes_append_string(headers, "Authorization: Basic ");
        bytes_append_base64(headers, joined.data, joined.len);
        bytes_append_string(headers, "\r\n");
    }
    bytes_fini(&joined);
    curl_free(user);
    curl_free(password);
    curl_url_cleanup(parts);
}

static bool
open_socket(struct socket *socket, const char *address)
{
    struct bytes headers = BYTES_EMPTY;
    uint64_t seed = 1;
    (void)!RAND_bytes((unsigned char *)&seed, sizeof(seed));
    append_credentials(&headers, address);
    bytes_append_char(&headers, '\0');
    bool opened =
        frames_client_open(&socket->frames, address, headers.data, seed);
    if (!opened)
        url_tail_reason(socket->url, "%s", socket->frames.problem);
    bytes_fini(&headers);
    return opened;
}

/* While it connects: who interrupts it need not wait. */
static int
on_progress(void *context, curl_off_t down_total, curl_off_t down,
            curl_off_t up_total, curl_off_t up)
{
    struct tail *tail = context;
    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    tail_look(tail);
    return tail->is_over;
}

enum turn
url_tail_ws(struct url_tail *url)
{
    struct socket socket = {.url = url, .heard_us = clock_monotonic_us()};
    struct bytes address = BYTES_EMPTY;
    enum turn turn = TURN_CUT;
    url_tail_address(url, "/ws", &address);
    bytes_append_char(&address, '\0');
    curl_easy_setopt(url->curl, CURLOPT_URL, address.data);
    curl_easy_setopt(url->curl, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(url->curl, CURLOPT_HTTP_VERSION,
                     (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(url->curl, CURLOPT_SSL_ENABLE_ALPN, 0L);
    curl_easy_setopt(url->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(url->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(url->curl, CURLOPT_XFERINFODATA, url->tail);
    CURLcode code = curl_easy_perform(url->curl);
    if (code == CURLE_OK)
        code = curl_easy_getinfo(url->curl, CURLINFO_ACTIVESOCKET, &socket.fd);
    if (code != CURLE_OK)
        turn = url_tail_broken(url, code);
    else if (!open_socket(&socket, address.data))
        turn = TURN_WRONG;
    else
        converse(&socket, &turn);
    frames_client_fini(&socket.frames);
    bytes_fini(&address);
    return turn;
}

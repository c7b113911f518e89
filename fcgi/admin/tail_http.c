/* Following a URL by SSE, long-polling and polling. */
#include "tail_url.h"

#include "client/json_member.h"
#include "client/sse_parser.h"
#include "http.h"

#include <string.h>
#include <strings.h>

enum {
    BODY_MAX = 64 << 20,
    HEAD_S = 5, /* the opening leaves with the head: who holds it, buffers */
};

struct stream {
    struct url_tail *url;
    struct sse_parser parser;
    struct bytes body; /* of an answer that is no stream */
    bool is_stream;
    bool is_broken;
};

static bool
slice_is(const struct sse_slice *slice, const char *text)
{
    return slice->len == strlen(text) &&
           memcmp(slice->data, text, slice->len) == 0;
}

static bool
head_is(CURL *curl, const char *type)
{
    const char *found = NULL;
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &found);
    return status == 200 && found &&
           strncasecmp(found, type, strlen(type)) == 0;
}

/* Server-Sent Events --------------------------------------------------------
 */

static void
on_event(struct stream *stream, const struct sse_event *event)
{
    struct tail *tail = stream->url->tail;
    if (slice_is(&event->event, "earshot.lost"))
        tail_lost(tail);
    else if (event->has_data && !slice_is(&event->event, "earshot.open") &&
             !tail_message(tail, event->data.data, event->data.len))
        stream->is_broken = true;
    if (event->has_id && event->id.len)
        tail_set_cursor(tail, event->id.data, event->id.len);
    stream->url->is_heard = stream->url->is_connected = true;
}

static void
take_events(struct stream *stream, const char *data, size_t len)
{
    struct sse_event event;
    enum sse_found found;
    sse_parser_feed(&stream->parser, data, len);
    while ((found = sse_parser_next(&stream->parser, &event)) == SSE_EVENT)
        on_event(stream, &event);
    if (found == SSE_TOO_BIG)
        stream->is_broken = true;
    if (stream->parser.has_retry)
        stream->url->retry_ms = stream->parser.retry_ms;
}

static size_t
on_bytes(char *data, size_t size, size_t count, void *context)
{
    struct stream *stream = context;
    size_t len = size * count;
    if (!stream->is_stream && !stream->body.len)
        stream->is_stream = head_is(stream->url->curl, "text/event-stream");
    if (stream->is_stream) {
        take_events(stream, data, len);
    } else if (stream->body.len + len > BODY_MAX) {
        return 0;
    } else {
        bytes_append(&stream->body, data, len);
    }
    return stream->is_broken ? 0 : len;
}

/* Nothing at all within HEAD_S: a server in between holds the stream back. */
static int
on_progress(void *context, curl_off_t down_total, curl_off_t down,
            curl_off_t up_total, curl_off_t up)
{
    struct stream *stream = context;
    curl_off_t asked_us = 0, passed_us = 0;
    (void)down_total;
    (void)up_total;
    (void)up;
    curl_easy_getinfo(stream->url->curl, CURLINFO_PRETRANSFER_TIME_T,
                      &asked_us);
    curl_easy_getinfo(stream->url->curl, CURLINFO_TOTAL_TIME_T, &passed_us);
    return asked_us && !down &&
           passed_us - asked_us > (curl_off_t)HEAD_S * 1000000;
}

static enum turn
end_stream(struct stream *stream, CURLcode code)
{
    struct url_tail *url = stream->url;
    long status = 0;
    curl_easy_getinfo(url->curl, CURLINFO_RESPONSE_CODE, &status);
    if (stream->is_broken) {
        url_tail_reason(url, "the stream holds what is no message of "
                             "Earshot's");
        return TURN_WRONG;
    }
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        url_tail_reason(url,
                        "nothing came for %d s: what is between holds the "
                        "stream back (see earshot doctor)",
                        HEAD_S);
        return url->is_connected ? TURN_CUT : TURN_WRONG;
    }
    if (stream->is_stream) {
        url_tail_reason(url, "cut off");
        return code == CURLE_OK ? TURN_OVER : TURN_CUT;
    }
    if (code != CURLE_OK && !status)
        return url_tail_broken(url, code);
    return url_tail_judge(url, status, &stream->body);
}

static CURLcode
request(struct stream *stream, const char *suffix, const char *name,
        const char *value)
{
    CURL *curl = stream->url->curl;
    struct bytes address = BYTES_EMPTY;
    url_tail_address(stream->url, suffix, &address);
    if (name)
        http_append_query(&address, name, value);
    bytes_append_char(&address, '\0');
    curl_easy_setopt(curl, CURLOPT_URL, address.data);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, stream);
    CURLcode code = url_tail_run(stream->url);
    bytes_fini(&address);
    return code;
}

enum turn
url_tail_sse(struct url_tail *url)
{
    struct stream stream = {.url = url};
    struct curl_slist *headers =
        curl_slist_append(NULL, "Accept: text/event-stream");
    curl_easy_setopt(url->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(url->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(url->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(url->curl, CURLOPT_XFERINFODATA, &stream);
    CURLcode code = request(&stream, "/sse", "format", "json");
    enum turn turn = end_stream(&stream, code);
    curl_slist_free_all(headers);
    sse_parser_fini(&stream.parser);
    bytes_fini(&stream.body);
    return turn;
}

/* Polls -------------------------------------------------------------------- */

static bool
take_messages(struct tail *tail, const struct json_text *messages)
{
    const char *at = messages->data + 1;
    const char *end = messages->data + messages->len;
    for (;;) {
        while (at < end && strchr(" \t\r\n,", *at))
            at++;
        if (at >= end || *at == ']')
            return at < end;
        const char *value = at;
        if (!json_skip_value(&at, end) ||
            !tail_message(tail, value, (size_t)(at - value)))
            return false;
    }
}

/* Losses lie before the messages; the answer's cursor behind them. */
static bool
take_answer(struct url_tail *url, const struct bytes *body)
{
    struct json_text messages, cursor, flag;
    struct tail *tail = url->tail;
    if (!json_member_find(body->data, body->len, "messages", &messages) ||
        !json_member_find(body->data, body->len, "cursor", &cursor) ||
        !messages.len || *messages.data != '[')
        return false;
    if (json_member_find(body->data, body->len, "lost", &flag) && flag.len == 4)
        tail_lost(tail);
    size_t before = tail->out.len;
    if (!take_messages(tail, &messages))
        return false;
    url->has_messages = tail->out.len > before;
    url->has_more = url->has_messages &&
                    json_member_find(body->data, body->len, "more", &flag) &&
                    flag.len == 4;
    tail_set_cursor(tail, cursor.data, cursor.len);
    url->is_heard = url->is_connected = true;
    return true;
}

enum turn
url_tail_poll(struct url_tail *url, bool is_long)
{
    struct stream stream = {.url = url};
    long status = 0;
    CURLcode code = is_long ? request(&stream, "/poll", "wait", "25")
                            : request(&stream, "/poll", NULL, NULL);
    curl_easy_getinfo(url->curl, CURLINFO_RESPONSE_CODE, &status);
    enum turn turn = TURN_OVER;
    if (code != CURLE_OK)
        turn = url_tail_broken(url, code);
    else if (status != 200 || !take_answer(url, &stream.body))
        turn = url_tail_judge(url, status, &stream.body);
    sse_parser_fini(&stream.parser);
    bytes_fini(&stream.body);
    return turn;
}

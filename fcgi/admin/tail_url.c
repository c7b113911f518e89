#include "tail_url.h"

#include "base/clock.h"
#include "client/json_member.h"
#include "http.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    WAIT_MS = 1000,
    PAUSE_MS = 1000, /* after a cut, and between short polls */
    PAUSE_MAX_MS = 4000,
    SILENCE_S = 90, /* heartbeats come every 15 s: nobody is there */
};

enum { AUTO, SSE, WS, LONG_POLL, POLL }; /* as --transport lists them */

void
url_tail_address(const struct url_tail *url, const char *suffix,
                 struct bytes *address)
{
    const struct tail *tail = url->tail;
    http_append_url(address, tail->options->url, tail->channels, suffix);
    if (tail->cursor[0])
        http_append_query(address, "after", tail->cursor);
    else if (tail->options->after[0])
        http_append_query(address, "after", tail->options->after);
    else if (tail->options->last[0])
        http_append_query(address, "last", tail->options->last);
}

void
url_tail_reason(struct url_tail *url, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    url->reason.len = 0;
    bytes_append(&url->reason, text, strlen(text) + 1);
}

/* Turns -------------------------------------------------------------------- */

/* The result of the transfer, once it is over. */
static bool
is_done(struct url_tail *url, CURLcode *code)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(url->multi, &left)))
        if (message->msg == CURLMSG_DONE) {
            *code = message->data.result;
            return true;
        }
    return false;
}

CURLcode
url_tail_run(struct url_tail *url)
{
    struct tail *tail = url->tail;
    struct curl_waitfd others[] = {
        {.fd = tail->signals, .events = CURL_WAIT_POLLIN},
        {.fd = STDOUT_FILENO},
    };
    CURLcode code = CURLE_ABORTED_BY_CALLBACK;
    curl_multi_add_handle(url->multi, url->curl);
    for (;;) {
        int running;
        if (curl_multi_perform(url->multi, &running) != CURLM_OK)
            break;
        tail_flush(tail);
        if (is_done(url, &code) || tail->is_over)
            break;
        curl_multi_poll(url->multi, others, 2, WAIT_MS, NULL);
        tail_look(tail);
    }
    curl_multi_remove_handle(url->multi, url->curl);
    return tail->is_over ? CURLE_ABORTED_BY_CALLBACK : code;
}

/* 5xx come from a web server whose program is away, or busy. */
enum turn
url_tail_judge(struct url_tail *url, long status, const struct bytes *body)
{
    struct json_text error;
    bool is_later =
        status >= 500 || status == 408 || status == 425 || status == 429;
    if (json_member_find(body->data, body->len, "error", &error)) {
        char *text = xcalloc(1, error.len + 1);
        json_text_decode(&error, text);
        url_tail_reason(url, "%s (status %ld)", text, status);
        free(text);
    } else if (status == 200) {
        url_tail_reason(url, "what came is no answer of Earshot's: is it "
                             "mounted at that URL?");
    } else if (status == 401 || status == 403) {
        url_tail_reason(url,
                        "status %ld came: put your name and password into "
                        "~/.netrc, or into the URL",
                        status);
    } else {
        url_tail_reason(url, "status %ld came%s", status,
                        is_later ? "" : ": is Earshot mounted at that URL?");
    }
    return is_later ? TURN_CUT : TURN_WRONG;
}

enum turn
url_tail_broken(struct url_tail *url, CURLcode code)
{
    url_tail_reason(url, "%s", curl_easy_strerror(code));
    return http_is_hopeless(code) && !url->is_connected ? TURN_WRONG : TURN_CUT;
}

/* A handle lives for one turn, its connection in MULTI for longer. */
static bool
begin(struct url_tail *url)
{
    url->curl = http_handle(url->tail->options->insecure);
    url->is_heard = url->has_messages = url->has_more = false;
    url->began_us = clock_monotonic_us();
    if (!url->curl)
        return false;
    curl_easy_setopt(url->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(url->curl, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_S);
    return true;
}

static enum turn
one_turn(struct url_tail *url, int64_t transport)
{
    if (!begin(url)) {
        url_tail_reason(url, "out of memory");
        return TURN_WRONG;
    }
    enum turn turn = transport == SSE  ? url_tail_sse(url)
                     : transport == WS ? url_tail_ws(url)
                                       : url_tail_poll(url, transport != POLL);
    curl_easy_cleanup(url->curl);
    return turn;
}

/* Many who were cut off together do not come back together. */
static int64_t
jittered(int64_t ms)
{
    return ms / 2 + (int64_t)(random() % (ms + 1));
}

static void
pause_for(struct tail *tail, int64_t ms)
{
    int64_t until_us = clock_monotonic_us() + ms * 1000;
    int64_t left_us = ms * 1000;
    while (!tail->is_over && left_us > 0) {
        tail_wait(tail, -1, (int)(left_us / 1000) + 1);
        left_us = until_us - clock_monotonic_us();
    }
}

/* A long-poll that was held has been the pause itself; but a server may be told
 * to hold none. */
static int64_t
between_polls(const struct url_tail *url, bool is_long)
{
    int64_t held_ms = (clock_monotonic_us() - url->began_us) / 1000;
    bool at_once =
        is_long ? url->has_messages || held_ms >= PAUSE_MS : url->has_more;
    return at_once ? 0 : PAUSE_MS;
}

/* What follows a turn; returns how long to pause. */
static int64_t
after_turn(struct url_tail *url, enum turn turn, int64_t transport)
{
    struct tail *tail = url->tail;
    if (url->is_heard) {
        tail->has_complained = false;
        url->pause_ms = PAUSE_MS;
    }
    if (turn == TURN_OVER && (transport == POLL || transport == LONG_POLL))
        return between_polls(url, transport == LONG_POLL);
    if (turn == TURN_OVER)
        return jittered(url->retry_ms ? url->retry_ms : PAUSE_MS);
    tail_trouble(tail, url->reason.data);
    int64_t pause_ms = jittered(url->pause_ms);
    url->pause_ms *= 2;
    if (url->pause_ms > PAUSE_MAX_MS)
        url->pause_ms = PAUSE_MAX_MS;
    return pause_ms;
}

void
tail_url(struct tail *tail)
{
    struct url_tail url = {
        .tail = tail, .multi = curl_multi_init(), .pause_ms = PAUSE_MS};
    int64_t transport = tail->options->transport;
    bool is_auto = transport == AUTO;
    if (is_auto)
        transport = SSE;
    srandom((unsigned)clock_monotonic_us() ^ (unsigned)getpid());
    while (!tail->is_over) {
        enum turn turn = one_turn(&url, transport);
        tail_flush(tail);
        if (tail->is_over)
            break;
        if (turn == TURN_WRONG && is_auto && transport == SSE) {
            transport = LONG_POLL;
            continue;
        }
        if (turn == TURN_WRONG)
            tail_fail(tail, url.reason.data);
        else
            pause_for(tail, after_turn(&url, turn, transport));
    }
    curl_multi_cleanup(url.multi);
    bytes_fini(&url.reason);
}

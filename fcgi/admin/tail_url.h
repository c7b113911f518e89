/* Following a URL: what its transports share. A turn is one request, or one
 * connection, from beginning to end; tail_url.c makes one after the other. */
#ifndef EARSHOT_ADMIN_TAIL_URL_H
#define EARSHOT_ADMIN_TAIL_URL_H

#include "tail.h"

#include <curl/curl.h>

/* How a turn ended. */
enum turn {
    TURN_OVER,  /* as it should: the next one may begin at once */
    TURN_CUT,   /* the connection, or the server, broke: after a pause */
    TURN_WRONG, /* not by this transport, or not at all */
};

struct url_tail {
    struct tail *tail;
    CURL *curl;
    CURLM *multi;
    bool is_connected;   /* something of Earshot's has come once */
    bool is_heard;       /* something has come in this turn */
    bool has_messages;   /* of a poll's answer */
    bool has_more;       /* likewise: the next one holds more */
    int64_t began_us;    /* this turn */
    int64_t retry_ms;    /* as the server asks for; 0: not */
    int64_t pause_ms;    /* before the next turn */
    struct bytes reason; /* why it was cut, or is wrong; with a NUL */
};

/* The URL of the channels with SUFFIX ("/sse") and where to begin; more may be
 * appended. No NUL. */
void url_tail_address(const struct url_tail *url, const char *suffix,
                      struct bytes *address);

__attribute__((format(printf, 2, 3))) void
url_tail_reason(struct url_tail *url, const char *format, ...);

/* Runs the handle to its end, or the tail's. Its result is CURLE_OK, or why it
 * broke; CURLE_ABORTED_BY_CALLBACK when the tail is over. */
CURLcode url_tail_run(struct url_tail *url);

/* What an answer with this STATUS, which is not the right one, means. */
enum turn url_tail_judge(struct url_tail *url, long status,
                         const struct bytes *body);

/* What a transfer that broke means. */
enum turn url_tail_broken(struct url_tail *url, CURLcode code);

/* One turn by each transport. */
enum turn url_tail_sse(struct url_tail *url);
enum turn url_tail_poll(struct url_tail *url, bool is_long);
enum turn url_tail_ws(struct url_tail *url);

#endif

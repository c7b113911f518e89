#include "control.h"

#include "base/json.h"
#include "control_internal.h"
#include "relay.h"
#include "tag.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { REQUEST_MAX = 16384, FOR_MAX_MS = 600 * 1000, RATE_MAX = 1000000000 };

void
control_answer(struct evhttp_request *request, int status, struct bytes *body)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    struct evbuffer *out = evbuffer_new();
    evhttp_add_header(headers, "Content-Type", "application/json");
    evhttp_add_header(headers, "Cache-Control", "no-store");
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    bytes_append_char(body, '\n');
    evbuffer_add(out, body->data, body->len);
    evhttp_send_reply(request, status, NULL, out); /* its own words */
    evbuffer_free(out);
    bytes_fini(body);
}

void
control_refuse(struct evhttp_request *request, int status, const char *code,
               const char *sentence)
{
    struct bytes body = BYTES_EMPTY;
    bytes_append_string(&body, "{\"error\":");
    json_append_string(&body, sentence, strlen(sentence));
    bytes_printf(&body, ",\"code\":\"%s\"}", code);
    control_answer(request, status, &body);
}

/* The length of a host and port without a default port. */
static size_t
site_length(const char *site)
{
    size_t len = strcspn(site, ", ");
    if (len > 3 && memcmp(site + len - 3, ":80", 3) == 0)
        return len - 3;
    if (len > 4 && memcmp(site + len - 4, ":443", 4) == 0)
        return len - 4;
    return len;
}

/* Whether ORIGIN is the site HOST, which may be NULL. */
static bool
is_same_site(const char *origin, const char *host)
{
    const char *site = strstr(origin, "://");
    if (!site || !host || !*host)
        return false;
    site += 3;
    size_t len = site_length(site);
    return len == site_length(host) && strncasecmp(site, host, len) == 0;
}

/* As Earshot itself judges; a web server in front may have given us another
 * Host, and says which it was. No page can send X-Forwarded-Host to another
 * site without asking first, which is refused. */
static bool
may_ask(struct evhttp_request *request)
{
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
    const char *origin = evhttp_find_header(headers, "Origin");
    const char *fetched = evhttp_find_header(headers, "Sec-Fetch-Site");
    if (fetched && strcmp(fetched, "same-origin") == 0)
        return true;
    if (origin)
        return is_same_site(origin, evhttp_find_header(headers, "Host")) ||
               is_same_site(origin,
                            evhttp_find_header(headers, "X-Forwarded-Host"));
    return !fetched || strcmp(fetched, "none") == 0;
}

bool
control_number(struct evhttp_request *request, const struct evkeyvalq *query,
               const char *name, double low, double high, double *number)
{
    const char *text = evhttp_find_header(query, name);
    char *end = NULL;
    if (!text)
        return true;
    double value = 0;
    bool is_number = *text && !text[strspn(text, "0123456789.")];
    if (is_number)
        value = strtod(text, &end);
    if (is_number && !*end && isfinite(value) && value >= low &&
        value <= high) {
        *number = value;
        return true;
    }
    struct bytes sentence = BYTES_EMPTY;
    bytes_printf(&sentence, "%s is a number from %.15g to %.15g", name, low,
                 high);
    bytes_append_char(&sentence, '\0');
    control_refuse(request, 400, "bad_number", sentence.data);
    bytes_fini(&sentence);
    return false;
}

static void
answer_count(struct evhttp_request *request, size_t count)
{
    struct bytes body = BYTES_EMPTY;
    bytes_printf(&body, "{\"connections\":%zu}", count);
    control_answer(request, 200, &body);
}

static void
tell_info(struct control *control, struct evhttp_request *request,
          const struct evkeyvalq *query, const char *tag)
{
    struct bytes body = BYTES_EMPTY;
    (void)query, (void)tag;
    bytes_append_string(&body, "{\"relay\":");
    json_append_string(&body, control->relay_url, strlen(control->relay_url));
    bytes_printf(&body,
                 ",\"version\":\"%s\",\"connections\":%zu,\"waiting\":%zu,"
                 "\"next\":%llu}",
                 PACKAGE_VERSION, relay_count(control->relay),
                 control->waiter_count,
                 (unsigned long long)records_newest(control->records));
    control_answer(request, 200, &body);
}

static void
order_cut(struct control *control, struct evhttp_request *request,
          const struct evkeyvalq *query, const char *tag)
{
    double for_ms = 0;
    if (control_number(request, query, "for", 0, FOR_MAX_MS, &for_ms))
        answer_count(request, relay_cut(control->relay, tag, (int64_t)for_ms));
}

static void
order_mute(struct control *control, struct evhttp_request *request,
           const struct evkeyvalq *query, const char *tag)
{
    (void)query;
    answer_count(request, relay_mute(control->relay, tag));
}

static void
order_slow(struct control *control, struct evhttp_request *request,
           const struct evkeyvalq *query, const char *tag)
{
    double rate = -1;
    if (!control_number(request, query, "rate", 0, RATE_MAX, &rate))
        return;
    if (rate < 0)
        control_refuse(request, 400, "bad_number",
                       "rate=N is missing: bytes a second, or 0 for as fast "
                       "as it goes");
    else
        answer_count(request, relay_slow(control->relay, tag, (int64_t)rate));
}

static void
order_clear(struct control *control, struct evhttp_request *request,
            const struct evkeyvalq *query, const char *tag)
{
    (void)query;
    answer_count(request, relay_clear(control->relay, tag));
}

struct verb {
    const char *path;
    enum evhttp_cmd_type method;
    bool needs_tag;
    void (*act)(struct control *control, struct evhttp_request *request,
                const struct evkeyvalq *query, const char *tag);
};

static const struct verb verbs[] = {
    {"/tap/info", EVHTTP_REQ_GET, false, tell_info},
    {"/tap/log", EVHTTP_REQ_GET, false, follow_log},
    {"/tap/cut", EVHTTP_REQ_POST, true, order_cut},
    {"/tap/mute", EVHTTP_REQ_POST, true, order_mute},
    {"/tap/slow", EVHTTP_REQ_POST, true, order_slow},
    {"/tap/clear", EVHTTP_REQ_POST, true, order_clear},
};

static void
act(struct control *control, struct evhttp_request *request,
    const struct verb *verb, const struct evkeyvalq *query)
{
    const char *tag = evhttp_find_header(query, "tag");
    if (!tag && !verb->needs_tag)
        tag = "*";
    if (tag && tag_pattern_is_valid(tag))
        verb->act(control, request, query, tag);
    else
        control_refuse(request, 400, "bad_tag",
                       "tag is 1 to 48 of A-Z a-z 0-9 _ -, or the beginning "
                       "of some and a *");
}

static void
route(struct control *control, struct evhttp_request *request,
      const struct verb *verb)
{
    struct evkeyvalq query;
    const char *text =
        evhttp_uri_get_query(evhttp_request_get_evhttp_uri(request));
    if (evhttp_request_get_command(request) != verb->method) {
        bool gets = verb->method == EVHTTP_REQ_GET;
        evhttp_add_header(evhttp_request_get_output_headers(request), "Allow",
                          gets ? "GET" : "POST");
        control_refuse(request, 405, "method",
                       gets ? "this is asked by GET" : "this is told by POST");
        return;
    }
    if (evhttp_parse_query_str(text ? text : "", &query) < 0) {
        control_refuse(request, 400, "bad_query", "the query has no form");
        return;
    }
    act(control, request, verb, &query);
    evhttp_clear_headers(&query);
}

static void
on_control(struct evhttp_request *request, void *context)
{
    const char *path =
        evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
    if (!may_ask(request)) {
        control_refuse(request, 403, "origin",
                       "a page of another site may not use the tap");
        return;
    }
    for (size_t i = 0; path && i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(path, verbs[i].path) == 0) {
            route(context, request, &verbs[i]);
            return;
        }
    }
    control_refuse(request, 404, "not_found",
                   "there are /tap/info, /tap/log, /tap/cut, /tap/mute, "
                   "/tap/slow and /tap/clear");
}

struct control *
control_new(struct event_base *base, int listener, struct relay *relay,
            struct records *records, const char *relay_url)
{
    struct control *control = xcalloc(1, sizeof *control);
    control->base = base;
    control->relay = relay;
    control->records = records;
    control->relay_url = xstrdup(relay_url);
    follow_init(control);
    control->http = evhttp_new(base);
    if (!control->http || evhttp_accept_socket(control->http, listener) < 0) {
        control_free(control);
        return NULL;
    }
    evhttp_set_max_headers_size(control->http, REQUEST_MAX);
    evhttp_set_max_body_size(control->http, REQUEST_MAX);
    /* Every method, so that a wrong one is answered in our words. */
    evhttp_set_allowed_methods(control->http, 0xffff);
    evhttp_set_gencb(control->http, on_control, control);
    return control;
}

void
control_free(struct control *control)
{
    if (!control)
        return;
    follow_fini(control);
    if (control->http)
        evhttp_free(control->http);
    free(control->relay_url);
    free(control);
}

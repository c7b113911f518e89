#include "doctor_web.h"

#include "base/clock.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { BODY_MAX = 256 * 1024, CONNECT_MS = 5000 };

bool
web_init(struct web *web)
{
    web->multi = curl_multi_init();
    if (web->multi)
        curl_multi_setopt(web->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    return web->multi;
}

void
web_fini(struct web *web)
{
    curl_multi_cleanup(web->multi);
    web->multi = NULL;
}

char *
web_url(const char *base, const char *path)
{
    struct bytes url = BYTES_EMPTY;
    bytes_append_string(&url, base);
    bytes_append_string(&url, path);
    bytes_append_char(&url, '\0');
    return url.data;
}

/* -- what comes ---------------------------------------------------------- */

static bool
take_field(const char *line, size_t len, const char *name, char *field)
{
    size_t at = strlen(name), out = 0;
    if (len <= at || line[at] != ':' || strncasecmp(line, name, at) != 0)
        return false;
    for (at++; at < len && (line[at] == ' ' || line[at] == '\t'); at++)
        ;
    for (; at < len && line[at] != '\r' && line[at] != '\n'; at++)
        if (out < PROBE_FIELD - 1)
            field[out++] = line[at];
    field[out] = '\0';
    return true;
}

/* A new status line: what an answer before it said (100, 401, a redirect) is
 * forgotten. */
static void
begin_head(struct probe *probe)
{
    *probe->type = *probe->server = *probe->date = *probe->location =
        *probe->encoding = *probe->allow_origin = '\0';
}

static size_t
on_header(char *line, size_t size, size_t count, void *context)
{
    struct probe *probe = context;
    size_t len = size * count;
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0)
        begin_head(probe);
    else if (len <= 2)
        probe->head_us = clock_monotonic_us();
    else if (!take_field(line, len, "Content-Type", probe->type) &&
             !take_field(line, len, "Server", probe->server) &&
             !take_field(line, len, "Date", probe->date) &&
             !take_field(line, len, "Location", probe->location) &&
             !take_field(line, len, "Content-Encoding", probe->encoding))
        (void)take_field(line, len, "Access-Control-Allow-Origin",
                         probe->allow_origin);
    curl_easy_getinfo(probe->easy, CURLINFO_RESPONSE_CODE, &probe->status);
    return len;
}

static size_t
on_body(char *data, size_t size, size_t count, void *context)
{
    struct probe *probe = context;
    size_t len = size * count;
    probe->last_us = clock_monotonic_us();
    if (!probe->first_us)
        probe->first_us = probe->last_us;
    if (probe->body.len + len <= BODY_MAX) {
        bytes_append(&probe->body, data, len);
        *bytes_reserve(&probe->body, 1) = '\0';
    }
    return len;
}

static void
read_certificate(struct probe *probe)
{
    struct curl_certinfo *chain = NULL;
    probe->expires_days = LONG_MAX;
    if (curl_easy_getinfo(probe->easy, CURLINFO_CERTINFO, &chain) != CURLE_OK ||
        !chain || chain->num_of_certs == 0)
        return;
    for (struct curl_slist *line = chain->certinfo[0]; line; line = line->next)
        if (strncmp(line->data, "Expire date:", 12) == 0) {
            time_t when = curl_getdate(line->data + 12, NULL);
            if (when > 0)
                probe->expires_days = (when - time(NULL)) / (24L * 3600);
        }
}

static void
read_connection(struct probe *probe)
{
    char *address = NULL, *location = NULL;
    curl_easy_getinfo(probe->easy, CURLINFO_REDIRECT_URL, &location);
    if (location) /* whole, also where the header is a path */
        snprintf(probe->location, sizeof probe->location, "%s", location);
    curl_easy_getinfo(probe->easy, CURLINFO_HTTP_VERSION, &probe->http_version);
    curl_easy_getinfo(probe->easy, CURLINFO_PRIMARY_IP, &address);
    snprintf(probe->address, sizeof probe->address, "%s",
             address ? address : "");
    read_certificate(probe);
}

static void
on_over(struct probe *probe, CURLcode code)
{
    probe->ended_us = clock_monotonic_us();
    probe->code = code;
    if (!probe->error[0] && code)
        snprintf(probe->error, sizeof probe->error, "%s",
                 curl_easy_strerror(code));
    read_connection(probe);
}

/* -- asking -------------------------------------------------------------- */

static void
add_header(struct probe *probe, const char *name, const char *value)
{
    struct bytes line = BYTES_EMPTY;
    bytes_printf(&line, "%s%s", name, value);
    bytes_append_char(&line, '\0');
    struct curl_slist *longer = curl_slist_append(probe->headers, line.data);
    if (!longer)
        abort();
    probe->headers = longer;
    bytes_fini(&line);
}

static void
set_connection(const struct web *web, CURL *easy, const struct ask *ask)
{
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "earshot-doctor");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     ask->is_http1 ? (long)CURL_HTTP_VERSION_1_1
                                   : (long)CURL_HTTP_VERSION_2TLS);
    if (ask->is_own) {
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    }
    if (web->cacert[0])
        curl_easy_setopt(easy, CURLOPT_CAINFO, web->cacert);
    if (web->is_insecure) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
}

static void
set_login(const struct web *web, struct probe *probe, const struct ask *ask)
{
    if (ask->is_anonymous || web->no_login)
        return;
    if (web->user[0]) {
        curl_easy_setopt(probe->easy, CURLOPT_USERPWD, web->user);
        curl_easy_setopt(probe->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_ANY);
    } else {
        curl_easy_setopt(probe->easy, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
        curl_easy_setopt(probe->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_ANY);
    }
    if (web->header[0])
        add_header(probe, "", web->header);
}

static void
set_headers(struct probe *probe, const struct ask *ask)
{
    add_header(probe, "Expect:", "");
    if (ask->origin)
        add_header(probe, "Origin: ", ask->origin);
    if (ask->body)
        add_header(probe, "Content-Type: ", "text/plain");
    if (ask->accept_encoding)
        add_header(probe, "Accept-Encoding: ", ask->accept_encoding);
    for (size_t i = 0; i < 4 && ask->headers[i]; i++)
        add_header(probe, "", ask->headers[i]);
    curl_easy_setopt(probe->easy, CURLOPT_HTTPHEADER, probe->headers);
}

void
web_start(struct web *web, struct probe *probe, const struct ask *ask)
{
    web_end(web, probe);
    CURL *easy = probe->easy = curl_easy_init();
    if (!easy)
        abort();
    char *url = web_url(web->base, ask->path);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    free(url);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, probe);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, probe->error);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, probe);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, probe);
    if (ask->body)
        curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, ask->body);
    if (ask->method)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, ask->method);
    set_connection(web, easy, ask);
    set_login(web, probe, ask);
    set_headers(probe, ask);
    probe->started_us = clock_monotonic_us();
    probe->expires_days = LONG_MAX;
    curl_multi_add_handle(web->multi, easy);
}

void
web_turn(struct web *web, int wait_ms)
{
    int running, left;
    struct CURLMsg *message;
    curl_multi_perform(web->multi, &running);
    while ((message = curl_multi_info_read(web->multi, &left))) {
        struct probe *probe = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &probe);
        if (message->msg == CURLMSG_DONE && probe)
            on_over(probe, message->data.result);
    }
    if (web->on_turn)
        web->on_turn(web->context);
    curl_multi_poll(web->multi, NULL, 0, wait_ms, NULL);
}

bool
web_wait(struct web *web, struct probe *probe,
         bool (*done)(const struct probe *probe, const void *context),
         const void *context, int64_t wait_ms)
{
    int64_t until_us = clock_monotonic_us() + wait_ms * 1000;
    while (!done(probe, context)) {
        int64_t left_ms = (until_us - clock_monotonic_us()) / 1000;
        if (left_ms <= 0)
            return false;
        web_turn(web, left_ms < 20 ? (int)left_ms : 20);
    }
    return true;
}

static bool
is_over(const struct probe *probe, const void *context)
{
    (void)context;
    return probe->ended_us;
}

/* Apache's mod_http2 resets one in several POSTs that it answers 401, and no
 * answer comes (2.4.71). */
static bool
is_reset(const struct probe *probe)
{
    return probe->code == CURLE_HTTP2_STREAM && !probe->status;
}

bool
web_ask(struct web *web, struct probe *probe, const struct ask *ask,
        int64_t wait_ms)
{
    web_start(web, probe, ask);
    bool came = web_wait(web, probe, is_over, NULL, wait_ms);
    if (came && is_reset(probe)) {
        struct ask again = *ask;
        again.is_http1 = true;
        web_start(web, probe, &again);
        came = web_wait(web, probe, is_over, NULL, wait_ms);
    }
    web_leave(web, probe);
    return came && probe->code == CURLE_OK;
}

bool
probe_has(const struct probe *probe, const char *text)
{
    return probe->body.len &&
           memmem(probe->body.data, probe->body.len, text, strlen(text));
}

bool
probe_is_over(const struct probe *probe)
{
    return probe->ended_us;
}

void
web_leave(struct web *web, struct probe *probe)
{
    if (!probe->easy)
        return;
    if (!probe->ended_us)
        read_connection(probe);
    curl_multi_remove_handle(web->multi, probe->easy);
    curl_easy_cleanup(probe->easy);
    curl_slist_free_all(probe->headers);
    probe->easy = NULL;
    probe->headers = NULL;
}

void
web_end(struct web *web, struct probe *probe)
{
    web_leave(web, probe);
    bytes_fini(&probe->body);
    *probe = (struct probe){0};
}

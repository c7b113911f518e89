/* HTTP by libcurl, as the commands of `earshot` need it. */
#ifndef EARSHOT_ADMIN_HTTP_H
#define EARSHOT_ADMIN_HTTP_H

#include "base/bytes.h"

#include <curl/curl.h>
#include <stdbool.h>

struct http_answer {
    long status;
    bool was_sent; /* something of the request, so it may have been obeyed */
    struct bytes body;
};

void http_answer_fini(struct http_answer *answer);

/* Appends BASE/CHANNEL and SUFFIX ("/sse"), with one slash between; no NUL. */
void http_append_url(struct bytes *url, const char *base, const char *channel,
                     const char *suffix);

/* Appends ?NAME=VALUE, or & where there is a query already; VALUE is escaped.
 */
void http_append_query(struct bytes *url, const char *name, const char *value);

/* URL without the name and password in it, for who may read what we say; to be
 * freed by curl_free(). NULL: it is no URL. */
char *http_public_url(const char *url);

/* A handle with what every request has: who asks, which protocols, how long
 * to wait for a connection, ~/.netrc. */
CURL *http_handle(bool insecure);

/* Whether what CODE says will be so again: a wrong URL, an unknown host, a
 * certificate that nobody vouches for. */
bool http_is_hopeless(CURLcode code);

/* POSTs; headers that are NULL are left out. CURLE_OK when an answer came
 * whole. */
CURLcode http_post(const char *url, const char *const *headers,
                   size_t header_count, const void *data, size_t len,
                   bool insecure, struct http_answer *answer);

#endif

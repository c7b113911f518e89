/* HTTP by libcurl, as the commands of `earshot` need it. */
#ifndef EARSHOT_ADMIN_HTTP_H
#define EARSHOT_ADMIN_HTTP_H

#include "base/bytes.h"

#include <curl/curl.h>
#include <stdbool.h>

struct http_answer {
    long status;
    struct bytes body;
};

void http_answer_fini(struct http_answer *answer);

/* Appends BASE/CHANNEL and SUFFIX ("/sse"), with one slash between; no NUL. */
void http_append_url(struct bytes *url, const char *base, const char *channel,
                     const char *suffix);

/* Appends ?NAME=VALUE, or & where there is a query already; VALUE is escaped.
 */
void http_append_query(struct bytes *url, const char *name, const char *value);

/* A handle with what every request has: who asks, which protocols, how long
 * to wait for a connection, ~/.netrc. */
CURL *http_handle(bool insecure);

/* POSTs; headers that are NULL are left out. NULL, or what is wrong, when no
 * answer came whole. */
const char *http_post(const char *url, const char *const *headers,
                      size_t header_count, const void *data, size_t len,
                      bool insecure, struct http_answer *answer);

/* GETs likewise. */
const char *http_get(const char *url, bool insecure,
                     struct http_answer *answer);

#endif

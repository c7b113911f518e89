/* What a target's entrance asks for, in curl's terms. */
#ifndef EARSHOT_BENCH_REQUEST_H
#define EARSHOT_BENCH_REQUEST_H

#include <curl/curl.h>
#include <stdbool.h>

struct bytes;
struct entrance;
struct plan;

/* TEMPLATE's headers for CHANNEL; to be freed by curl_slist_free_all(). */
struct curl_slist *request_headers(const struct entrance *entrance,
                                   const char *channel);
/* Sets what is the same in all requests to ENTRANCE: method, TLS, buffers of
 * BUFFER_BYTES. */
void request_apply(CURL *easy, const struct entrance *entrance,
                   const struct plan *plan, size_t buffer_bytes);
/* Whether ENTRANCE's target means well by STATUS. */
bool request_accepts(const struct entrance *entrance, long status);
/* The first lines of an HTTP/1 request for URL (RFC 9112, section 3.2). */
void request_write(struct bytes *request, const char *method, const char *url);
/* Whether requests to ENTRANCE may be written and read without curl: neither
 * TLS nor a user's name in the URL. */
bool request_is_plain(const struct entrance *entrance);
/* URL with NAME=VALUE (VALUE is escaped) behind its others; to be freed. */
char *request_add_query(const char *url, const char *name, const char *value,
                        size_t len);

#endif

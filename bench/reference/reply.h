/* Answers of the front in HTTP: a status, headers, JSON. */
#ifndef EARSHOT_REPLY_H
#define EARSHOT_REPLY_H

#include <stdbool.h>

struct bytes;
struct evhttp_request;
struct refusal;
struct server;

/* One request, and what its answer has to know of it. */
struct exchange {
    struct evhttp_request *request;
    struct server *server;
    const char *origin; /* of a page, or "" */
    bool is_foreign;    /* ... which is of another site, and let in */
    bool is_head;
    bool is_last; /* what follows on the connection is not to be read */
};

/* Answers 200 with BODY, which is left empty. */
void reply_body(const struct exchange *exchange, const char *content_type,
                struct bytes *body);

/* Answers with STATUS and the JSON, which is left empty. */
void reply_json(const struct exchange *exchange, int status,
                struct bytes *json);

/* Answers with {"error","code"} and what else its status asks for: Retry-After,
 * or the version and the protocol that would do (RFC 6455, section 4.4; RFC
 * 9110, section 15.5.22). */
void reply_refusal(const struct exchange *exchange,
                   const struct refusal *refusal);

/* 200 with an event stream that ends at once, says WHY in a comment and when to
 * come back. */
void reply_stream(const struct exchange *exchange, const char *why);

/* 405 with the methods that would do. */
void reply_method(const struct exchange *exchange);

/* 204 to OPTIONS. */
void reply_options(const struct exchange *exchange);

#endif

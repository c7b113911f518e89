/* A request, whole and parsed: what the web server said of it (RFC 3875,
 * section 4.1) and its body. libfcgi is used here and nowhere else. */
#ifndef EARSHOT_REQUEST_H
#define EARSHOT_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

enum method {
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_OPTIONS,
    METHOD_OTHER,
};

/* Every string is "" when the web server did not give it. They, and the body,
 * belong to the request. */
struct request {
    enum method method;
    const char *path_info;
    const char *script_name;
    const char *request_uri;
    const char *query;
    const char *content_type;
    const char *content_length;
    const char *host;
    const char *origin;
    const char *forwarded_host;
    const char *sec_fetch_site;
    const char *request_method_asked; /* Access-Control-Request-Method */
    const char *last_event_id;
    const char *idempotency_key;
    const char *remote_addr;
    const char *remote_user;
    /* How the web server is set up; "" too while that has not changed. */
    const char *document_root;
    const char *server_software;
    const char *script_filename;
    char *body; /* from malloc; a NUL follows; request_take_body() */
    size_t body_len;
    bool body_too_large; /* body holds less than was sent */
};

/* Makes ready for request_parse(); to be called once, before signal handlers
 * are set, since libfcgi sets its own. False, with errno, on failure. */
__attribute__((warn_unused_result)) bool request_setup(void);

enum request_parsed {
    REQUEST_PARSED,
    REQUEST_TORN,      /* a parameter holds a NUL, or they are cut short */
    REQUEST_SENSELESS, /* libfcgi cannot make sense of it */
};

/* Parses the LEN bytes of records of one whole request, as intake_request()
 * gives them, BODY_LEN of them its body. After REQUEST_PARSED and before
 * request_done() no other request can be parsed. Never waits. */
__attribute__((warn_unused_result)) enum request_parsed
request_parse(struct request *request, const char *records, size_t len,
              size_t body_len);

/* The request that a web server described in ENVIRONMENT to a CGI program
 * (RFC 3875); the body is left empty. The strings are the environment's. */
void request_from_environment(struct request *request, char **environment);

/* The body, from malloc, now the caller's. */
char *request_take_body(struct request *request);

/* Frees what the request holds. */
void request_done(struct request *request);

#endif

/* What a web server in front says of its client. It is believed only from a
 * peer on loopback or on our Unix socket; a browser can set none of these
 * headers by itself, but any other program can. */
#ifndef EARSHOT_FORWARDED_H
#define EARSHOT_FORWARDED_H

#include <stdbool.h>

struct visitor;

enum { FORWARDED_VALUE_MAX = 256 };

/* A request's headers; each is "" when it is not there, and joined with commas
 * when it is there several times. */
struct forwarded {
    bool is_believed;         /* the peer is a web server of our own machine */
    const char *peer;         /* its address; "" on a Unix socket */
    const char *host;         /* Host */
    const char *origin;       /* Origin */
    const char *fetch_site;   /* Sec-Fetch-Site */
    const char *x_host;       /* X-Forwarded-Host: the first counts */
    const char *x_for;        /* X-Forwarded-For: the last counts */
    const char *user_header;  /* what --user-header names */
    bool is_forwarded_header; /* ... and that is Forwarded (RFC 7239) */
};

struct forwarded_values {
    char host[FORWARDED_VALUE_MAX];
    char address[FORWARDED_VALUE_MAX];
    char user[FORWARDED_VALUE_MAX];
};

/* Fills VISITOR, which refers to FORWARDED and to VALUES. What is too long for
 * VALUES counts as not said. */
void forwarded_read(const struct forwarded *forwarded,
                    struct forwarded_values *values, struct visitor *visitor);

#endif

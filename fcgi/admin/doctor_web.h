/* Requests as doctor makes them: several at once on one loop of libcurl's, each
 * remembered with the times at which its head and its bytes came. It knows
 * HTTP, and nothing of Earshot. */
#ifndef EARSHOT_ADMIN_DOCTOR_WEB_H
#define EARSHOT_ADMIN_DOCTOR_WEB_H

#include "base/bytes.h"

#include <curl/curl.h>
#include <stdbool.h>

/* Whom to ask, and how: for all requests. Strings are the caller's. */
struct web {
    CURLM *multi;
    const char *base;   /* URL without a slash at its end */
    const char *user;   /* "NAME:PASSWORD", or "" */
    const char *header; /* or "" */
    const char *cacert; /* or "" */
    bool is_insecure;
    bool no_login; /* the peer is not known for certain: tell it no secret */
    /* Called once a turn with the milliseconds that the turn may wait; for who
     * has a connection beside libcurl's. May be NULL. */
    void (*on_turn)(void *context);
    void *context;
};

/* What a request says; what is left out is NULL or false. */
struct ask {
    const char *path;   /* behind the base */
    const char *body;   /* then it is a POST */
    const char *origin; /* of the page that asks */
    const char *accept_encoding;
    const char *method;     /* instead of GET */
    const char *headers[4]; /* others, NULL at the end */
    bool is_anonymous;      /* without login */
    bool is_http1;
    bool is_own; /* on a connection of its own, closed at the end */
};

enum { PROBE_FIELD = 512 };

/* One request; zeroed is new. Times are monotonic, 0: not yet. */
struct probe {
    CURL *easy; /* NULL: not under way */
    struct curl_slist *headers;
    int64_t started_us;
    int64_t head_us;
    int64_t first_us; /* byte of the body */
    int64_t last_us;
    int64_t ended_us;
    long status; /* of the head; 0: none came */
    CURLcode code;
    char error[CURL_ERROR_SIZE];
    char type[PROBE_FIELD];
    char server[PROBE_FIELD];
    char date[PROBE_FIELD];
    char location[PROBE_FIELD];
    char encoding[PROBE_FIELD];
    char allow_origin[PROBE_FIELD];
    char address[64];  /* of the peer */
    long http_version; /* CURL_HTTP_VERSION_… */
    long expires_days; /* the certificate's; LONG_MAX: not known */
    struct bytes body; /* what has come, at most 256 KiB; a NUL follows */
};

__attribute__((warn_unused_result)) bool web_init(struct web *web);
void web_fini(struct web *web);

/* Begins; PROBE is ended first if it is in use. */
void web_start(struct web *web, struct probe *probe, const struct ask *ask);

/* One turn of the loop, of at most WAIT_MS. */
void web_turn(struct web *web, int wait_ms);

/* Turns until DONE says so or WAIT_MS are over; returns what it says then. */
bool web_wait(struct web *web, struct probe *probe,
              bool (*done)(const struct probe *probe, const void *context),
              const void *context, int64_t wait_ms);

/* Asks, and waits for the end at most WAIT_MS. False: it did not come. */
bool web_ask(struct web *web, struct probe *probe, const struct ask *ask,
             int64_t wait_ms);

/* The body has TEXT in it. */
bool probe_has(const struct probe *probe, const char *text);
bool probe_is_over(const struct probe *probe);

/* Lets go of the connection, if it is still there, and of the rest. What was
 * learned stays but for the body. */
void web_leave(struct web *web, struct probe *probe);
void web_end(struct web *web, struct probe *probe);

/* BASE and PATH, to be freed. */
char *web_url(const char *base, const char *path);

#endif

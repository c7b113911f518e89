/* `earshot doctor`: what its files know of one visit. doctor.c leads through
 * it; doctor_address, _stream, _crowd, _who and _socket look; doctor_report
 * keeps and tells what they find (doctor_findings has the words); doctor_web
 * asks. */
#ifndef EARSHOT_ADMIN_DOCTOR_H
#define EARSHOT_ADMIN_DOCTOR_H

#include "client/frames_client.h"
#include "doctor_findings.h"
#include "doctor_report.h"
#include "doctor_web.h"

#include <stdbool.h>
#include <stdint.h>

struct options;

/* What /-/status tells of the other side's options; strings are "" and numbers
 * -1 when they are not known. */
struct doctor_setup {
    bool is_known;
    char version[32];
    char publish[16];
    char log_to[128];
    char log_nowhere[256];
    double heartbeat_s;
    double wait_max_s;
    int64_t subscribers_max;
    int64_t descriptors;
};

/* A WebSocket that is held beside the rest. */
struct doctor_socket {
    CURL *easy; /* NULL: none */
    struct frames_client frames;
    struct bytes heard; /* texts, one after the other */
    int64_t started_us;
    int64_t last_us;
    int64_t ended_us;
    uint16_t close_code; /* 0: no close frame came */
    bool is_open;
};

struct doctor {
    const struct options *options;
    struct web web;
    struct report report;
    char *base;               /* URL, without a login */
    char *user;               /* "NAME:PASSWORD", or "" */
    char origin[PROBE_FIELD]; /* of the site's own pages */
    char channel[160];
    char software[PROBE_FIELD]; /* what the web server calls itself */
    enum web_server server;
    bool is_https;
    bool is_near;   /* on this machine: it may take us for its own */
    bool has_login; /* something was given that may log us in */
    bool may_publish;
    bool is_held_back; /* streams are: what depends on them cannot be seen */
    struct doctor_setup setup;
    struct probe stream;
    struct probe poll;
    double poll_wait_s;
    struct doctor_socket socket;
};

enum {
    DOCTOR_ANSWER_MS = 8000, /* a plain answer */
    DOCTOR_PROMPT_MS = 3000, /* what should come at once */
};

/* Each fills the report; the first two say whether there is more to look at. */

/* The address: does Earshot answer there, and which one? *SEEN is false when
 * nobody could be asked at all. */
bool doctor_address(struct doctor *doctor, bool *seen);
void doctor_setup(struct doctor *doctor);

/* Who may: publishing, origins. */
void doctor_who(struct doctor *doctor);

/* Opens what is to be held, and looks whether it arrives. */
void doctor_stream_open(struct doctor *doctor);
/* Held for the patience that was given: what has been cut? */
void doctor_stream_patience(struct doctor *doctor);

void doctor_going(struct doctor *doctor);
void doctor_crowd(struct doctor *doctor);

void doctor_socket_open(struct doctor *doctor);
void doctor_socket_end(struct doctor *doctor);
/* Takes what has come and sends what is to be sent. */
void doctor_socket_turn(struct doctor *doctor);

/* Headers by which somebody says that he is a user: NULL at the end. */
enum { DOCTOR_MADE_UP = 4 };
extern const char *const doctor_made_up[DOCTOR_MADE_UP];

/* "/CHANNEL" TAIL, such as "-crowd/sse"; good until it is called four times
 * more. */
const char *doctor_path(const struct doctor *doctor, const char *tail);

/* Publishes TEXT with the login that was given. False: it was not stored. */
bool doctor_publish(struct doctor *doctor, const char *text);

/* A number of the object in the LEN bytes at JSON: of member NAME, or of its
 * member INNER if that is not NULL. -1: it is not there. */
double doctor_number(const char *json, size_t len, const char *name,
                     const char *inner);
/* Copies the text of such a member; "" when it is not there. */
void doctor_text(const char *json, size_t len, const char *name,
                 const char *inner, char *out, size_t size);

#endif

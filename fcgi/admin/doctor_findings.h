/* All that `earshot doctor` can find, with its words: one table. What a page
 * says of the same codes is in static/doctor/words.js. It looks at nothing. */
#ifndef EARSHOT_ADMIN_DOCTOR_FINDINGS_H
#define EARSHOT_ADMIN_DOCTOR_FINDINGS_H

#include <stdbool.h>

enum web_server {
    SERVER_OTHER,
    SERVER_APACHE,
    SERVER_CADDY,
    SERVER_H2O,
    SERVER_LIGHTTPD,
    SERVER_NGINX,
    WEB_SERVERS
};

/* In the order in which they are told. */
enum finding {
    FINDING_TLS,
    FINDING_TLS_EXPIRES,
    FINDING_REDIRECT,
    FINDING_NOT_FOUND,
    FINDING_NOT_EARSHOT,
    FINDING_PROGRAM_AWAY,
    FINDING_NOT_READY,
    FINDING_LOGIN,
    FINDING_OLD,
    FINDING_CLOCK,
    FINDING_BUFFERING,
    FINDING_HEADERS_HELD,
    FINDING_COMPRESSION,
    FINDING_IDLE_LIMIT,
    FINDING_GOING,
    FINDING_TOO_FEW,
    FINDING_DESCRIPTORS,
    FINDING_WS_MISSING,
    FINDING_WS_UPGRADE,
    FINDING_WS_AWAY,
    FINDING_HOST,
    FINDING_FOREIGN_ORIGIN,
    FINDING_PUBLISH_ANYONE,
    FINDING_PUBLISH_ANYONE_WS,
    FINDING_MADE_UP_USER,
    FINDING_USER_NOT_PASSED,
    FINDING_HTTP1,
    FINDING_LOG_NOWHERE,
    FINDINGS
};

struct finding_words {
    const char *code;
    const char *title; /* what is wrong */
    const char *good;  /* said in its place when it is not */
    const char *why;   /* what it does to whom */
    /* Lines to write in the configuration; [SERVER_OTHER] serves a server that
     * has none of its own. */
    const char *fix[WEB_SERVERS];
    bool is_note;    /* good to know, not wrong */
    unsigned limits; /* 1 << enum web_server: these cannot do better,
                        so it is a note */
};

const struct finding_words *finding_words(enum finding finding);

/* The lines for SERVER; never NULL. */
const char *finding_fix(enum finding finding, enum web_server server);

bool finding_is_note(enum finding finding, enum web_server server);

/* By what a web server calls itself ("lighttpd/1.4.69", "Apache"). */
enum web_server web_server_named(const char *name);
const char *web_server_name(enum web_server server);

/* The finding called CODE (LEN bytes), or FINDINGS. */
enum finding finding_called(const char *code, unsigned long len);

#endif

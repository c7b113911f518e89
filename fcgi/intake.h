/* Intake: gathers the records of one request from the bytes of a connection,
 * however they are cut, and answers by itself what libfcgi must not see: other
 * versions and roles, management records, a second BEGIN.
 *
 * It walks only the eight-byte headers (FastCGI Specification 3.3); what the
 * records hold is for request.h. It knows no sockets and never blocks. */
#ifndef EARSHOT_INTAKE_H
#define EARSHOT_INTAKE_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum intake_verdict {
    INTAKE_MORE,    /* nothing to do before more bytes come */
    INTAKE_REQUEST, /* one request is whole: intake_request() */
    INTAKE_ABORTED, /* the peer gave the current request up */
    INTAKE_CLOSE,   /* the peer does not speak FastCGI: close */
};

enum intake_state {
    INTAKE_IDLE,   /* before BEGIN_REQUEST */
    INTAKE_PARAMS, /* the parameters are coming */
    INTAKE_BODY,   /* the body is coming */
    INTAKE_WHOLE,  /* the request is whole, and being served */
};

struct intake {
    struct bytes
        buffer; /* [0, taken) the request, [scan, len) to be looked at */
    size_t taken;
    size_t scan;
    size_t last;       /* where the last record of the request begins */
    size_t params_len; /* content so far */
    size_t body_len;
    enum intake_state state;
    uint16_t request_id;
    bool keep;             /* the connection outlives the request */
    bool params_too_large; /* what was too much has been left out */
    bool body_too_large;
    struct bytes replies; /* records to be sent to the peer */
};

struct intake_limits {
    size_t params_max; /* RECORD_CONTENT_MAX at most: they end up in one */
    size_t body_max;
};

void intake_fini(struct intake *intake);

/* Adds what was read. */
void intake_feed(struct intake *intake, const void *data, size_t len);

/* Looks at what is there up to the first thing to be done. While a request is
 * whole only what a held request's peer may say is looked at. */
enum intake_verdict intake_next(struct intake *intake,
                                const struct intake_limits *limits);

/* After INTAKE_REQUEST: the records of the request, BEGIN_REQUEST to the empty
 * STDIN, for libfcgi. Valid until the next call. */
const char *intake_request(const struct intake *intake, size_t *len);

/* The request's records are not needed any more (it is still being served). */
void intake_drop_request(struct intake *intake);

/* The request has been answered: the next may begin. */
void intake_finish(struct intake *intake);

/* True when nothing of a request has come yet. */
bool intake_is_idle(const struct intake *intake);

#endif

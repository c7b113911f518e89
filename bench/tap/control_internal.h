/* What control.c and follow.c share. */
#ifndef EARSHOT_TAP_CONTROL_INTERNAL_H
#define EARSHOT_TAP_CONTROL_INTERNAL_H

#include "base/bytes.h"
#include "control.h"
#include "record.h"

#include <stdbool.h>
#include <sys/queue.h>

struct evhttp_request;
struct evkeyvalq;
struct waiter;

TAILQ_HEAD(waiters, waiter);

struct control {
    struct event_base *base;
    struct evhttp *http;
    struct relay *relay;
    struct records *records;
    char *relay_url;
    struct waiters waiters; /* who asked for the log, and waits */
    size_t waiter_count;
};

/* Answers with BODY, a line of JSON, and ends BODY. */
void control_answer(struct evhttp_request *request, int status,
                    struct bytes *body);

/* Answers with a sentence and a code. */
void control_refuse(struct evhttp_request *request, int status,
                    const char *code, const char *sentence);

/* A parameter that is a decimal number from LOW to HIGH; *NUMBER stays as it
 * is where there is none. False: it is not that, and that has been answered. */
__attribute__((warn_unused_result)) bool
control_number(struct evhttp_request *request, const struct evkeyvalq *query,
               const char *name, double low, double high, double *number);

/* follow.c: GET /tap/log. TAG is a valid pattern. */
void follow_log(struct control *control, struct evhttp_request *request,
                const struct evkeyvalq *query, const char *tag);
void follow_init(struct control *control);
void follow_fini(struct control *control); /* answers all that wait */

#endif

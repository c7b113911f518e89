/* The publishers of one thread, and when they publish.
 *
 * In an open loop messages are due by the schedule, whatever is answered; when
 * every connection is busy they wait, and still count from when they were due.
 * In a closed loop each publisher sends the next when the last was answered. */
#ifndef EARSHOT_BENCH_PRESS_H
#define EARSHOT_BENCH_PRESS_H

#include "drive/answer.h"
#include "drive/wire.h"
#include "drive/worker.h"
#include "measure/schedule.h"
#include "client/frames_client.h"

#include <stdatomic.h>

struct entrance;
struct plan;
struct press;

struct publisher {
    struct press *press;
    struct publisher *next_idle;
    bool is_idle;
    bool has_message; /* one is under way */
    bool is_good;     /* its answer's status */
    unsigned failures;
    uint32_t sequence;
    int64_t due_ns;
    int64_t sent_ns;
    char *message; /* the plan's size, and a NUL */
    char *body;    /* what is sent of it … */
    size_t body_left;
    struct curl_slist connect_to;
    struct curl_slist no_expect; /* before the headers */
    char alias[ALIAS_SIZE];
    struct event pause;
    struct transfer transfer; /* by curl */
    struct bytes request;     /* by plain HTTP … */
    struct answer answer;
    struct wire wire;

    struct frames_client frames; /* by WebSocket */
    bool is_open;
};

/* By what publishers speak. */
struct publishing {
    void (*open)(struct publisher *publisher);
    void (*send)(struct publisher *publisher, uint32_t channel);
    void (*close)(struct publisher *publisher);
};
extern const struct publishing publishing_plain; /* POST, plain HTTP/1 */
extern const struct publishing publishing_post;  /* POST, by curl */
extern const struct publishing publishing_ws;

struct press {
    struct worker worker;
    const struct plan *plan;
    const struct entrance *entrance;
    const struct publishing *publishing;
    struct pool pool;
    struct curl_slist **headers; /* by channel */
    char **headers_text;         /* likewise, as they go over the wire */
    char **urls;                 /* likewise, without a token */
    struct publisher *publishers;
    int count;
    struct publisher *idle;
    int64_t idle_since_ns; /* since when one has been idle all the time */
    struct schedule schedule;
    int alarm; /* a timerfd: the next is due */
    struct event alarm_event;
    int probes; /* still to be sent */
    uint32_t next_channel;
    bool is_publishing;
    bool is_leaving;

    _Atomic int unfinished; /* messages under way, or due and not sent */
};

void press_init(struct press *press, struct run *run, int worker_number,
                int count);
void press_fini(struct press *press);

/* For `publishing`: the publisher can take a message. */
void publisher_idle(struct publisher *publisher);
/* Its message was accepted or not. It is not idle by that. */
void publisher_answered(struct publisher *publisher, bool is_accepted);
/* It will be opened, or be idle, again after a pause that grows. */
void publisher_rest(struct publisher *publisher);

#endif

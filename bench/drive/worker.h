/* A thread with its own loop, connections and histograms. What it does there is
 * its verbs' (crowd.c: subscribers; press.c: publishers). Orders come from the
 * thread that carries out the plan. */
#ifndef EARSHOT_BENCH_WORKER_H
#define EARSHOT_BENCH_WORKER_H

#include "drive/pool.h"
#include "drive/sockets.h"
#include "drive/tally.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>
#include <stdatomic.h>

struct run;
struct worker;

enum order {
    ORDER_PROBE = 1 << 0,   /* publishers: one message for each channel */
    ORDER_OWED = 1 << 1,    /* subscribers: accounts begin now */
    ORDER_PUBLISH = 1 << 2, /* the schedule is laid down */
    ORDER_UPSET = 1 << 3,   /* subscribers: the plan's upset begins */
    ORDER_DRAIN = 1 << 4,   /* the main phase is over */
    ORDER_LEAVE = 1 << 5,   /* close all, end */
};

struct worker_verbs {
    /* All three on its thread. The loop ends at ORDER_LEAVE, after it was
     * obeyed. */
    void (*begin)(struct worker *worker);
    void (*tick)(struct worker *worker, int64_t now_ns);
    void (*obey)(struct worker *worker, unsigned orders);
};

struct worker {
    struct run *run;
    const struct worker_verbs *verbs;
    struct event_base *base;
    struct opener opener;
    struct pool_watch watch;
    struct tally tally;
    char *scratch;   /* WIRE_READ_SIZE */
    int64_t turn_ns; /* when this turn of the loop had its first event; 0 */
    pthread_t thread;
    int bell;
    struct event bell_event;
    struct event tick_event;
    _Atomic unsigned orders;
    _Atomic unsigned obeyed; /* all orders so far */
    bool is_over;
};

/* NUMBER tells the run's workers apart. Not started yet. */
void worker_init(struct worker *worker, struct run *run, int number,
                 struct sockets *sockets, const struct worker_verbs *verbs);
/* After it was joined. */
void worker_fini(struct worker *worker);

void worker_start(struct worker *worker);
void worker_join(struct worker *worker);
/* From any thread. */
void worker_order(struct worker *worker, unsigned orders);

#endif

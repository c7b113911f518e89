/* What a process counts, in one row of numbers: for the other processes that
 * share the queue (queue/figures.h), which add it up with theirs, and for those
 * who look: /-/metrics and the page at /-/.
 *
 * What is counted on the hot path is a plain number of the loop's thread; the
 * row is made from it when it is told, once a second at most, and when somebody
 * looks. */
#ifndef EARSHOT_COUNTS_H
#define EARSHOT_COUNTS_H

#include "base/buckets.h"
#include "hub/subscriber.h"
#include "queue/figures.h"

enum { STATUS_CLASSES = 5 /* 1xx to 5xx */, COUNT_BUCKETS = BUCKETS + 1 };

/* Places in the row. Those with something behind them take several: one for
 * each transport, class or bucket; behind its buckets a histogram has its sum
 * in microseconds. */
enum count {
    COUNT_PUBLISHED,
    COUNT_REPEATS,
    COUNT_FAILED,
    COUNT_PRUNED,
    COUNT_LOST,
    COUNT_REFUSED,
    COUNT_DELIVERED,
    COUNT_REQUESTS = COUNT_DELIVERED + TRANSPORTS,
    COUNT_COMMIT = COUNT_REQUESTS + STATUS_CLASSES,
    COUNT_DELIVERY = COUNT_COMMIT + COUNT_BUCKETS,
    COUNT_GAUGES = COUNT_DELIVERY + TRANSPORTS * COUNT_BUCKETS,
    COUNT_CONNECTIONS = COUNT_GAUGES,
    COUNT_BEHIND,
    COUNT_WATCHERS,
    COUNT_SUBSCRIBERS,
    COUNTS = COUNT_SUBSCRIBERS + TRANSPORTS
};

extern const char *const transport_names[TRANSPORTS];

/* What each of the COUNTS places is called and how it adds up, for who opens
 * the figures to look at them only. */
const struct figure_spec *counts_specs(void);

struct counts;
struct server;

/* Begins to tell the others what SERVER counts. */
struct counts *counts_open(struct server *server);

/* Adds this process to what has ended, while the queue and the hub are still
 * there. */
void counts_close(struct counts *counts);

/* The turn is over: something may have changed. */
void counts_turn(struct counts *counts);

/* An answer with STATUS has begun. */
void counts_answer(struct server *server, int status);

/* Sums up all processes, this one as it is now. */
void counts_sum(struct counts *counts, struct figures_sum *sum);

/* The sum of SIZE places from AT on. */
int64_t counts_several(const int64_t *values, int at, int size);

/* The histogram that begins at AT. */
struct buckets counts_buckets(const int64_t *values, int at);

/* How many milliseconds ago what PROCESS tells was so, at least: a process that
 * has counted something tells it within a second. */
int64_t counts_age_ms(const struct figures_process *process);

/* The process's id on this machine; 0: it is another's, or gone, and what /proc
 * says of that number is not of it. */
int counts_pid(const struct figures_process *process);

#endif

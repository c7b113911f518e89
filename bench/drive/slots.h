/* Latency over time: the main phase in slices, each with its quantiles. Every
 * worker gives what it has measured in a slice when that is over, and goes on
 * with an empty histogram, so that none is kept for long. */
#ifndef EARSHOT_BENCH_SLOTS_H
#define EARSHOT_BENCH_SLOTS_H

#include "result.h"

#include <pthread.h>
#include <stdint.h>

struct histogram;

/* A slice that some worker has not given yet. */
struct slot_open {
    struct histogram *latency;
    int given;
};

struct slots {
    pthread_mutex_t mutex;
    int64_t length_ns;
    int workers;
    int count;
    struct slot_open open[RESULT_SLOTS_MAX];
    struct result_slot done[RESULT_SLOTS_MAX];
    struct histogram *so_far;
};

/* WORKERS are going to give slices of a phase of DURATION_NS. */
void slots_init(struct slots *slots, int64_t duration_ns, int workers);
void slots_fini(struct slots *slots);

/* The slice that a moment lies in, SINCE_NS after the phase began; what is
 * later than the phase was to be belongs to the last. */
int slots_at(const struct slots *slots, int64_t since_ns);
/* Each worker gives each slice once, upwards. LATENCY is cleared. */
void slots_give(struct slots *slots, int number, struct histogram *latency);

/* What is known so far; 0: nothing. From any thread. */
void slots_so_far(struct slots *slots, double *p50_us, double *p99_us);
/* The slices, when all is given. */
void slots_tell(const struct slots *slots, struct result *result);

#endif

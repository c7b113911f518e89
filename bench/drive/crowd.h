/* The subscribers of one worker. */
#ifndef EARSHOT_BENCH_CROWD_H
#define EARSHOT_BENCH_CROWD_H

#include "drive/worker.h"
#include "measure/schedule.h"

#include <stdatomic.h>

struct entrance;
struct plan;
struct subscriber;
struct transport;

struct crowd {
    struct worker worker;
    const struct plan *plan;
    const struct entrance *entrance;
    const struct transport *transport;
    bool is_plain;               /* they ask without curl */
    bool has_wires;              /* whoever speaks on a connection of his own */
    struct curl_slist **headers; /* by channel, shared by all of it */
    char **urls;                 /* likewise, where no cursor is in it */
    struct pool *pools;
    int pool_count;
    char *storage; /* of the subscribers, each `stride` bytes */
    size_t stride;
    int first; /* the run's number of the first */
    int count;
    int begun;      /* how many have begun at least once */
    int connecting; /* of them are not ready yet */
    int connecting_max;
    size_t buffer_bytes;
    int64_t now_ns; /* when the bytes that are being looked at were read */
    bool is_draining;
    bool is_leaving;
    struct dice dice;
    double churn_per_s;
    int64_t churn_ns; /* when the next goes; 0: nobody does */

    _Atomic int ready;
    _Atomic int greeted;  /* have got a first message since they were ready */
    _Atomic int unserved; /* in the drain phase: who still lacks something */
    _Atomic uint64_t counts; /* how often that was counted */
};

/* A crowd of COUNT, numbered from FIRST. WORKER_NUMBER is the thread's. */
void crowd_init(struct crowd *crowd, struct run *run, int worker_number,
                int first, int count, int connecting_max);
void crowd_fini(struct crowd *crowd);

struct subscriber *crowd_at(const struct crowd *crowd, int index);
/* A subscriber is ready, for the first time or after it was not; or no more. */
void crowd_ready(struct crowd *crowd, bool is_ready, bool was_connecting);

#endif

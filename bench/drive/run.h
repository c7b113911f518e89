/* A run under way: what all its threads share. Times are of its own clock:
 * CLOCK_MONOTONIC in nanoseconds, 0 when it began. */
#ifndef EARSHOT_BENCH_RUN_H
#define EARSHOT_BENCH_RUN_H

#include "drive/drive.h"
#include "drive/slots.h"

#include <stdatomic.h>
#include <stdint.h>

struct faults;
struct messages;
struct plan;
struct sockets;

struct run {
    const struct plan *plan;
    int64_t zero_ns;
    struct messages *messages;
    struct faults *faults;
    struct slots slots;
    struct sockets *subscribe_sockets;
    struct sockets *publish_sockets; /* NULL: nobody publishes */
    char **channels;
    /* For sentences: the requests as they are made on the first channel. */
    char *subscribe_url;
    char *publish_url;

    /* When the phases begin; INT64_MAX: not laid down yet. What is due from
     * main_ns until end_ns is counted. */
    _Atomic int64_t warm_ns;
    _Atomic int64_t main_ns;
    _Atomic int64_t end_ns;
    _Atomic int64_t messages_left; /* of the plan's limit */
};

int64_t run_now(const struct run *run);

/* Whether NS lies in the main phase. */
static inline bool
run_is_main(const struct run *run, int64_t ns)
{
    return ns >= atomic_load_explicit(&run->main_ns, memory_order_relaxed) &&
           ns < atomic_load_explicit(&run->end_ns, memory_order_relaxed);
}

#endif

/* Knowing its own limits: how dear a delivery is for earshot-bench itself and
 * how many it can take, measured against the bare server before a session; and
 * whether a run's figures are the server's or its own. */
#ifndef EARSHOT_BENCH_LIMITS_H
#define EARSHOT_BENCH_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

struct result;

/* What earshot-bench can do on this machine, with this many threads. All 0:
 * not known. */
struct limits {
    double cpu_us_per_delivery; /* its own, when each comes in a read of its
                                   own */
    double deliveries_per_s;    /* the most it took from a server that writes
                                   all that waits in one write */
    double busy_then;           /* its busiest thread meanwhile, 0 to 1 */
};

struct limits_settings {
    int threads;
    int subscribers; /* 0: a thousand, or what descriptors allow */
    uint64_t seed;
    bool (*must_end)(void *context); /* Ctrl-C; may be NULL */
    void *context;
};

/* Measures: starts the bare server (floor/bare-sse.c) as a child on loopback
 * and ends it again. Takes about five seconds. NULL when all is well, else a
 * sentence to be freed, and LIMITS are 0. */
char *limits_measure(const struct limits_settings *settings,
                     struct limits *limits);

/* Adds notes to RESULT, with figures, when the client was the bottleneck: its
 * thread busy, the schedule not kept, bytes read late, a rate near LIMITS'
 * (NULL: not known); and when others took of the machine. */
void limits_judge(struct result *result, const struct limits *limits);

#endif

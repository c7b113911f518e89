/* Inside of cost.h: what a session of readings keeps. cost.c reads and tells,
 * cost_find.c finds whom to read. */
#ifndef EARSHOT_BENCH_COST_INTERNAL_H
#define EARSHOT_BENCH_COST_INTERNAL_H

#include "cost/cost.h"
#include "base/process.h"
#include "cost/status.h"
#include "cost/watch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A side's memory, at one reading. */
struct cost_memory {
    double bytes;
    bool is_unknown; /* a process of it had been there before nobody knew */
};

/* All that grows, at one moment. */
struct cost_moment {
    int64_t at_ns;
    struct machine_time machine;
    int64_t own_ns;
    struct thread_time *threads; /* of our own */
    size_t thread_count;
    int64_t cpu_ns[WATCH_SIDES_MAX]; /* by side */
    int64_t switches[WATCH_SIDES_MAX];
    struct status status[STATUS_PROCESSES_MAX];
    int status_count;
    int64_t asked_ns; /* when it was answered */
};

struct cost {
    struct watch *watch;
    const struct target *target; /* or NULL: nobody is looked for */
    int64_t before_us;           /* cost_before(), by CLOCK_BOOTTIME */
    int *before_pids;            /* who was there then */
    size_t before_count;
    struct cost_memory before[WATCH_SIDES_MAX], held[WATCH_SIDES_MAX];
    double own_before, own_held;
    struct cost_moment begin, end;
    char queue_directory[512];
};

/* Looks for whom the target names now and whom its URLs reach, and adds who is
 * new. */
void cost_find_again(struct cost *cost);

/* The host and port of URL ("[::1]" without its brackets). False when it is
 * none, or too long. */
bool cost_parse_url(const char *url, char *host, size_t size, uint16_t *port);

#endif

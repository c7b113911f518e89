#include "cost/cost_internal.h"

#include "base/bytes.h"
#include "result.h"
#include "target/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

_Static_assert((int)WATCH_SIDES_MAX == (int)RESULT_SIDES_MAX,
               "each side that is watched has a place in the result");

static int64_t
clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

struct cost *
cost_new(void)
{
    struct cost *cost = xcalloc(1, sizeof *cost);
    cost->watch = watch_new();
    return cost;
}

void
cost_free(struct cost *cost)
{
    if (!cost)
        return;
    watch_free(cost->watch);
    free(cost->before_pids);
    free(cost->begin.threads);
    free(cost->end.threads);
    free(cost);
}

void
cost_add(struct cost *cost, const char *side, int pid)
{
    watch_add(cost->watch, side, pid, true);
}

int
cost_process_count(const struct cost *cost)
{
    return watch_process_count(cost->watch);
}

struct search {
    const struct watch *watch;
    int index;
    const char *side;
    int pid;
};

static void
visit_searched(void *context, int side, int pid, int64_t began_us)
{
    (void)began_us;
    struct search *search = context;
    if (search->index-- != 0)
        return;
    search->side = watch_side(search->watch, side)->name;
    search->pid = pid;
}

bool
cost_process(const struct cost *cost, int index, const char **side, int *pid)
{
    struct search search = {.watch = cost->watch, .index = index};
    watch_each(cost->watch, visit_searched, &search);
    if (!search.pid)
        return false;
    *side = search.side;
    *pid = search.pid;
    return true;
}

const char *
cost_queue_directory(const struct cost *cost)
{
    return cost->queue_directory[0] ? cost->queue_directory : NULL;
}

/* Memory of all who live, by side. Of a process that was there before but was
 * found only when the connections were held, nobody can say what they cost. */

struct measured {
    struct cost *cost;
    struct cost_memory *sides;
    bool is_held;
};

static bool
was_before(const struct cost *cost, int pid)
{
    for (size_t i = 0; i < cost->before_count; i++)
        if (cost->before_pids[i] == pid)
            return true;
    return false;
}

static void
measure_process(void *context, int side, int pid, int64_t began_us)
{
    struct measured *measured = context;
    struct cost *cost = measured->cost;
    measured->sides[side].bytes += process_memory(pid);
    if (!measured->is_held) {
        cost->before_pids =
            xrealloc(cost->before_pids,
                     (cost->before_count + 1) * sizeof *cost->before_pids);
        cost->before_pids[cost->before_count++] = pid;
    } else if (began_us < cost->before_us && !was_before(cost, pid)) {
        measured->sides[side].is_unknown = true;
    }
}

static void
measure(struct cost *cost, struct cost_memory *sides, bool is_held)
{
    cost_find_again(cost);
    watch_look(cost->watch);
    memset(sides, 0, sizeof cost->before);
    struct measured measured = {cost, sides, is_held};
    watch_each(cost->watch, measure_process, &measured);
}

void
cost_before(struct cost *cost)
{
    cost->before_count = 0;
    measure(cost, cost->before, false);
    cost->before_us = clock_ns(CLOCK_BOOTTIME) / 1000;
    cost->own_before = process_memory(getpid());
}

void
cost_held(struct cost *cost)
{
    measure(cost, cost->held, true);
    cost->own_held = process_memory(getpid());
}

/* What grows. */

static void
read_sides(const struct cost *cost, struct cost_moment *moment)
{
    for (int i = 0; i < watch_side_count(cost->watch); i++) {
        moment->cpu_ns[i] = watch_side(cost->watch, i)->cpu_ns;
        moment->switches[i] = watch_side(cost->watch, i)->switches;
    }
}

static void
read_own(struct cost_moment *moment)
{
    free(moment->threads);
    moment->threads = process_own_threads(&moment->thread_count);
    machine_time_read(&moment->machine);
    moment->own_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    moment->at_ns = clock_ns(CLOCK_MONOTONIC);
}

static void
ask_status(const struct cost *cost, struct cost_moment *moment)
{
    moment->status_count =
        cost->target && cost->target->status
            ? status_ask(cost->target->status, moment->status)
            : 0;
    moment->asked_ns = clock_ns(CLOCK_MONOTONIC);
}

/* What looking costs ourselves lies outside of the two moments. The status,
 * which may keep us waiting, has a time of its own. */
void
cost_begin(struct cost *cost)
{
    watch_look(cost->watch);
    watch_mark(cost->watch);
    read_sides(cost, &cost->begin);
    read_own(&cost->begin);
    ask_status(cost, &cost->begin);
}

void
cost_end(struct cost *cost)
{
    read_own(&cost->end);
    int before = watch_process_count(cost->watch);
    watch_look(cost->watch);
    if (watch_process_count(cost->watch) < before)
        cost_find_again(cost); /* a server that was restarted */
    read_sides(cost, &cost->end);
    ask_status(cost, &cost->end);
}

/* Telling. */

static int64_t
thread_before(const struct cost_moment *moment, int tid)
{
    for (size_t i = 0; i < moment->thread_count; i++)
        if (moment->threads[i].tid == tid)
            return moment->threads[i].cpu_ns;
    return 0;
}

static double
busiest(const struct cost *cost, double wall_ns)
{
    int64_t most = 0;
    for (size_t i = 0; i < cost->end.thread_count; i++) {
        const struct thread_time *thread = &cost->end.threads[i];
        int64_t used =
            thread->cpu_ns - thread_before(&cost->begin, thread->tid);
        if (used > most)
            most = used;
    }
    return most < wall_ns ? (double)most / wall_ns : 1;
}

static const struct status *
status_of(const struct cost_moment *moment, int pid)
{
    for (int i = 0; i < moment->status_count; i++)
        if (moment->status[i].pid == pid)
            return &moment->status[i];
    return NULL;
}

/* In WALL_NS, as many as there were between what each process had told when the
 * two answers came in that time. */
static double
commits_between(const struct cost_moment *begin, const struct cost_moment *end,
                double wall_ns)
{
    double commits = 0;
    for (int i = 0; i < end->status_count; i++) {
        const struct status *now = &end->status[i];
        const struct status *then = status_of(begin, now->pid);
        if (!then || then->commits < 0 || now->commits <= then->commits)
            continue;
        int64_t told_ns =
            end->asked_ns - now->age_ns - begin->asked_ns + then->age_ns;
        if (told_ns > 0)
            commits += (double)(now->commits - then->commits) * wall_ns /
                       (double)told_ns;
    }
    return commits;
}

static void
tell_side(const struct cost *cost, int index, struct result *result)
{
    const struct watch_side *side = watch_side(cost->watch, index);
    struct result_side *out = &result->sides[index];
    *out = (struct result_side){.processes = side->processes};
    snprintf(out->name, sizeof out->name, "%s", side->name);
    out->cpu_s =
        (double)(cost->end.cpu_ns[index] - cost->begin.cpu_ns[index]) / 1e9;
    out->context_switches =
        (double)(cost->end.switches[index] - cost->begin.switches[index]);
    if (cost->held[index].is_unknown) {
        result_note(result,
                    "What a held connection costs the %s in memory is not "
                    "known: it was found only when connections were held. "
                    "Name its process by --pid.",
                    side->name);
        return;
    }
    out->resident_before = cost->before[index].bytes;
    out->resident_held = cost->held[index].bytes;
}

void
cost_tell(const struct cost *cost, struct result *result)
{
    double wall_ns = (double)(cost->end.at_ns - cost->begin.at_ns);
    double used_ns = (double)(cost->end.own_ns - cost->begin.own_ns);
    result->side_count = watch_side_count(cost->watch);
    result->client_cpu_s = used_ns / 1e9;
    for (int i = 0; i < result->side_count; i++) {
        tell_side(cost, i, result);
        used_ns += result->sides[i].cpu_s * 1e9;
    }
    if (cost->target && !result->side_count)
        result_note(result, "What the server costs is not known: its processes "
                            "are on another machine, or another user's. Where "
                            "they are on this one, name them by --pid "
                            "SIDE=PID.");
    result->commits = commits_between(&cost->begin, &cost->end, wall_ns);
    if (result->subscribers > 0 && cost->own_held > cost->own_before)
        result->client_bytes_held =
            (cost->own_held - cost->own_before) / result->subscribers;
    if (wall_ns <= 0)
        return;
    result->client_busy = busiest(cost, wall_ns);
    double busy_ns =
        (double)(cost->end.machine.busy_ns - cost->begin.machine.busy_ns);
    double others_ns = busy_ns - used_ns;
    result->others_cpu =
        others_ns > 0 ? others_ns / (wall_ns * cost->end.machine.processors)
                      : 0;
}

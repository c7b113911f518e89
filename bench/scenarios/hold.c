/* hold: many idle subscribers, then a few messages to all of them. How many is
 * a matter of descriptors before it is one of anything else, so those are
 * counted first: ours, and those of the processes that were found. */

#include "servers/servers.h"
#include "base/bytes.h"
#include "session/bench.h"
#include "cost/cost.h"
#include "base/process.h"
#include "session/progress.h"
#include "result.h"
#include "scenario.h"
#include "command/settings.h"
#include "servers/peer.h"
#include "target/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { OURS_BESIDES = 200, MESSAGES = 10, FILE_SIZE = 4096 };

/* Servers stop taking connections before the last descriptor is gone:
 * lighttpd goes on when a fifth is free. */
static const double usable_share = 0.8;

bool
hold_suits(const struct entrance *subscribe)
{
    return strcmp(subscribe->transport, "poll") != 0;
}

static double
own_capacity(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 0;
    return (double)limit.rlim_cur - OURS_BESIDES;
}

/* How many files process PID may open; 0: nobody tells. */
static double
descriptors_of(int pid)
{
    char path[64], text[FILE_SIZE];
    snprintf(path, sizeof path, "/proc/%d/limits", pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    const char *line = strstr(text, "Max open files");
    return line ? strtod(line + strlen("Max open files"), NULL) : 0;
}

/* The sides that a subscriber's connection goes through, and how many
 * descriptors of theirs it takes: a web server in front has two, one to each
 * side of it. */
static int
descriptors_each(const struct entrance *subscribe, const char *side)
{
    bool is_direct = strcmp(subscribe->way, "direct") == 0;
    bool is_ws = strcmp(subscribe->transport, "ws") == 0;
    if (strcmp(side, "web server") == 0)
        return is_direct ? 0 : 2;
    if (strcmp(side, "program") == 0)
        return is_direct || is_ws ? 0 : 1;
    if (strcmp(side, "reference") == 0)
        return is_direct || is_ws ? 1 : 0;
    return 1;
}

/* A process that has children on its side only minds them. */
static bool
is_minder(const struct cost *cost, int index)
{
    const char *side, *other_side;
    int pid, other;
    struct process process;
    if (!cost_process(cost, index, &side, &pid))
        return true;
    for (int i = 0; cost_process(cost, i, &other_side, &other); i++)
        if (strcmp(side, other_side) == 0 && process_read(other, &process) &&
            process.parent == pid)
            return true;
    return false;
}

/* How many subscribers SIDE's processes can hold together; 0: not known, or it
 * does not matter. */
static double
side_capacity(const struct cost *cost, const struct entrance *subscribe,
              const char *wanted)
{
    const char *side;
    int pid, each = descriptors_each(subscribe, wanted);
    double sum = 0;
    for (int i = 0; each && cost_process(cost, i, &side, &pid); i++)
        if (strcmp(side, wanted) == 0 && !is_minder(cost, i))
            sum += descriptors_of(pid) * usable_share / each;
    return sum;
}

struct capacity {
    double ours;
    double theirs; /* 0: not known */
    char narrowest[32];
};

static struct capacity
count_capacity(const struct plan *plan)
{
    struct capacity capacity = {.ours = own_capacity()};
    struct cost *cost = cost_new();
    cost_find(cost, plan->target);
    const char *side;
    int pid;
    for (int i = 0; cost_process(cost, i, &side, &pid); i++) {
        double held = side_capacity(cost, plan->subscribe, side);
        if (held <= 0 || (capacity.theirs > 0 && held >= capacity.theirs))
            continue;
        capacity.theirs = held;
        snprintf(capacity.narrowest, sizeof capacity.narrowest, "%s", side);
    }
    cost_free(cost);
    return capacity;
}

/* Down to a number that people say. */
static int
round_down(double number)
{
    double step = 1;
    while (number / step >= 100)
        step *= 10;
    return (int)((long long)(number / step) * (long long)step);
}

void
hold_vary(const struct plan *base, const struct settings *settings,
          struct plans *plans)
{
    struct plan plan = *base;
    struct capacity capacity = count_capacity(base);
    double most = capacity.ours;
    if (capacity.theirs > 0 && capacity.theirs < most)
        most = capacity.theirs;
    if (settings->subscribers == SETTING_FREE && most < plan.subscribers)
        plan.subscribers = most < 1 ? 1 : round_down(most);
    plan.message_limit = MESSAGES;
    plans->add(plans, &plan);
}

struct result *
hold_run(struct bench *bench, const struct plan *plan)
{
    struct capacity capacity = count_capacity(plan);
    struct bytes theirs = BYTES_EMPTY;
    if (capacity.theirs > 0)
        bytes_printf(&theirs, "about %d at the target (its %s)",
                     round_down(capacity.theirs), capacity.narrowest);
    else
        bytes_append_string(&theirs, "at the target nobody knows how many");
    progress_say(bench->progress,
                 "hold %s %s: descriptors allow %.0f here, and %.*s; holding "
                 "%d",
                 plan->subscribe->transport, plan->subscribe->way,
                 capacity.ours, (int)theirs.len, theirs.data,
                 plan->subscribers);
    bytes_fini(&theirs);
    /* Memory that others have used and left is used again, and would not count.
     */
    const struct server *server = bench->server;
    bool is_fresh = server->peer && peer_restart(server->peer, server->target);
    struct result *result = bench_run(bench, plan);
    if (!is_fresh)
        result_note(result,
                    "The server had run before: memory that it used then and "
                    "uses again does not count. One that earshot-bench starts "
                    "begins afresh.");
    return result;
}

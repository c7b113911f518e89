#include "session/bench.h"

#include "servers/servers.h"
#include "cost/cost.h"
#include "cost/limits.h"
#include "describe.h"
#include "drive/drive.h"
#include "interrupt.h"
#include "plan.h"
#include "session/progress.h"
#include "result.h"
#include "command/settings.h"
#include "servers/peer.h"

#include <stdlib.h>
#include <string.h>

enum { SIDE_SIZE = 64 };

/* One run, for its hooks. */
struct run {
    struct bench *bench;
    struct cost *cost;
    bool has_cost; /* the main phase was read at both ends */
};

static void
on_progress(void *context, const struct drive_progress *state)
{
    struct run *run = context;
    progress_tell(run->bench->progress, state);
}

static void
on_phase(void *context, enum phase phase)
{
    struct run *run = context;
    progress_phase(run->bench->progress, phase);
    switch (phase) {
    case PHASE_CONNECT:
    case PHASE_OVER:
        break;
    case PHASE_SETTLE:
        cost_held(run->cost);
        break;
    case PHASE_WARM_UP:
        break;
    case PHASE_MAIN:
        cost_begin(run->cost);
        break;
    case PHASE_DRAIN:
        cost_end(run->cost);
        run->has_cost = true;
        break;
    }
}

static bool
on_restart(void *context)
{
    struct run *run = context;
    const struct server *server = run->bench->server;
    return server->peer && peer_restart(server->peer, server->target);
}

/* Those that the user has named come first: their word holds. */
static void
name_sides(struct cost *cost, const struct words *pids)
{
    for (size_t i = 0; i < pids->count; i++) {
        char side[SIDE_SIZE];
        size_t len = strcspn(pids->items[i], "=");
        if (len >= sizeof side)
            len = sizeof side - 1;
        memcpy(side, pids->items[i], len);
        side[len] = '\0';
        cost_add(cost, side, atoi(strchr(pids->items[i], '=') + 1));
    }
}

struct result *
bench_run(struct bench *bench, const struct plan *given)
{
    struct plan plan = *given;
    struct run run = {.bench = bench, .cost = cost_new()};
    struct result *result = result_new();
    plan.run = bench->next_run++;
    describe_run(result, &plan, bench->repeat);
    name_sides(run.cost, &bench->settings->pids);
    cost_find(run.cost, plan.target);
    cost_before(run.cost);
    const struct drive_hooks hooks = {
        .on_progress = on_progress,
        .on_phase = on_phase,
        .restart = on_restart,
        .must_end = interrupt_must_end,
        .context = &run,
    };
    bool is_good = drive_run(&plan, &hooks, result);
    if (run.has_cost)
        cost_tell(run.cost, result);
    if (is_good)
        limits_judge(result, bench->limits);
    cost_free(run.cost);
    return result;
}

#include "cost/limits.h"

#include "cost/bare.h"
#include "cost/cost.h"
#include "describe.h"
#include "drive/drive.h"
#include "plan.h"
#include "result.h"
#include "sentence.h"
#include "target/target.h"

#include <stdlib.h>
#include <sys/resource.h>

enum {
    SUBSCRIBERS = 1000,
    SPARE_DESCRIPTORS = 100,
    GENTLE_PER_S = 10000, /* deliveries a second that nobody is busy with */
    PUBLISHERS = 64,
    RUN_NUMBER = 0x0ca11b00,
};

struct calibration {
    const struct limits_settings *settings;
    struct bare bare;
    struct plan plan;
};

struct hook_context {
    struct cost *cost;
    const struct limits_settings *settings;
};

static void
on_phase(void *context, enum phase phase)
{
    struct hook_context *hook = context;
    if (phase == PHASE_MAIN)
        cost_begin(hook->cost);
    else if (phase == PHASE_DRAIN)
        cost_end(hook->cost);
}

static bool
must_end(void *context)
{
    const struct hook_context *hook = context;
    return hook->settings->must_end &&
           hook->settings->must_end(hook->settings->context);
}

/* One run of DELIVERIES_PER_S; 0: a closed loop. NULL when it went wrong. */
static struct result *
run_at(struct calibration *calibration, double deliveries_per_s)
{
    struct plan *plan = &calibration->plan;
    struct hook_context context = {cost_new(), calibration->settings};
    const struct drive_hooks hooks = {
        .on_phase = on_phase, .must_end = must_end, .context = &context};
    struct result *result = result_new();
    plan->rate_per_s = deliveries_per_s / plan->subscribers;
    plan->run++;
    describe_run(result, plan, 0);
    drive_run(plan, &hooks, result);
    cost_tell(context.cost, result);
    cost_free(context.cost);
    if (!result->problem && result->is_complete && result->deliveries_counted)
        return result;
    result_free(result);
    return NULL;
}

static int
subscribers_possible(int wanted)
{
    struct rlimit limit;
    if (!wanted)
        wanted = SUBSCRIBERS;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
        limit.rlim_cur < (rlim_t)wanted + SPARE_DESCRIPTORS)
        wanted = (int)limit.rlim_cur - SPARE_DESCRIPTORS;
    return wanted > 0 ? wanted : 1;
}

static void
lay_down(struct calibration *calibration)
{
    const struct limits_settings *settings = calibration->settings;
    const struct target *target = calibration->bare.target;
    calibration->plan = (struct plan){
        .scenario = "calibration",
        .target = target,
        .subscribe = &target->subscribe[0],
        .publish = &target->publish[0],
        .subscribers = subscribers_possible(settings->subscribers),
        .publishers = PUBLISHERS,
        .channels = 1,
        .message_bytes = 64,
        .warm_up_us = 300000,
        .main_us = 1000000,
        .patience_us = 5000000,
        .threads = settings->threads > 0 ? settings->threads : 1,
        .seed = settings->seed,
        .run = RUN_NUMBER,
    };
}

/* At a rate that leaves everyone idle between messages, each comes in a read of
 * its own. */
static bool
measure_cost(struct calibration *calibration, struct limits *limits)
{
    struct result *result = run_at(calibration, GENTLE_PER_S);
    if (!result)
        return false;
    limits->cpu_us_per_delivery =
        result->client_cpu_s * 1e6 / (double)result->deliveries_counted;
    result_free(result);
    return true;
}

/* Publishers who wait for nothing but their answers: the bare server writes
 * what waits in one write, becomes the cheaper the more there is, and lets them
 * wait only when the client does not read. */
static bool
measure_most(struct calibration *calibration, struct limits *limits)
{
    struct result *result = run_at(calibration, 0);
    if (!result)
        return false;
    limits->deliveries_per_s = result->deliveries_per_s;
    limits->busy_then = result->client_busy;
    result_free(result);
    return true;
}

char *
limits_measure(const struct limits_settings *settings, struct limits *limits)
{
    struct calibration calibration = {.settings = settings};
    *limits = (struct limits){0};
    char *problem = bare_start(&calibration.bare);
    if (problem)
        return problem;
    lay_down(&calibration);
    if (!measure_cost(&calibration, limits) ||
        !measure_most(&calibration, limits))
        problem = sentence("earshot-bench could not measure itself against "
                           "the bare server");
    bare_stop(&calibration.bare);
    return problem;
}

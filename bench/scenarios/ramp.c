/* ramp: the highest rate at which p99 stays within the bound. The rate is
 * doubled until it does not hold, the gap is halved until it is small, and what
 * came out must hold once more, for twice as long. */

#include "session/bench.h"
#include "interrupt.h"
#include "measure/histogram.h"
#include "session/progress.h"
#include "result.h"
#include "scenario.h"
#include "command/settings.h"
#include "target/target.h"

#include <string.h>

enum { STEPS_MAX = 40, CONFIRMATIONS_MAX = 5 };

static const double rate_first = 50;
static const double rate_highest = 500000;
/* How near the rate that holds and the one that does not must be. */
static const double gap = 1.08;
/* p99 of so many bounds may be an accident. */
static const double near = 4;

/* Polling at a second's interval cannot keep to fifty milliseconds: what is
 * asked of it is how fast it can be when it asks as often as it must. */
void
ramp_vary(const struct plan *base, const struct settings *settings,
          struct plans *plans)
{
    struct plan plan = *base;
    bool is_free = settings->poll_interval_s == SETTING_FREE;
    if (is_free && strcmp(plan.subscribe->transport, "poll") == 0)
        plan.poll_interval_us = (int64_t)(settings->bound_ms * 1000 / 2);
    plans->add(plans, &plan);
}

static double
p99_ms(const struct result *result)
{
    return (double)histogram_quantile(result->latency, 0.99) / 1e6;
}

static bool
holds(const struct bench *bench, const struct result *result)
{
    return result->is_complete && !result->problem && !result->lost &&
           !result->refused && histogram_count(result->latency) &&
           p99_ms(result) <= bench->settings->bound_ms;
}

static struct result *
run_at(struct bench *bench, struct plan *plan, double rate_per_s)
{
    plan->rate_per_s = rate_per_s;
    struct result *result = bench_run(bench, plan);
    progress_remark(bench->progress, "ramp: %.0f/s: p99 %.2f ms, %s",
                    rate_per_s, p99_ms(result),
                    holds(bench, result) ? "holds" : "does not hold");
    return result;
}

/* What fails by little is asked once more: on a machine that does other things,
 * too, one bad moment must not end the search. */
static bool
holds_at(struct bench *bench, struct plan *plan, double rate_per_s)
{
    bool it_holds = false, is_near = true;
    for (int i = 0; i < 2 && !it_holds && is_near && !interrupt_signal(); i++) {
        struct result *result = run_at(bench, plan, rate_per_s);
        it_holds = holds(bench, result);
        is_near =
            !result->lost && p99_ms(result) <= bench->settings->bound_ms * near;
        result_free(result);
    }
    return it_holds;
}

/* Between *LOW, which holds (0: not even the first), and *HIGH, which does
 * not. */
static void
search(struct bench *bench, struct plan *plan, double *low, double *high)
{
    double rate = bench->settings->rate_per_s;
    if (rate == SETTING_FREE)
        rate = rate_first;
    *low = 0;
    *high = 0;
    for (int i = 0; i < STEPS_MAX && !interrupt_signal(); i++) {
        if (holds_at(bench, plan, rate))
            *low = rate;
        else
            *high = rate;
        if (*high > 0 && (*high < 1 || *high <= *low * gap))
            return;
        if (*low >= rate_highest)
            return;
        rate = *high == 0  ? *low * 2
               : *low == 0 ? *high / 4
                           : (*low + *high) / 2;
    }
}

struct result *
ramp_run(struct bench *bench, const struct plan *given)
{
    struct plan plan = *given;
    double low, high, bound_ms = bench->settings->bound_ms;
    search(bench, &plan, &low, &high);
    plan.main_us = given->main_us * 2;
    if (low == 0) {
        struct result *result = run_at(bench, &plan, high > 0 ? high : 1);
        result_note(result,
                    "not even at %.3g messages a second was p99 under "
                    "%g ms.",
                    plan.rate_per_s, bound_ms);
        return result;
    }
    struct result *result = run_at(bench, &plan, low);
    for (int i = 0;
         i < CONFIRMATIONS_MAX && !interrupt_signal() && !holds(bench, result);
         i++) {
        result_free(result);
        low *= 0.9;
        result = run_at(bench, &plan, low);
    }
    if (holds(bench, result))
        result_note(result,
                    "%.0f messages a second is the highest rate that "
                    "was found to keep p99 under %g ms, to a tenth.",
                    low, bound_ms);
    else
        result_note(result,
                    "no rate was found that keeps p99 under %g ms "
                    "twice.",
                    bound_ms);
    return result;
}

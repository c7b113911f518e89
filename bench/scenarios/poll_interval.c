/* poll-interval: short polling alone, at several intervals: the longer it
 * waits, the later is what it gets; the shorter, the more of its requests come
 * for nothing. What is measured stands beside what theory says. */

#include "session/bench.h"
#include "measure/theory.h"
#include "result.h"
#include "scenario.h"
#include "command/settings.h"
#include "target/target.h"

#include <string.h>

bool
poll_interval_suits(const struct entrance *subscribe)
{
    return strcmp(subscribe->transport, "poll") == 0;
}

static void
add(const struct plan *base, const struct settings *settings,
    struct plans *plans, int64_t interval_us)
{
    struct plan plan = *base;
    plan.poll_interval_us = interval_us;
    /* Everybody asks at least once and a bit while it counts. */
    if (settings->seconds == SETTING_FREE && plan.main_us < interval_us * 6 / 5)
        plan.main_us = interval_us * 6 / 5;
    /* What arrives while it counts is then as much as what is published, and
     * each delivery pays for its share of the requests. */
    if (settings->warm_up_s == SETTING_FREE)
        plan.warm_up_us = interval_us;
    plans->add(plans, &plan);
}

void
poll_interval_vary(const struct plan *base, const struct settings *settings,
                   struct plans *plans)
{
    static const int64_t intervals_us[] = {100000, 300000, 1000000, 3000000,
                                           10000000};
    if (settings->poll_interval_s != SETTING_FREE) {
        add(base, settings, plans, base->poll_interval_us);
        return;
    }
    for (size_t i = 0; i < sizeof intervals_us / sizeof *intervals_us; i++)
        add(base, settings, plans, intervals_us[i]);
}

struct result *
poll_interval_run(struct bench *bench, const struct plan *plan)
{
    struct result *result = bench_run(bench, plan);
    struct polling_theory theory;
    const struct polling polling = {
        .interval_us = (double)plan->poll_interval_us,
        .latency = result->latency,
        .publish = result->publish,
        .messages = result->messages_counted,
        .is_poisson = plan->is_poisson,
    };
    if (result->problem || !theory_of_polling(&polling, &theory) ||
        theory.agrees)
        return result;
    result_note(result,
                "Asking every %g s gave a mean delay of %.1f ms, where theory "
                "expects %.1f ms, half the interval and a round trip: "
                "something is in the way.",
                polling.interval_us / 1e6, theory.measured_us / 1e3,
                theory.expected_us / 1e3);
    return result;
}

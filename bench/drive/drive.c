#include "drive/drive.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "drive/stage.h"
#include "plan.h"
#include "result.h"
#include "target/target.h"
#include "transport.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void
init_curl(void)
{
    curl_global_init(CURL_GLOBAL_ALL);
}

static bool
is_possible(const struct plan *plan, struct result *result)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_curl);
    if (plan->publishers && plan->channels > 1 &&
        strcmp(plan->publish->transport, "ws") == 0) {
        result_problem(result, "A WebSocket publishes to its own channel: "
                               "leave out --channels, or publish by post");
        return false;
    }
    if (!plan->subscribers || transport_find(plan->subscribe->transport))
        return true;
    result_problem(result, "There is no transport \"%s\"",
                   plan->subscribe->transport);
    return false;
}

bool
drive_run(const struct plan *plan, const struct drive_hooks *hooks,
          struct result *result)
{
    struct stage stage;
    if (!is_possible(plan, result))
        return false;
    result->began_s = (double)clock_wall_ms() / 1e3;
    bool is_set = stage_init(&stage, plan, hooks, result);
    if (is_set) {
        phases_settle(&stage);
        if (!stage.must_end)
            phases_measure(&stage);
        stage_end(&stage);
        gather(&stage);
        result->is_complete = !stage.must_end && !result->problem;
        if (hooks && hooks->on_phase)
            hooks->on_phase(hooks->context, PHASE_OVER);
    }
    stage_fini(&stage);
    return !result->problem;
}

/* Whoever asks only once need not wait as long as a crowd. */
enum { PROBE_PATIENCE_US = 5000000, PROBE_INTERVAL_US = 100000 };

static struct plan
small_plan(const struct plan *plan)
{
    struct plan small = *plan;
    small.run = plan->run ^ UINT32_C(0x80000000);
    small.subscribers = plan->subscribers ? 1 : 0;
    small.publishers = plan->publishers ? 1 : 0;
    small.channels = 1;
    small.threads = 1;
    small.rate_per_s = 0;
    small.upset = UPSET_NONE;
    if (small.poll_interval_us > PROBE_INTERVAL_US)
        small.poll_interval_us = PROBE_INTERVAL_US;
    if (small.patience_us > PROBE_PATIENCE_US)
        small.patience_us = PROBE_PATIENCE_US;
    return small;
}

char *
drive_probe(const struct plan *plan)
{
    struct result *result = result_new();
    struct plan small = small_plan(plan);
    struct stage stage;
    if (is_possible(&small, result) && stage_has_descriptors(plan, result)) {
        if (stage_init(&stage, &small, NULL, result)) {
            phases_settle(&stage);
            stage_end(&stage);
        }
        stage_fini(&stage);
    }
    char *problem = result->problem ? xstrdup(result->problem) : NULL;
    result_free(result);
    return problem;
}

#include "drive/stage.h"

#include "base/bytes.h"
#include "drive/faults.h"
#include "measure/ledger.h"
#include "plan.h"
#include "result.h"
#include "target/target.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* Descriptors of ours besides connections. */
enum { DESCRIPTORS_BESIDES = 100 };

/* Connections that come about at the same time, over all threads: fewer than
 * the shortest listen backlog in use (128). */
enum { CONNECTING_MAX = 100 };

int64_t
run_now(const struct run *run)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - run->zero_ns;
}

bool
stage_has_descriptors(const struct plan *plan, struct result *result)
{
    struct rlimit limit;
    rlim_t wanted =
        (rlim_t)(plan->subscribers + plan->publishers + DESCRIPTORS_BESIDES);
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return true;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= wanted)
        return true;
    result_problem(result,
                   "%d subscribers and %d publishers need %llu descriptors, "
                   "and this process may have %llu: raise the limit (ulimit "
                   "-Hn, LimitNOFILE=), or lower --subscribers",
                   plan->subscribers, plan->publishers,
                   (unsigned long long)wanted,
                   (unsigned long long)limit.rlim_max);
    return false;
}

static struct sockets *
find_sockets(const char *url, int count, struct result *result)
{
    char *problem = NULL;
    struct sockets *sockets = sockets_new(url, count, &problem);
    if (!sockets)
        result_problem(result, "%s", problem);
    free(problem);
    return sockets;
}

static void
name_channels(struct run *run)
{
    const struct plan *plan = run->plan;
    run->channels = xcalloc((size_t)plan->channels, sizeof *run->channels);
    for (int i = 0; i < plan->channels; i++) {
        struct bytes name = BYTES_EMPTY;
        bytes_printf(&name, "eb%08x-%d", plan->run, i);
        bytes_append_char(&name, '\0');
        run->channels[i] = name.data;
    }
}

/* Where each side goes, and that somebody is there. */
static bool
find_target(struct run *run, struct result *result)
{
    const struct plan *plan = run->plan;
    if (plan->subscribers) {
        run->subscribe_url =
            target_fill(plan->subscribe->url, run->channels[0], "");
        int count = plan->subscribers;
        if (plan->upset != UPSET_NONE)
            count *= 4; /* closed ones keep their ports for a minute */
        run->subscribe_sockets =
            find_sockets(run->subscribe_url, count, result);
        if (!run->subscribe_sockets)
            return false;
    }
    if (plan->publishers) {
        run->publish_url =
            target_fill(plan->publish->url, run->channels[0], "");
        run->publish_sockets =
            find_sockets(run->publish_url, plan->publishers, result);
        if (!run->publish_sockets)
            return false;
    }
    return true;
}

static int
least(int a, int b)
{
    return a < b ? a : b;
}

/* An open loop has one thread that publishes, so that there is one schedule. */
static void
make_workers(struct stage *stage)
{
    const struct plan *plan = stage->run.plan;
    int threads = plan->threads > 0 ? plan->threads : 1;
    stage->crowd_count = least(threads, plan->subscribers);
    stage->press_count =
        least(plan->rate_per_s > 0 ? 1 : threads, plan->publishers);
    stage->crowds = xcalloc((size_t)stage->crowd_count, sizeof *stage->crowds);
    stage->presses =
        xcalloc((size_t)stage->press_count, sizeof *stage->presses);
    for (int i = 0, first = 0; i < stage->crowd_count; i++) {
        int end =
            (int)((int64_t)plan->subscribers * (i + 1) / stage->crowd_count);
        crowd_init(&stage->crowds[i], &stage->run, i, first, end - first,
                   CONNECTING_MAX / stage->crowd_count + 1);
        first = end;
    }
    for (int i = 0, first = 0; i < stage->press_count; i++) {
        int end =
            (int)((int64_t)plan->publishers * (i + 1) / stage->press_count);
        press_init(&stage->presses[i], &stage->run, stage->crowd_count + i,
                   end - first);
        first = end;
    }
}

bool
stage_init(struct stage *stage, const struct plan *plan,
           const struct drive_hooks *hooks, struct result *result)
{
    *stage = (struct stage){.hooks = hooks, .result = result};
    struct run *run = &stage->run;
    run->plan = plan;
    run->zero_ns = run_now(run);
    atomic_init(&run->warm_ns, INT64_MAX);
    atomic_init(&run->main_ns, INT64_MAX);
    atomic_init(&run->end_ns, INT64_MAX);
    atomic_init(&run->messages_left, plan->message_limit);
    run->messages = messages_new(plan->run);
    run->faults = faults_new();
    name_channels(run);
    if (!stage_has_descriptors(plan, result) || !find_target(run, result))
        return false;
    make_workers(stage);
    slots_init(&run->slots, plan->main_us * 1000, stage_worker_count(stage));
    return true;
}

void
stage_fini(struct stage *stage)
{
    struct run *run = &stage->run;
    if (stage->crowds)
        slots_fini(&run->slots);
    for (int i = 0; i < stage->crowd_count; i++)
        crowd_fini(&stage->crowds[i]);
    for (int i = 0; i < stage->press_count; i++)
        press_fini(&stage->presses[i]);
    free(stage->crowds);
    free(stage->presses);
    for (int i = 0; i < run->plan->channels; i++)
        free(run->channels[i]);
    free(run->channels);
    free(run->subscribe_url);
    free(run->publish_url);
    sockets_free(run->subscribe_sockets);
    sockets_free(run->publish_sockets);
    faults_free(run->faults);
    messages_free(run->messages);
}

int
stage_worker_count(const struct stage *stage)
{
    return stage->crowd_count + stage->press_count;
}

struct worker *
stage_worker(struct stage *stage, int index)
{
    return index < stage->crowd_count
               ? &stage->crowds[index].worker
               : &stage->presses[index - stage->crowd_count].worker;
}

void
stage_start(struct stage *stage)
{
    stage->is_started = true;
    for (int i = 0; i < stage_worker_count(stage); i++)
        worker_start(stage_worker(stage, i));
}

void
stage_order(struct stage *stage, unsigned orders)
{
    for (int i = 0; i < stage_worker_count(stage); i++)
        worker_order(stage_worker(stage, i), orders);
}

bool
stage_has_obeyed(struct stage *stage, unsigned orders)
{
    for (int i = 0; i < stage_worker_count(stage); i++)
        if (orders & ~atomic_load(&stage_worker(stage, i)->obeyed))
            return false;
    return true;
}

void
stage_end(struct stage *stage)
{
    if (!stage->is_started)
        return;
    stage_order(stage, ORDER_LEAVE);
    for (int i = 0; i < stage_worker_count(stage); i++)
        worker_join(stage_worker(stage, i));
}

int
stage_ready(struct stage *stage)
{
    int sum = 0;
    for (int i = 0; i < stage->crowd_count; i++)
        sum += atomic_load(&stage->crowds[i].ready);
    return sum;
}

int
stage_greeted(struct stage *stage)
{
    int sum = 0;
    for (int i = 0; i < stage->crowd_count; i++)
        sum += atomic_load(&stage->crowds[i].greeted);
    return sum;
}

uint64_t
stage_deliveries(struct stage *stage)
{
    uint64_t sum = 0;
    for (int i = 0; i < stage_worker_count(stage); i++)
        sum += atomic_load(&stage_worker(stage, i)->tally.deliveries);
    return sum;
}

uint64_t
stage_accepted(struct stage *stage)
{
    uint64_t sum = 0;
    for (int i = 0; i < stage_worker_count(stage); i++)
        sum += atomic_load(&stage_worker(stage, i)->tally.accepted);
    return sum;
}

uint64_t
stage_refused(struct stage *stage)
{
    uint64_t sum = 0;
    for (int i = 0; i < stage_worker_count(stage); i++)
        sum += atomic_load(&stage_worker(stage, i)->tally.refused);
    return sum;
}

uint64_t
stage_told_lost(struct stage *stage)
{
    uint64_t sum = 0;
    for (int i = 0; i < stage_worker_count(stage); i++)
        sum += atomic_load(&stage_worker(stage, i)->tally.told_lost);
    return sum;
}

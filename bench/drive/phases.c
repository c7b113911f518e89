#include "drive/stage.h"

#include "base/bytes.h"
#include "drive/faults.h"
#include "plan.h"
#include "result.h"

#include <stdlib.h>
#include <time.h>

static const int64_t ms_ns = 1000000;
static const int64_t step_ns = 10 * 1000000;      /* looks at how it goes */
static const int64_t progress_ns = 250 * 1000000; /* tells it */
static const int64_t second_ns = 1000000000;

/* Until everybody has heard that the schedule is laid down. */
static const int64_t lead_ns = 20 * 1000000;

enum { FINAL_FAULTS_ENOUGH = 3 };

static const struct plan *
plan_of(const struct stage *stage)
{
    return stage->run.plan;
}

static void
enter(struct stage *stage, enum phase phase)
{
    stage->phase = phase;
    stage->phase_ns = run_now(&stage->run);
    stage->moved_ns = stage->phase_ns;
    stage->moves = 0;
    if (stage->hooks && stage->hooks->on_phase)
        stage->hooks->on_phase(stage->hooks->context, phase);
}

/* Of the phase, in seconds; < 0: nobody knows. */
static double
left_s(const struct stage *stage, int64_t now_ns)
{
    int64_t until_ns = INT64_MAX;
    if (stage->phase == PHASE_WARM_UP)
        until_ns = atomic_load(&stage->run.main_ns);
    else if (stage->phase == PHASE_MAIN)
        until_ns = atomic_load(&stage->run.end_ns);
    return until_ns == INT64_MAX ? -1 : (double)(until_ns - now_ns) / 1e9;
}

static void
tell(struct stage *stage, int64_t now_ns)
{
    double since_s = (double)(now_ns - stage->progress_ns) / 1e9;
    uint64_t accepted = stage_accepted(stage);
    uint64_t deliveries = stage_deliveries(stage);
    struct drive_progress progress = {
        .phase = stage->phase,
        .elapsed_s = (double)(now_ns - stage->phase_ns) / 1e9,
        .left_s = left_s(stage, now_ns),
        .subscribed = stage_ready(stage),
        .publishes_per_s = (double)(accepted - stage->last_accepted) / since_s,
        .deliveries_per_s =
            (double)(deliveries - stage->last_deliveries) / since_s,
        .lost_told = stage_told_lost(stage),
    };
    slots_so_far(&stage->run.slots, &progress.p50_us, &progress.p99_us);
    stage->last_accepted = accepted;
    stage->last_deliveries = deliveries;
    stage->progress_ns = now_ns;
    stage->hooks->on_progress(stage->hooks->context, &progress);
}

/* What must grow in this phase, or patience is lost in the end. Connections
 * that come and go are no such thing, nor are messages in a phase that asks who
 * has got none. */
static uint64_t
count_moves(struct stage *stage)
{
    switch (stage->phase) {
    case PHASE_CONNECT:
        return (uint64_t)stage_ready(stage);
    case PHASE_SETTLE:
        return (uint64_t)stage_greeted(stage) + (stage_accepted(stage) > 0);
    case PHASE_WARM_UP:
    case PHASE_MAIN:
    case PHASE_DRAIN:
    case PHASE_OVER:
        break;
    }
    return stage_deliveries(stage) + stage_accepted(stage) +
           stage_refused(stage);
}

static void
look(struct stage *stage, int64_t now_ns)
{
    const struct drive_hooks *hooks = stage->hooks;
    if (hooks && hooks->on_progress &&
        now_ns - stage->progress_ns >= progress_ns)
        tell(stage, now_ns);
    if (hooks && hooks->must_end && hooks->must_end(hooks->context))
        stage->must_end = true;
    uint64_t moves = count_moves(stage);
    if (moves > stage->moves) {
        stage->moves = moves;
        stage->moved_ns = now_ns;
    }
}

/* Sleeps for a step, or until UNTIL_NS if that is sooner. */
static void
step(struct stage *stage, int64_t until_ns)
{
    int64_t now_ns = run_now(&stage->run);
    int64_t end_ns = now_ns + step_ns < until_ns ? now_ns + step_ns : until_ns;
    end_ns += stage->run.zero_ns;
    struct timespec when = {.tv_sec = end_ns / second_ns,
                            .tv_nsec = end_ns % second_ns};
    if (end_ns > now_ns + stage->run.zero_ns)
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
    look(stage, run_now(&stage->run));
}

/* Polls hear nothing between two of them. */
static bool
is_patient(const struct stage *stage)
{
    int64_t patience_ns = plan_of(stage)->patience_us * 1000;
    int64_t least_ns = 2 * plan_of(stage)->poll_interval_us * 1000 + second_ns;
    if (patience_ns < least_ns)
        patience_ns = least_ns;
    return !stage->must_end &&
           run_now(&stage->run) - stage->moved_ns < patience_ns;
}

/* In the drain phase who wants to end waits a moment, too: what is still on its
 * way is not lost. */
static bool
is_worth_waiting(const struct stage *stage)
{
    if (stage->must_end)
        return run_now(&stage->run) - stage->phase_ns < second_ns;
    return is_patient(stage);
}

static bool
is_hopeless(struct stage *stage)
{
    return faults_count(stage->run.faults) >= FINAL_FAULTS_ENOUGH &&
           faults_have_final(stage->run.faults);
}

/* Ends the run with WHAT, and the failure that was behind it, if one was. */
static void
give_up(struct stage *stage, const char *what)
{
    char *worst = faults_worst(stage->run.faults);
    if (!stage->must_end)
        result_problem(stage->result, "%s%s%s", what, worst ? ": " : "",
                       worst ? worst : "");
    stage->must_end = true;
    free(worst);
}

static void
connect_all(struct stage *stage)
{
    int wanted = plan_of(stage)->subscribers;
    enter(stage, PHASE_CONNECT);
    stage_start(stage);
    while (stage_ready(stage) < wanted && is_patient(stage) &&
           (stage_ready(stage) || !is_hopeless(stage)))
        step(stage, INT64_MAX);
    int ready = stage_ready(stage);
    if (ready == wanted || stage->must_end)
        return;
    char what[128];
    if (ready == 0) {
        snprintf(what, sizeof what, "Nobody could subscribe");
        give_up(stage, what);
        return;
    }
    char *worst = faults_worst(stage->run.faults);
    result_problem(stage->result, "Only %d of %d could subscribe%s%s", ready,
                   wanted, worst ? ": " : "", worst ? worst : "");
    free(worst);
}

/* Everyone gets a message before anything is measured: only so is it known that
 * what is published reaches them. */
static void
settle(struct stage *stage)
{
    const struct plan *plan = plan_of(stage);
    int64_t again_ns = second_ns + 2 * plan->poll_interval_us * 1000;
    int64_t asked_ns = run_now(&stage->run);
    int ready = stage_ready(stage);
    enter(stage, PHASE_SETTLE);
    if (!plan->publishers)
        return;
    stage_order(stage, ORDER_PROBE);
    while ((stage_greeted(stage) < ready || !stage_accepted(stage)) &&
           is_patient(stage) &&
           (stage_accepted(stage) || !is_hopeless(stage))) {
        step(stage, INT64_MAX);
        if (run_now(&stage->run) - asked_ns < again_ns)
            continue;
        stage_order(stage, ORDER_PROBE);
        asked_ns = run_now(&stage->run);
    }
    char what[160];
    if (!stage_accepted(stage)) {
        give_up(stage, "Nothing could be published");
    } else if (stage_greeted(stage) < ready) {
        snprintf(what, sizeof what,
                 "%d of %d subscribers never got what was published",
                 ready - stage_greeted(stage), ready);
        give_up(stage, what);
    }
}

void
phases_settle(struct stage *stage)
{
    connect_all(stage);
    if (!stage->must_end)
        settle(stage);
}

static void
wait_until(struct stage *stage, int64_t when_ns)
{
    while (!stage->must_end && run_now(&stage->run) < when_ns)
        step(stage, when_ns);
}

static void
warm_up(struct stage *stage)
{
    const struct plan *plan = plan_of(stage);
    struct run *run = &stage->run;
    stage_order(stage, ORDER_OWED);
    while (!stage_has_obeyed(stage, ORDER_OWED))
        step(stage, run_now(run) + ms_ns);
    enter(stage, PHASE_WARM_UP);
    int64_t warm_ns = run_now(run) + lead_ns;
    int64_t main_ns = warm_ns + plan->warm_up_us * 1000;
    atomic_store(&run->warm_ns, warm_ns);
    atomic_store(&run->end_ns, main_ns + plan->main_us * 1000);
    atomic_store(&run->main_ns, main_ns);
    stage_order(stage, ORDER_PUBLISH);
    wait_until(stage, main_ns);
}

static bool
is_publishing(struct stage *stage)
{
    int unfinished = 0;
    for (int i = 0; i < stage->press_count; i++)
        unfinished += atomic_load(&stage->presses[i].unfinished);
    return unfinished > 0;
}

/* Whether somebody lacks something, or did when it was counted before COUNTS
 * (each crowd's) were reached. */
static bool
is_unserved(struct stage *stage, const uint64_t *counts)
{
    for (int i = 0; i < stage->crowd_count; i++) {
        struct crowd *crowd = &stage->crowds[i];
        if (atomic_load(&crowd->counts) < counts[i] ||
            atomic_load(&crowd->unserved))
            return true;
    }
    return false;
}

/* From when on nobody may lack anything: what is being counted by now counts
 * what was accepted before. */
static uint64_t *
note_counts(struct stage *stage)
{
    uint64_t *counts = xcalloc((size_t)stage->crowd_count + 1, sizeof *counts);
    for (int i = 0; i < stage->crowd_count; i++)
        counts[i] = atomic_load(&stage->crowds[i].counts) + 2;
    return counts;
}

static bool
is_exhausted(const struct stage *stage)
{
    return plan_of(stage)->message_limit &&
           atomic_load(&stage->run.messages_left) <= 0;
}

/* A phase of so many messages is over when they have come. */
static bool
has_come(struct stage *stage, uint64_t **counts)
{
    if (!is_exhausted(stage) || is_publishing(stage))
        return false;
    if (!*counts)
        *counts = note_counts(stage);
    return !is_unserved(stage, *counts);
}

static void
upset_in_the_middle(struct stage *stage)
{
    const struct drive_hooks *hooks = stage->hooks;
    if (plan_of(stage)->upset == UPSET_CUT)
        stage_order(stage, ORDER_UPSET);
    if (plan_of(stage)->upset != UPSET_RESTART)
        return;
    faults_set_away(stage->run.faults);
    if (!hooks || !hooks->restart || !hooks->restart(hooks->context))
        result_problem(stage->result,
                       "The server could not be restarted: only one that "
                       "earshot-bench has started itself can be (--self, "
                       "--target run:NAME)");
}

static void
measure(struct stage *stage)
{
    struct run *run = &stage->run;
    enum upset upset = plan_of(stage)->upset;
    int64_t main_ns = atomic_load(&run->main_ns);
    int64_t end_ns = atomic_load(&run->end_ns);
    int64_t middle_ns = main_ns + (end_ns - main_ns) / 2;
    bool is_upset = upset != UPSET_CUT && upset != UPSET_RESTART;
    uint64_t *counts = NULL;
    /* Before the hook, which may take its time to read what others cost. */
    if (run->subscribe_sockets)
        sockets_count(run->subscribe_sockets);
    enter(stage, PHASE_MAIN);
    if (is_upset && upset != UPSET_NONE)
        stage_order(stage, ORDER_UPSET);
    while (!stage->must_end && run_now(run) < end_ns &&
           !has_come(stage, &counts)) {
        step(stage, is_upset ? end_ns : middle_ns);
        if (is_upset || run_now(run) < middle_ns)
            continue;
        is_upset = true;
        upset_in_the_middle(stage);
    }
    free(counts);
    int64_t now_ns = run_now(run);
    if (now_ns < end_ns)
        atomic_store(&run->end_ns, now_ns);
    if (run->subscribe_sockets)
        stage->traffic = sockets_counted(run->subscribe_sockets);
}

static void
drain(struct stage *stage)
{
    enter(stage, PHASE_DRAIN);
    stage_order(stage, ORDER_DRAIN);
    while (!stage_has_obeyed(stage, ORDER_DRAIN))
        step(stage, run_now(&stage->run) + ms_ns);
    while (is_publishing(stage) && is_worth_waiting(stage))
        step(stage, INT64_MAX);
    uint64_t *counts = note_counts(stage);
    while (is_unserved(stage, counts) && is_worth_waiting(stage))
        step(stage, INT64_MAX);
    free(counts);
}

void
phases_measure(struct stage *stage)
{
    warm_up(stage);
    if (!stage->must_end)
        measure(stage);
    drain(stage);
}

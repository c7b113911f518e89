/* Carries out a plan: workers, each a thread with its own loop, connections and
 * histograms, go together through the phases
 *
 *   connect ─▶ settle ─▶ warm-up ─▶ main ─▶ drain ─▶ over
 *
 * and what they found is merged into one result. Connect ends when everyone is
 * subscribed; settle when everyone has got a first message; drain when everyone
 * has all that was accepted, or nothing moves for the plan's patience. */
#ifndef EARSHOT_BENCH_DRIVE_H
#define EARSHOT_BENCH_DRIVE_H

#include <stdbool.h>
#include <stdint.h>

struct plan;
struct result;

enum phase {
    PHASE_CONNECT,
    PHASE_SETTLE,
    PHASE_WARM_UP,
    PHASE_MAIN,
    PHASE_DRAIN,
    PHASE_OVER
};

/* How it goes, told about four times a second, on the calling thread. */
struct drive_progress {
    enum phase phase;
    double elapsed_s; /* of the phase */
    double left_s;    /* < 0: unknown */
    int subscribed;
    double publishes_per_s; /* lately */
    double deliveries_per_s;
    double p50_us; /* so far; 0: nothing yet */
    double p99_us;
    uint64_t lost_told;
};

struct drive_hooks {
    void (*on_progress)(void *context, const struct drive_progress *progress);
    /* The phase begins. Cost is read here, on the calling thread. */
    void (*on_phase)(void *context, enum phase phase);
    /* UPSET_RESTART: restarts the server; false when it cannot. */
    bool (*restart)(void *context);
    /* True: end now with what there is (Ctrl-C). Asked often; cheap. */
    bool (*must_end)(void *context);
    void *context;
};

/* Runs on the calling thread and PLAN's workers. What goes wrong stands in
 * RESULT (`problem`, `is_complete`). False when it has a problem. */
bool drive_run(const struct plan *plan, const struct drive_hooks *hooks,
               struct result *result);

/* Asks once for what PLAN is going to need: reaches the target, publishes and
 * subscribes. NULL when all is well, else a sentence (to be freed; without its
 * final stop) that says what is wrong and what to do: unreachable, 404, HTML,
 * no WebSocket there, too few descriptors. */
char *drive_probe(const struct plan *plan);

#endif

/* All of a run in one place: its workers, and the phases that they go through
 * together (phases.c). Made and taken down by stage.c, read out by gather.c. */
#ifndef EARSHOT_BENCH_STAGE_H
#define EARSHOT_BENCH_STAGE_H

#include "drive/crowd.h"
#include "drive/press.h"
#include "drive/run.h"

#include <stdbool.h>

struct plan;
struct result;

struct stage {
    struct run run;
    const struct drive_hooks *hooks;
    struct result *result;
    struct crowd *crowds;
    int crowd_count;
    struct press *presses;
    int press_count;
    bool is_started;
    bool must_end;

    enum phase phase;
    int64_t phase_ns;    /* when it began */
    int64_t progress_ns; /* when it was told last */
    uint64_t last_accepted;
    uint64_t last_deliveries;
    uint64_t moves; /* when last looked at … */
    int64_t moved_ns;
    struct traffic traffic; /* of the main phase */
};

/* Raises the limit of descriptors. False, with RESULT's problem, when PLAN
 * needs more. */
bool stage_has_descriptors(const struct plan *plan, struct result *result);

/* False, with the result's problem, when PLAN cannot be begun. */
bool stage_init(struct stage *stage, const struct plan *plan,
                const struct drive_hooks *hooks, struct result *result);
void stage_fini(struct stage *stage);

void stage_start(struct stage *stage);
/* Orders to crowds and presses; not waited for. */
void stage_order(struct stage *stage, unsigned orders);
bool stage_has_obeyed(struct stage *stage, unsigned orders);
/* All leave; when it returns, their threads are over. */
void stage_end(struct stage *stage);

struct worker *stage_worker(struct stage *stage, int index);
int stage_worker_count(const struct stage *stage);

/* Sums over all workers, at any time. */
int stage_ready(struct stage *stage);
int stage_greeted(struct stage *stage);
uint64_t stage_deliveries(struct stage *stage);
uint64_t stage_accepted(struct stage *stage);
uint64_t stage_refused(struct stage *stage);
uint64_t stage_told_lost(struct stage *stage);

/* The phases (phases.c). */
void phases_settle(struct stage *stage);  /* connect, settle */
void phases_measure(struct stage *stage); /* warm-up, main, drain */

/* Writes what was found into the result (gather.c). */
void gather(struct stage *stage);

#endif

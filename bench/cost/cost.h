/* What a run costs: processor time, memory, context switches of the server's
 * processes, by side, and of our own; and what others took of the machine. All
 * from /proc. The sides are named by the user (--pid), by the target's file, or
 * found: who listens on the target's port, and whom /-/status names. */
#ifndef EARSHOT_BENCH_COST_H
#define EARSHOT_BENCH_COST_H

#include <stdbool.h>

struct result;
struct target;
struct entrance;

struct cost;

struct cost *cost_new(void);
void cost_free(struct cost *cost);

/* PID, its threads and all its descendants are SIDE's from now on. */
void cost_add(struct cost *cost, const char *side, int pid);
/* Finds by itself whom the requests to the entrances of TARGET reach: on this
 * machine, and as far as /proc may be read. */
void cost_find(struct cost *cost, const struct target *target);
int cost_process_count(const struct cost *cost);

/* Readings, in this order; each is cheap and waits for nothing. */
void cost_before(struct cost *cost); /* nobody is connected */
void cost_held(struct cost *cost);   /* everybody is subscribed */
void cost_begin(struct cost *cost);  /* the main phase begins … */
void cost_end(struct cost *cost);    /* … and ends */

/* Fills RESULT's sides, client_…, others_cpu. */
void cost_tell(const struct cost *cost, struct result *result);

#endif

/* What a run costs: processor time, memory, context switches of the server's
 * processes, by side, and of our own; and what others took of the machine. The
 * sides are named by the user (--pid), by the target's file, or found: who
 * listens on the target's port, whom it has connections to, and whom /-/status
 * names.
 *
 * Processor time is the scheduler's, of all threads, those that have ended
 * included; of children that came and ended between two readings it is what
 * their parent was told of them (10 ms off at most). Switches are those of the
 * threads that live. Memory is what belongs to the processes alone and their
 * share of the rest (Pss), or, where /proc does not tell that, what is
 * resident; the kernel's memory for sockets is in neither. */
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
 * machine, and as far as /proc may be read. Whom TARGET names, and who was
 * added before, stays what it was named. It looks again at the readings below,
 * for a server may be restarted and shows whom it asks only while it does;
 * TARGET must live as long. */
void cost_find(struct cost *cost, const struct target *target);
int cost_process_count(const struct cost *cost);
/* The process at INDEX (0 …) of those that lived when they were last looked at,
 * and its side. False beyond the last. */
bool cost_process(const struct cost *cost, int index, const char **side,
                  int *pid);

/* Readings, in this order, on a thread that may wait some milliseconds (the
 * target's status is asked, where it has one). */
void cost_before(struct cost *cost); /* nobody is connected */
void cost_held(struct cost *cost);   /* everybody is subscribed */
void cost_begin(struct cost *cost);  /* the main phase begins … */
void cost_end(struct cost *cost);    /* … and ends */

/* Fills RESULT's sides, client_…, others_cpu, commits. Its number of
 * subscribers must be there. */
void cost_tell(const struct cost *cost, struct result *result);

/* The directory in which the target's queue lies, as its status tells, or NULL
 * (for disk.h). */
const char *cost_queue_directory(const struct cost *cost);

#endif

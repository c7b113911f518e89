/* Ctrl-C: the first asks for an end with what was measured so far, the second
 * ends at once. SIGTERM and SIGHUP are the same. */
#ifndef EARSHOT_BENCH_INTERRUPT_H
#define EARSHOT_BENCH_INTERRUPT_H

#include <stdbool.h>

/* From now on the signals are ours. A second one ends the process on the spot,
 * with 128 and the signal's number. */
void interrupt_catch(void);

/* The signal that has come; 0: none yet. Cheap. */
int interrupt_signal(void);
/* The same for hooks; CONTEXT is not looked at. */
bool interrupt_must_end(void *context);

#endif

/* Several processes on one queue, started by one: a parent that serves nobody
 * and holds what is listened on, and its children, one for each core.
 *
 * A child that dies is replaced at once, one that dies as it starts after a
 * pause that grows. What tells the parent to stop or to reopen its log is
 * passed on; when the parent dies the kernel tells its children to stop. */
#ifndef EARSHOT_PROCESSES_H
#define EARSHOT_PROCESSES_H

#include <stdbool.h>

struct options;
struct spread;

/* Makes what serves on the LISTENERS as many processes as OPTIONS ask for.
 *
 * True in each process that is now to serve: this one, with *SPREAD NULL, when
 * there is to be one only; else the children, with their place among the
 * others. False in the parent: it was told to stop, all its children have
 * ended, and *STATUS is how to exit; or the start failed, which has been
 * logged. Before any thread, queue or event loop is made. */
__attribute__((warn_unused_result)) bool
processes_start(struct options *options, int listener_count,
                const int *listeners, struct spread **spread, int *status);

#endif

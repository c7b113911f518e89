/* The bare SSE server (floor/bare-sse.c) as a child of ours, on loopback. */
#ifndef EARSHOT_BENCH_BARE_H
#define EARSHOT_BENCH_BARE_H

#include <stdbool.h>

struct target;

struct bare {
    int pid;
    struct target *target;
};

/* Starts it: the one that lies beside this program, else the installed one.
 * NULL when it listens, else a sentence to be freed. */
char *bare_start(struct bare *bare);
void bare_stop(struct bare *bare);

#endif

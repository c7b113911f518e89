/* Whom to measure: the servers that the command line names, started where that
 * was asked for; or what ./demo serves. */
#ifndef EARSHOT_BENCH_AIM_H
#define EARSHOT_BENCH_AIM_H

#include <stdbool.h>

struct settings;
struct started;
struct target;

struct aim {
    struct target *target;
    struct started *started; /* NULL: somebody else's server */
    bool has_direct;         /* its direct ways may be asked */
};

struct aims {
    struct aim *items;
    int count;
};

/* Opens all of them; false with a sentence in *PROBLEM (to be freed), and then
 * none is open. */
__attribute__((warn_unused_result)) bool
aims_open(struct aims *aims, const struct settings *settings, char **problem);

/* Ends what was started. */
void aims_close(struct aims *aims);

#endif

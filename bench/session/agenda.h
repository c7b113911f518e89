/* What is going to be run, and in which order: the scenarios that were asked
 * for, at each target, over each of its entrances that were asked for, and the
 * whole as often as was asked for, A B C A B C. */
#ifndef EARSHOT_BENCH_SESSION_AGENDA_H
#define EARSHOT_BENCH_SESSION_AGENDA_H

#include "plan.h"

struct server;
struct servers;
struct scenario;
struct settings;

struct item {
    const struct scenario *scenario;
    struct server *server;
    int repeat;
    bool is_done; /* a file of results has it already, or it cannot be */
    struct plan plan;
};

struct agenda {
    struct item *items;
    int count;
    double seconds; /* of all main phases and warm-ups together */
};

/* False, with a sentence in *PROBLEM (to be freed), when nothing is left: no
 * target has such a transport or way. SEED is the first repeat's. */
__attribute__((warn_unused_result)) bool
agenda_make(struct agenda *agenda, const struct settings *settings,
            const struct servers *servers, uint64_t seed, char **problem);
/* About how long it measures. */
double item_seconds(const struct item *item);
void agenda_fini(struct agenda *agenda);

#endif

/* Which figures a table of a scenario shows. */
#ifndef EARSHOT_BENCH_COLUMNS_H
#define EARSHOT_BENCH_COLUMNS_H

#include "results/figures.h"

struct column {
    enum figure figure;
    const char *head;
    const char *unit;
    double scale; /* what is shown is the figure times this */
};

/* What the scenario is about, as one sentence. */
const char *columns_about(const char *scenario);
/* COUNT columns, the most telling first. A word that is not known gets those
 * of `latency'. */
const struct column *columns_of(const char *scenario, int *count);

#endif

/* Cells: the repeats of one measurement together, and what its figures are
 * over them: the median, and how far they lie apart. Tables, findings and
 * reports tell of cells, never of one lucky run. */
#ifndef EARSHOT_BENCH_CELLS_H
#define EARSHOT_BENCH_CELLS_H

#include "results/figures.h"

#include <stdbool.h>
#include <stdint.h>

struct result;
struct results;
struct histogram;

struct cell {
    /* Its configuration: that of any of its runs. */
    const struct result *like;
    const struct result **runs; /* all, in the order of their repeats */
    int run_count;
    /* Those whose figures count: the complete ones; when there is none, those
     * that were interrupted. The first `good_count` of these. */
    const struct result **good;
    int good_count;
    bool is_cut; /* the figures are of interrupted runs */
};

struct cells {
    const struct results *results;
    struct cell *cells; /* those of one scenario stand together */
    int count;
};

/* RESULTS must outlive them. */
struct cells *cells_new(const struct results *results);
void cells_free(struct cells *cells);

/* A figure over the good runs of a cell. `median` is NAN when not every one of
 * them says it. */
struct spread {
    double median;
    double low;
    double high;
    int count;
};

struct spread cell_figure(const struct cell *cell, enum figure figure);
/* The same of the side called NAME. */
struct spread cell_side_cpu(const struct cell *cell, const char *name);
struct spread cell_side_memory(const struct cell *cell, const char *name);
/* Of COUNT values, which it sorts. */
struct spread spread_of(double *values, int count);

/* Over all its runs; but what an interrupted one was owed and had not got yet
 * is neither lost nor owed. */
uint64_t cell_lost(const struct cell *cell);
uint64_t cell_repeated(const struct cell *cell);
uint64_t cell_reordered(const struct cell *cell);
uint64_t cell_expected(const struct cell *cell);

/* All its good runs' latencies in one; to be freed. */
struct histogram *cell_latency(const struct cell *cell);

/* "Earshot · poll 1 s · lighttpd"; the target only WITH_TARGET. To be freed. */
char *cell_label(const struct cell *cell, bool with_target);
/* More than one target was measured. */
bool cells_have_targets(const struct cells *cells);

#endif

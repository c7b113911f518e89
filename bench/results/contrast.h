/* Contrasts: approaches that differ in one thing alone (the transport, the way
 * or the target), set side by side by one figure: which is best, which worst,
 * by how much at least, and which cannot be told from the best. */
#ifndef EARSHOT_BENCH_CONTRAST_H
#define EARSHOT_BENCH_CONTRAST_H

#include "results/figures.h"

#include <stdbool.h>

struct cell;
struct cells;

/* A figure and how sure it is: the range of the repeats; of one run, of a
 * delay the 95 % interval by its messages, and of anything else nothing is
 * known: then only a difference of a half or more is told. */
struct interval {
    double value; /* NAN: not said */
    double low;
    double high;
    bool is_guess; /* one run, and nothing is known of it */
};

struct interval interval_of(const struct cell *cell, enum figure figure);

enum factor { FACTOR_TRANSPORT, FACTOR_WAY, FACTOR_TARGET };
enum { FACTOR_COUNT = FACTOR_TARGET + 1, CONTRAST_MAX = 32 };

struct contrast {
    enum factor factor;
    enum figure figure;
    const struct cell *cells[CONTRAST_MAX]; /* from the best to the worst */
    struct interval intervals[CONTRAST_MAX];
    int count;
    /* The first so many, the best included, cannot be told from the best; all
     * of them: there is no difference to tell. */
    int alike;
    /* So many times as much is the last as the best (where more is better: the
     * other way round), at least and at most. */
    double least;
    double most;
    /* False: one that cannot be told from the best has a worse median. */
    bool is_last_worst;
};

/* All cells that differ from LIKE in FACTOR alone, by FIGURE. False when there
 * are fewer than two that say it, or when an earlier cell of CELLS would give
 * the same contrast. Short polling has no place where delays are set side by
 * side: its delay is what its interval was chosen to be. */
bool contrast_make(const struct cells *cells, const struct cell *like,
                   enum factor factor, enum figure figure,
                   struct contrast *contrast);

/* How telling it is: 0 when no difference can be told. */
double contrast_score(const struct contrast *contrast);

#endif

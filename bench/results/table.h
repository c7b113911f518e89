/* What a terminal is told: a table for each scenario, its approaches as rows,
 * and below it what must be known to read it. A run that lost messages says so
 * first. 100 columns at most. */
#ifndef EARSHOT_BENCH_RESULTS_TABLE_H
#define EARSHOT_BENCH_RESULTS_TABLE_H

#include <stdbool.h>
#include <stdio.h>

struct results;

/* WITH_COLOUR: FILE is a terminal. */
void table_print(FILE *file, const struct results *results, bool with_colour);

#endif

/* The report: one HTML file that holds everything it needs, and the results
 * themselves as JSON. */
#ifndef EARSHOT_BENCH_REPORT_H
#define EARSHOT_BENCH_REPORT_H

#include <stdbool.h>
#include <stdio.h>

struct results;

/* Writes the page; false when that failed. */
bool report_write(FILE *file, const struct results *results);
/* Writes beside PATH and renames. False with a sentence in *PROBLEM (to be
 * freed). */
bool report_save(const char *path, const struct results *results,
                 char **problem);

#endif

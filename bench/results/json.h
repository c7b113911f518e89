/* The results of one command as a file: JSON, schema 1. A file holds the
 * machine, the settings and any number of runs with everything that is in a
 * `struct result`, histograms included, so that a report, a table and a
 * comparison can be made from the file alone, today or in a year.
 *
 *   {"schema": 1, "machine": {…}, "settings": {…}, "runs": [{…}, …]}
 *
 * Names end with their unit. A percentile that may not be said (fewer than
 * RESULT_BEYOND messages beyond it) is null. A histogram is
 * {"count", "min", "mean", "p50", …, "steps": [ns, count, ns, count, …]}: the
 * figures in microseconds, the steps' values in nanoseconds, each but the first
 * as its distance from the one before. */
#ifndef EARSHOT_BENCH_RESULTS_JSON_H
#define EARSHOT_BENCH_RESULTS_JSON_H

#include "result.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct results;
struct machine;

enum results_detail {
    RESULTS_WHOLE, /* every step of every histogram: at most 0.1 % off */
    RESULTS_COARSE /* one step for eight: 1 %, and an eighth of the size */
};

/* What one command, or several whose files were merged, has found. */
struct results {
    struct machine *machine; /* never NULL; see machine.h */
    char *command_line;      /* or NULL */
    char *began;             /* "2026-11-23T08:15:00Z", or NULL */
    uint64_t seed;
    double calibration_cpu_us; /* the client's own, per delivery; 0: not
                                  measured */
    double calibration_deliveries_per_s; /* the most that it took from a server
                                            that does nothing else; likewise */
    struct result **runs; /* in the order in which they were run */
    int run_count;
};

/* Empty, of a machine about which nothing is known yet. */
struct results *results_new(void);
void results_free(struct results *results);

/* RESULT is RESULTS' from now on. */
void results_add(struct results *results, struct result *result);
/* Moves the runs of FROM behind those of INTO and frees FROM; machine and
 * settings of INTO stay, and are FROM's where INTO has none. */
void results_merge(struct results *into, struct results *from);
/* The complete run of the same configuration (see result_is_alike()) and
 * repeat, or NULL: what an interrupted command need not do again. */
const struct result *results_find(const struct results *results,
                                  const struct result *like);
/* The same scenario, transport, way, target, publishing, numbers of
 * subscribers, publishers and channels, rate (not in `ramp`, which finds it),
 * size and poll interval: repeats of one measurement. */
bool result_is_alike(const struct result *a, const struct result *b);

/* Writes to an open file; false when that failed. */
bool results_write(FILE *file, const struct results *results,
                   enum results_detail detail);
/* Writes beside PATH and renames: PATH is always whole, also when the power
 * goes. False with a sentence in *PROBLEM (to be freed). */
bool results_save(const char *path, const struct results *results,
                  char **problem);
/* NULL with a sentence in *PROBLEM (to be freed). */
struct results *results_read(const char *name, const char *json, size_t len,
                             char **problem);
struct results *results_read_file(const char *path, char **problem);

#endif

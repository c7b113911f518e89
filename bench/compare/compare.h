/* earshot-bench compare: what has changed from one file of results to another.
 *
 * Measurements of the same configuration (result_is_alike()) are compared, the
 * first repeat of A with the first of B and so on. A verdict needs ten pairs
 * (REPEATS_FOR_A_VERDICT) that were run in turn, A B A B, so that whatever
 * happens to a machine meets both; otherwise there are medians and ranges, and
 * no verdict.
 *
 * The interval behind each figure's change is that figure's own, 95 %. The
 * verdict is stricter, for it speaks of all figures at once: a regression is a
 * figure that is worse by more than the bound with so much certainty that a
 * program compared with itself would be accused of one, in any of its figures,
 * in at most one comparison of twenty (measure/repeats.h says how). So a figure
 * whose own interval lies beyond the bound may still be none. What is judged is
 * what users feel and pay for (judged figures are marked); the others, most of
 * which say the same again or are the accidents of a single message, are only
 * printed.
 *
 * Messages that B lost, repeated or disordered, where A did not, are a
 * regression without any statistics. */
#ifndef EARSHOT_BENCH_COMPARE_COMPARE_H
#define EARSHOT_BENCH_COMPARE_COMPARE_H

#include <stdbool.h>
#include <stdio.h>

struct results;
struct comparison;

enum compare_status {
    COMPARE_NO_REGRESSION = 0, /* or no verdict */
    COMPARE_PROBLEM = 1,       /* as of every other command */
    COMPARE_REGRESSION = 3
};

/* Of two files, with BOUND 0.05 for 5 %; both must outlive it. */
struct comparison *comparison_new(const struct results *a,
                                  const struct results *b, double bound);
void comparison_free(struct comparison *comparison);

/* NAME_A and NAME_B are the files'. Ends with the verdict. */
void comparison_print(FILE *file, const struct comparison *comparison,
                      const char *name_a, const char *name_b, bool with_colour);

/* How many measurements both have, and how many of their figures were judged
 * (0: there is no verdict), and found worse beyond the bound. */
int comparison_measurements(const struct comparison *comparison);
int comparison_judged(const struct comparison *comparison);
int comparison_regressions(const struct comparison *comparison);

/* The command: reads both files, prints to OUT, what is wrong to PROBLEMS.
 * Returns what the program exits with (enum compare_status). */
int compare_command(const char *path_a, const char *path_b,
                    double bound_percent, FILE *out, FILE *problems);

#endif

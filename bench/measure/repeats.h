/* What repeats of one measurement prove: by how much two programs differ, how
 * sure that is, and whether one of them may be called worse.
 *
 * Pairs. Repeat i of A and repeat i of B were run one after the other, so what
 * changes slowly on a machine meets both alike; every function here takes them
 * as pairs.
 *
 * Many figures. A comparison has dozens of figures. With an interval of 95 %
 * each, one in twenty of those that have not changed would look as if it had,
 * so nearly every comparison of a program with itself would raise an alarm.
 * repeats_judge() therefore answers for all figures at once: when none has
 * become worse by more than the bound, it says in at most ALPHA of comparisons
 * that any has, however many there are and whatever they have in common.
 *
 * All numbers are drawn from a seed: the same repeats give the same answer. */
#ifndef EARSHOT_BENCH_REPEATS_H
#define EARSHOT_BENCH_REPEATS_H

#include <stdbool.h>
#include <stdint.h>

/* With fewer, ranges are all that may be said. */
enum { REPEATS_FOR_A_VERDICT = 10 };

/* How many times as large as A B is, and the interval of that. */
struct change {
    double ratio;
    double low;
    double high;
};

/* The median of the pairs' ratios, which a drift that meets both alike does not
 * touch, as it would the ratio of two medians. The interval holds the true
 * ratio with 95 % confidence: percentile bootstrap over the pairs. All values
 * must be above 0; with COUNT below REPEATS_FOR_A_VERDICT it is too narrow to
 * be shown to anyone. */
struct change repeats_change(const double *a, const double *b, int count,
                             uint64_t seed);

/* Judges FIGURES figures at once. WORSE holds COUNT pairs for each, one figure
 * after the other: the natural logarithm of B's value over A's, negated where
 * more is better. Sets IS_BEYOND for those that are worse by more than BOUND
 * (0.05: 5 %), with an error of ALPHA (0.05) over all of them together.
 *
 * The largest of all figures' t statistics against the bound is compared with
 * those that come about when the signs of whole pairs are changed: for the same
 * pair in all figures together, so that what they have in common is kept
 * (Westfall and Young's step). It is exact where a pair's difference from the
 * bound is symmetric, as it is when A and B are the same program. */
void repeats_judge(const double *worse, int figures, int count, double bound,
                   double alpha, uint64_t seed, bool *is_beyond);

#endif

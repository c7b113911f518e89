#include "measure/repeats.h"

#include "base/bytes.h"
#include "measure/schedule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RESAMPLES = 2000 };

static int
ascending(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static double
median_of_sorted(const double *sorted, int count)
{
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

/* Repeats are few, and thousands of resamples are sorted: by insertion. */
static double
median_of(double *values, int count)
{
    for (int i = 1; i < count; i++) {
        double value = values[i];
        int at = i;
        for (; at > 0 && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
    return median_of_sorted(values, count);
}

/* The median of the RATIOS drawn anew. SCRATCH has room for all. */
static double
resampled(const double *ratios, int count, struct dice *dice, double *scratch)
{
    for (int i = 0; i < count; i++)
        scratch[i] = ratios[(int)(dice_share(dice) * count)];
    return median_of(scratch, count);
}

struct change
repeats_change(const double *a, const double *b, int count, uint64_t seed)
{
    struct dice dice;
    dice_init(&dice, seed);
    double *medians = xcalloc(RESAMPLES, sizeof *medians);
    double *ratios = xcalloc((size_t)count, sizeof *ratios);
    double *scratch = xcalloc((size_t)count, sizeof *scratch);
    for (int i = 0; i < count; i++)
        ratios[i] = b[i] / a[i];
    for (int i = 0; i < RESAMPLES; i++)
        medians[i] = resampled(ratios, count, &dice, scratch);
    qsort(medians, RESAMPLES, sizeof *medians, ascending);
    struct change change = {.ratio = median_of(ratios, count),
                            .low = medians[RESAMPLES / 40],
                            .high = medians[RESAMPLES - 1 - RESAMPLES / 40]};
    free(scratch);
    free(ratios);
    free(medians);
    return change;
}

#include "measure/repeats.h"

#include "base/bytes.h"
#include "measure/schedule.h"

#include <math.h>
#include <stdlib.h>

/* All changes of sign are gone through when there are no more than that. */
enum { FLIPS = 8192, FLIPS_BITS = 13 };

/* Figures that count something may not differ at all between repeats; what is
 * taken for their spread, in logarithms. */
static const double least_spread = 1e-6;

/* How far the mean of VALUES, with these SIGNS, is above 0, in its standard
 * errors (Student's t). */
static double
distance(const double *values, const signed char *signs, int count)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < count; i++) {
        sum += signs[i] * values[i];
        squares += values[i] * values[i];
    }
    double mean = sum / count;
    double variance = (squares - sum * mean) / (count - 1);
    double spread = sqrt(variance > 0 ? variance : 0);
    return mean / (fmax(spread, least_spread) / sqrt(count));
}

static double
largest_distance(const double *values, int figures, int count,
                 const signed char *signs)
{
    double largest = -INFINITY;
    for (int i = 0; i < figures; i++)
        largest = fmax(largest, distance(values + i * count, signs, count));
    return largest;
}

/* Flip 0 changes nothing; the others are all there are, or drawn. */
static void
choose_signs(signed char *signs, int count, int flip, struct dice *dice)
{
    uint64_t bits = (uint64_t)flip;
    for (int i = 0; i < count; i++, bits >>= 1) {
        if (flip && count > FLIPS_BITS && i % 64 == 0)
            bits = dice_roll(dice);
        signs[i] = bits & 1 ? -1 : 1;
    }
}

static int
descending(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left > right ? -1 : left < right;
}

/* What the largest distance of all figures must exceed. The pairs as they are
 * are one of the ways in which their signs could have come about: flip 0. */
static double
limit_of(const double *values, int figures, int count, double alpha,
         uint64_t seed)
{
    int flips = count <= FLIPS_BITS ? 1 << count : FLIPS;
    double *largest = xcalloc((size_t)flips, sizeof *largest);
    signed char *signs = xmalloc((size_t)count);
    struct dice dice;
    dice_init(&dice, seed);
    for (int flip = 0; flip < flips; flip++) {
        choose_signs(signs, count, flip, &dice);
        largest[flip] = largest_distance(values, figures, count, signs);
    }
    qsort(largest, (size_t)flips, sizeof *largest, descending);
    double limit = largest[(int)(alpha * flips)];
    free(signs);
    free(largest);
    return limit;
}

void
repeats_judge(const double *worse, int figures, int count, double bound,
              double alpha, uint64_t seed, bool *is_beyond)
{
    if (figures < 1 || count < 2)
        return;
    double shift = log1p(bound);
    double *values = xcalloc((size_t)(figures * count), sizeof *values);
    for (int i = 0; i < figures * count; i++)
        values[i] = worse[i] - shift;
    double limit = limit_of(values, figures, count, alpha, seed);
    signed char *unchanged = xmalloc((size_t)count);
    for (int i = 0; i < count; i++)
        unchanged[i] = 1;
    for (int i = 0; i < figures; i++)
        is_beyond[i] = distance(values + i * count, unchanged, count) > limit;
    free(unchanged);
    free(values);
}

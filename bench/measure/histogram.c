#include "measure/histogram.h"

#include "base/bytes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Values below 2^STEP_BITS have a step of their own each; above, each power of
 * two up to 2^RANGE_BITS is parted into as many steps. */
enum { STEP_BITS = 10, RANGE_BITS = 42 };
enum {
    STEPS_PER_POWER = 1 << STEP_BITS,
    POWERS = RANGE_BITS - STEP_BITS,
    STEPS = (POWERS + 1) * STEPS_PER_POWER
};

struct histogram {
    uint64_t count;
    int64_t min;
    int64_t max;
    double mean;
    double squares; /* sum of the squared distances from the mean */
    uint64_t steps[STEPS];
};

static uint32_t
step_of(int64_t ns)
{
    if (ns < STEPS_PER_POWER)
        return (uint32_t)ns;
    if (ns >= INT64_C(1) << RANGE_BITS)
        return STEPS - 1;
    int power = 63 - __builtin_clzll((uint64_t)ns) - STEP_BITS;
    return (uint32_t)(power * STEPS_PER_POWER) + (uint32_t)(ns >> power);
}

static int64_t
middle_of(uint32_t step)
{
    if (step < STEPS_PER_POWER)
        return step;
    int power = (int)(step >> STEP_BITS) - 1;
    int64_t low = (int64_t)(step - (uint32_t)(power * STEPS_PER_POWER))
                  << power;
    return low + ((INT64_C(1) << power) - 1) / 2;
}

struct histogram *
histogram_new(void)
{
    return xcalloc(1, sizeof(struct histogram));
}

void
histogram_free(struct histogram *histogram)
{
    free(histogram);
}

void
histogram_clear(struct histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
}

/* Takes COUNT more values into mean and deviation, without summing up squares,
 * whose difference would be all rounding (Chan, Golub, LeVeque). */
static void
add_moments(struct histogram *histogram, double mean, double squares,
            uint64_t count)
{
    double had = (double)histogram->count, more = (double)count;
    double distance = mean - histogram->mean;
    histogram->count += count;
    histogram->mean += distance * more / (had + more);
    histogram->squares +=
        squares + distance * distance * had * more / (had + more);
}

static void
widen(struct histogram *histogram, int64_t min, int64_t max)
{
    if (!histogram->count || min < histogram->min)
        histogram->min = min;
    if (!histogram->count || max > histogram->max)
        histogram->max = max;
}

void
histogram_add_count(struct histogram *histogram, int64_t ns, uint64_t count)
{
    if (!count)
        return;
    if (ns < 0)
        ns = 0;
    widen(histogram, ns, ns);
    add_moments(histogram, (double)ns, 0, count);
    histogram->steps[step_of(ns)] += count;
}

void
histogram_add(struct histogram *histogram, int64_t ns)
{
    histogram_add_count(histogram, ns, 1);
}

void
histogram_merge(struct histogram *into, const struct histogram *from)
{
    if (!from->count)
        return;
    widen(into, from->min, from->max);
    add_moments(into, from->mean, from->squares, from->count);
    for (uint32_t i = step_of(from->min); i <= step_of(from->max); i++)
        into->steps[i] += from->steps[i];
}

void
histogram_restore(struct histogram *histogram, int64_t min, int64_t max,
                  double mean, double deviation)
{
    if (min >= 0 && step_of(min) == step_of(histogram->min))
        histogram->min = min;
    if (max >= histogram->min && step_of(max) == step_of(histogram->max))
        histogram->max = max;
    if (isfinite(mean))
        histogram->mean = mean;
    if (isfinite(deviation))
        histogram->squares = deviation * deviation * (double)histogram->count;
}

uint64_t
histogram_count(const struct histogram *histogram)
{
    return histogram->count;
}

int64_t
histogram_min(const struct histogram *histogram)
{
    return histogram->min;
}

int64_t
histogram_max(const struct histogram *histogram)
{
    return histogram->max;
}

double
histogram_mean(const struct histogram *histogram)
{
    return histogram->mean;
}

double
histogram_deviation(const struct histogram *histogram)
{
    if (!histogram->count)
        return 0;
    return sqrt(histogram->squares / (double)histogram->count);
}

static int64_t
value_of(const struct histogram *histogram, uint32_t step)
{
    int64_t ns = middle_of(step);
    if (ns < histogram->min)
        return histogram->min;
    return ns < histogram->max ? ns : histogram->max;
}

/* How many values are not above the quantile. A product that is a whole number
 * but for its rounding (0.07 * 100) is that number. */
static uint64_t
rank_of(const struct histogram *histogram, double share)
{
    double rank = ceil(share * (double)histogram->count * (1 - 1e-14));
    if (!(rank > 1))
        return 1;
    if (rank >= (double)histogram->count)
        return histogram->count;
    return (uint64_t)rank;
}

int64_t
histogram_quantile(const struct histogram *histogram, double share)
{
    if (!histogram->count)
        return 0;
    uint64_t rank = rank_of(histogram, share);
    if (rank == 1)
        return histogram->min;
    if (rank == histogram->count)
        return histogram->max;
    uint64_t below = 0;
    uint32_t step = step_of(histogram->min);
    for (; (below += histogram->steps[step]) < rank; step++)
        continue;
    return value_of(histogram, step);
}

int
histogram_walk(const struct histogram *histogram, uint32_t *step, int64_t *ns,
               uint64_t *count)
{
    if (!histogram->count)
        return 0;
    uint32_t last = step_of(histogram->max);
    while (*step <= last) {
        uint32_t at = (*step)++;
        if (!histogram->steps[at])
            continue;
        *ns = value_of(histogram, at);
        *count = histogram->steps[at];
        return 1;
    }
    return 0;
}

/* The next of the levels, in percent, at which HdrHistogram prints: five for
 * each halving of what is left to 100. */
static double
next_level(double level)
{
    double halvings = floor(log2(100 / (100 - level))) + 1;
    return level + 100 / (5 * exp2(halvings));
}

static void
print_levels(const struct histogram *histogram, FILE *file, double unit_ns)
{
    double level = 0;
    uint32_t step = 0;
    int64_t ns;
    uint64_t here, upto = 0;
    while (histogram_walk(histogram, &step, &ns, &here)) {
        upto += here;
        double reached = 100 * (double)upto / (double)histogram->count;
        for (; reached >= level; level = next_level(level)) {
            fprintf(file, "%12.3f %14.12f %10llu %14.2f\n",
                    (double)ns / unit_ns, level / 100, (unsigned long long)upto,
                    100 / (100 - level));
            if (upto == histogram->count)
                break;
        }
    }
    if (histogram->count)
        fprintf(file, "%12.3f %14.12f %10llu\n",
                (double)histogram->max / unit_ns, 1.0,
                (unsigned long long)histogram->count);
}

void
histogram_print(const struct histogram *histogram, FILE *file, double unit_ns)
{
    fprintf(file, "%12s %14s %10s %14s\n\n", "Value", "Percentile",
            "TotalCount", "1/(1-Percentile)");
    print_levels(histogram, file, unit_ns);
    fprintf(file, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n",
            histogram_mean(histogram) / unit_ns,
            histogram_deviation(histogram) / unit_ns);
    fprintf(file, "#[Max     = %12.3f, Total count    = %12llu]\n",
            (double)histogram->max / unit_ns,
            (unsigned long long)histogram->count);
    fprintf(file, "#[Buckets = %12d, SubBuckets     = %12d]\n", POWERS,
            2 * STEPS_PER_POWER);
}

/* A histogram of durations, log-linear: each power of two is parted into 1,024
 * steps of one width, so that what it answers is at most 0.1 % off, from one
 * nanosecond to over an hour, in memory that does not grow.
 *
 * One thread has one; they are merged at the end. */
#ifndef EARSHOT_BENCH_HISTOGRAM_H
#define EARSHOT_BENCH_HISTOGRAM_H

#include <stdint.h>
#include <stdio.h>

struct histogram;

struct histogram *histogram_new(void);
void histogram_free(struct histogram *histogram);
void histogram_clear(struct histogram *histogram);

/* Negative values count as 0, those above its range (2^42 ns) as the end of
 * it; minimum, maximum, mean and deviation are of the true values. */
void histogram_add(struct histogram *histogram, int64_t ns);
void histogram_add_count(struct histogram *histogram, int64_t ns,
                         uint64_t count);
void histogram_merge(struct histogram *into, const struct histogram *from);

/* After its steps were filled from what histogram_walk() had given: sets the
 * true figures. A minimum or maximum of another step is left out, and so are
 * figures that are no numbers. */
void histogram_restore(struct histogram *histogram, int64_t min, int64_t max,
                       double mean, double deviation);

uint64_t histogram_count(const struct histogram *histogram);
int64_t histogram_min(const struct histogram *histogram); /* 0 when empty */
int64_t histogram_max(const struct histogram *histogram);
double histogram_mean(const struct histogram *histogram);
double histogram_deviation(const struct histogram *histogram);

/* The smallest value that SHARE (0 to 1) of all values do not exceed, as the
 * middle of its step; minimum and maximum exactly; 0 when empty. */
int64_t histogram_quantile(const struct histogram *histogram, double share);

/* Walks the steps that hold something, upwards: begin with *STEP 0. False at
 * the end. */
int histogram_walk(const struct histogram *histogram, uint32_t *step,
                   int64_t *ns, uint64_t *count);

/* Writes it as HdrHistogram's percentile text (.hgrm), values in UNIT_NS (1e6
 * for milliseconds), five lines for each halving of what is left to 100 %.
 * HdrHistogram prints the upper end of a step, this its middle. */
void histogram_print(const struct histogram *histogram, FILE *file,
                     double unit_ns);

#endif

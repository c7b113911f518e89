/* A histogram of durations in a few fixed buckets, as a monitor reads them:
 * each counts what took at most its bound and more than the one before. Adding
 * is a short walk over the bounds and two additions. */
#ifndef EARSHOT_BASE_BUCKETS_H
#define EARSHOT_BASE_BUCKETS_H

#include <stdint.h>

/* The last bucket has no bound. */
enum { BUCKETS = 17 };

struct buckets {
    int64_t counts[BUCKETS];
    int64_t sum_us;
};

/* The bounds in microseconds, from 100 us to 10 s, of all but the last. */
extern const int64_t buckets_bounds_us[BUCKETS - 1];

/* Adds TIMES durations of US; one below 0 (a clock was set) counts as 0. */
void buckets_add(struct buckets *buckets, int64_t us, int64_t times);

/* The duration below which the share Q (0 to 1) of all lies, in microseconds,
 * drawn straight within its bucket; what lies beyond the last bound is said to
 * be at it. -1: there are none. */
double buckets_quantile_us(const struct buckets *buckets, double q);

#endif

#include "base/buckets.h"

const int64_t buckets_bounds_us[BUCKETS - 1] = {
    100,   250,    500,    1000,   2500,    5000,    10000,   25000,
    50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
};

void
buckets_add(struct buckets *buckets, int64_t us, int64_t times)
{
    int at = 0;
    if (us < 0)
        us = 0;
    while (at < BUCKETS - 1 && us > buckets_bounds_us[at])
        at++;
    buckets->counts[at] += times;
    buckets->sum_us += us * times;
}

double
buckets_quantile_us(const struct buckets *buckets, double q)
{
    int64_t total = 0, below = 0;
    for (int at = 0; at < BUCKETS; at++)
        total += buckets->counts[at];
    if (!total)
        return -1;
    double rank = q * (double)total;
    for (int at = 0; at < BUCKETS - 1; at++) {
        int64_t here = buckets->counts[at];
        if (here && (double)(below + here) >= rank) {
            double low = at ? (double)buckets_bounds_us[at - 1] : 0;
            double high = (double)buckets_bounds_us[at];
            return low + (high - low) * (rank - (double)below) / (double)here;
        }
        below += here;
    }
    return (double)buckets_bounds_us[BUCKETS - 2];
}

#include "base/clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

/* Set by a test while the queue's thread asks. */
static atomic_bool is_fake;
static _Atomic int64_t fake_wall_ms;
static _Atomic int64_t fake_monotonic_us;

int64_t
clock_wall_ms(void)
{
    if (is_fake)
        return fake_wall_ms;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
clock_monotonic_us(void)
{
    if (is_fake)
        return fake_monotonic_us;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void
clock_fake(int64_t wall_ms, int64_t monotonic_us)
{
    fake_wall_ms = wall_ms;
    fake_monotonic_us = monotonic_us;
    is_fake = true;
}

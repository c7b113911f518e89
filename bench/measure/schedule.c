#include "measure/schedule.h"

#include <math.h>

static uint64_t
rotate_left(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

/* splitmix64: makes of any seed, 0 too, a state that is not all zero. */
static uint64_t
split(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

void
dice_init(struct dice *dice, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        dice->state[i] = split(&seed);
}

/* xoshiro256** (Blackman and Vigna). */
uint64_t
dice_roll(struct dice *dice)
{
    uint64_t *s = dice->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

double
dice_share(struct dice *dice)
{
    return (double)(dice_roll(dice) >> 11) * 0x1p-53;
}

/* Fixed spacing is counted from the start: summing it up would drift. */
static void
set_next(struct schedule *schedule)
{
    double spacing_ns = 1e9 / schedule->rate_per_s;
    if (schedule->is_poisson)
        schedule->next_ns += -log1p(-dice_share(&schedule->dice)) * spacing_ns;
    else
        schedule->next_ns =
            (double)schedule->start_ns + (double)schedule->count * spacing_ns;
}

void
schedule_init(struct schedule *schedule, uint64_t seed, double rate_per_s,
              bool is_poisson, int64_t start_ns)
{
    *schedule = (struct schedule){.rate_per_s = rate_per_s,
                                  .is_poisson = is_poisson,
                                  .start_ns = start_ns,
                                  .next_ns = (double)start_ns};
    dice_init(&schedule->dice, seed);
    set_next(schedule);
}

int64_t
schedule_peek(const struct schedule *schedule)
{
    return (int64_t)schedule->next_ns;
}

int64_t
schedule_take(struct schedule *schedule)
{
    int64_t due_ns = schedule_peek(schedule);
    schedule->count++;
    set_next(schedule);
    return due_ns;
}

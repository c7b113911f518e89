/* When messages are due: times from a seed, the same in every run of it. */
#ifndef EARSHOT_BENCH_SCHEDULE_H
#define EARSHOT_BENCH_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

/* A generator of random numbers (our own: the same on every machine). */
struct dice {
    uint64_t state[4];
};

void dice_init(struct dice *dice, uint64_t seed);
uint64_t dice_roll(struct dice *dice);
double dice_share(struct dice *dice); /* 0 <= share < 1 */

struct schedule {
    struct dice dice;
    double rate_per_s;
    bool is_poisson;
    int64_t start_ns;
    uint64_t count; /* taken */
    double next_ns;
};

/* Messages at RATE_PER_S (> 0) from START_NS on: as a Poisson stream, or with
 * fixed spacing, the first then at START_NS itself. Fixed spacing does not
 * drift: message i is due at the start and i / rate. */
void schedule_init(struct schedule *schedule, uint64_t seed, double rate_per_s,
                   bool is_poisson, int64_t start_ns);

/* When the next is due; and takes it. */
int64_t schedule_peek(const struct schedule *schedule);
int64_t schedule_take(struct schedule *schedule);

#endif

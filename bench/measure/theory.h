/* What a measurement ought to give, where theory says so: polling's mean delay,
 * and how sure a quantile of one run is.
 *
 * A message of a Poisson stream comes at any moment between two polls alike, so
 * it waits half an interval on average; on top of that comes the round trip:
 * the way of the message to the server, and the answer's way to the poller. A
 * publisher's wait for its answer is the same two ways, so that is what is put
 * in for it, and the theory has nothing that is fitted to the result.
 *
 * Messages are the independent samples. That holds only for a Poisson stream
 * (or random phases for each message): with fixed spacing a rate and an
 * interval lock step, and the mean may lie anywhere within half an interval. */
#ifndef EARSHOT_BENCH_THEORY_H
#define EARSHOT_BENCH_THEORY_H

#include <stdbool.h>
#include <stdint.h>

struct histogram;

struct polling {
    double interval_us;              /* from one poll to the next */
    const struct histogram *latency; /* from due to each poller */
    const struct histogram *publish; /* from due to its answer */
    uint64_t messages;               /* of the main phase */
    bool is_poisson;
};

struct polling_theory {
    double expected_us; /* the mean delay: interval / 2 + round trip */
    double measured_us;
    double uncertain_us; /* the two differ by no more than this in 95 % of all
                            runs, if the theory holds */
    bool agrees;         /* they do not differ by more than in 99.9 % of them */
};

/* False when nothing was measured. */
bool theory_of_polling(const struct polling *polling,
                       struct polling_theory *theory);

/* Between which shares of all values the quantile SHARE of N independent ones
 * lies with 95 % confidence: LOW and HIGH are for histogram_quantile(). */
void theory_of_quantile(double share, uint64_t n, double *low, double *high);

#endif

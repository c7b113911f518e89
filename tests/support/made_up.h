/* Results that nobody measured, for tests of what is told of results: every
 * figure follows from a few numbers that a test chooses. */
#ifndef EARSHOT_TESTS_MADE_UP_H
#define EARSHOT_TESTS_MADE_UP_H

#include "result.h"

struct results;

struct made_up {
    const char *scenario;  /* all strings NULL: "latency", "sse", "lighttpd", */
    const char *transport; /* "Earshot" */
    const char *way;
    const char *target;
    int repeat;
    int subscribers;        /* 0: 1 */
    int publishers;         /* 0: 1 */
    int messages;           /* of the main phase; 0: 2,000 */
    double typical_us;      /* latency's middle; 0: 500 */
    double spread;          /* p99 is so many times the middle; 0: 3 */
    double cpu_us;          /* of the server, per delivery; 0: 20 */
    double bytes;           /* per delivery; 0: 150 */
    double requests;        /* per delivery */
    double publishes_per_s; /* 0: 100; the rate */
    double poll_interval_s;
    double memory_bytes; /* per connection; 0: 2,000 */
    double recover_us;   /* 0: nothing was cut */
    uint64_t lost;
    bool is_closed_loop;
};

/* To be freed by result_free(). The same MADE_UP gives the same result. */
struct result *made_up(struct made_up wish);

/* What a whole command could have found: every scenario, all approaches and
 * three repeats, and one run of each kind that needs a word: lost messages, a
 * problem, an interruption. To be freed by results_free(). */
struct results *made_up_results(void);

#endif

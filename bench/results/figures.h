/* The figures of a run: one number each, by one definition for everyone who
 * prints, compares or draws them. */
#ifndef EARSHOT_BENCH_FIGURES_H
#define EARSHOT_BENCH_FIGURES_H

#include <stdbool.h>

struct result;
struct result_side;

enum figure {
    FIGURE_LATENCY_MEAN, /* from due to each subscriber, us; so all latencies */
    FIGURE_LATENCY_P50,
    FIGURE_LATENCY_P90,
    FIGURE_LATENCY_P99,
    FIGURE_LATENCY_P999,
    FIGURE_LATENCY_MAX,
    FIGURE_SENT_P50, /* uncorrected: from sent */
    FIGURE_SENT_P99,
    FIGURE_LAST_MEAN, /* to the message's last subscriber */
    FIGURE_LAST_P50,
    FIGURE_LAST_P90,
    FIGURE_LAST_P99,
    FIGURE_LAST_MAX,
    FIGURE_PUBLISH_P50,
    FIGURE_PUBLISH_P99,
    FIGURE_PUBLISHES_PER_S,
    FIGURE_DELIVERIES_PER_S,
    FIGURE_SERVER_CPU,         /* s per million deliveries, all sides */
    FIGURE_SERVER_CPU_PUBLISH, /* s per million publishes, all sides */
    FIGURE_SERVER_MEMORY,      /* bytes per held connection, all sides */
    FIGURE_SERVER_SWITCHES,    /* context switches per delivery, all sides */
    FIGURE_BYTES,              /* both ways, per delivered message */
    FIGURE_BYTES_DOWN,
    FIGURE_BYTES_UP,
    FIGURE_SEGMENTS,      /* both ways, per delivered message */
    FIGURE_REQUESTS,      /* per delivered message */
    FIGURE_COMMITS_PER_S, /* of the queue, where it tells */
    FIGURE_MESSAGES_PER_COMMIT,
    FIGURE_CLIENT_CPU, /* s per million deliveries */
    FIGURE_THEORY, /* of polling: the mean latency that theory gives, half the
                      interval and a round trip */
    FIGURE_CONNECT_P50,
    FIGURE_CONNECT_P99,
    FIGURE_FIRST_P50,
    FIGURE_RECOVER_P50,
    FIGURE_RECOVER_MAX,
    FIGURE_COUNT
};

/* Of what it is: its name in files, its unit there, and what is better. */
struct figure_about {
    const char *name; /* "latency_p50_us" */
    bool more_is_better;
};

const struct figure_about *figure_about(enum figure figure);

/* NAN when RESULT does not say: not measured, nothing was delivered, or too few
 * samples lie beyond the percentile. */
double figure_of(const struct result *result, enum figure figure);

/* Of one side: CPU seconds per million deliveries, bytes per held connection;
 * NAN as above. Memory is said by `hold' alone, which begins with a server that
 * has just started: elsewhere it has grown in earlier runs, and what the
 * connections of this one take cannot be told. */
double figure_side_cpu(const struct result *result,
                       const struct result_side *side);
double figure_side_memory(const struct result *result,
                          const struct result_side *side);

#endif

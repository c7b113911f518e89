#include "results/columns.h"

#include <stddef.h>
#include <string.h>

#define MS(figure, head)                                                       \
    {                                                                          \
        figure, head, "ms", 1e-3                                               \
    }
#define P50 MS(FIGURE_LATENCY_P50, "p50")
#define P90 MS(FIGURE_LATENCY_P90, "p90")
#define P99 MS(FIGURE_LATENCY_P99, "p99")
#define P999 MS(FIGURE_LATENCY_P999, "p99.9")
#define MAX MS(FIGURE_LATENCY_MAX, "max")
#define MEAN MS(FIGURE_LATENCY_MEAN, "mean")
#define BYTES                                                                  \
    {                                                                          \
        FIGURE_BYTES, "bytes", "per msg", 1                                    \
    }
#define REQUESTS                                                               \
    {                                                                          \
        FIGURE_REQUESTS, "requests", "per msg", 1                              \
    }
#define CPU                                                                    \
    {                                                                          \
        FIGURE_SERVER_CPU, "CPU", "s/million", 1                               \
    }
#define DELIVERIES                                                             \
    {                                                                          \
        FIGURE_DELIVERIES_PER_S, "deliveries", "per s", 1                      \
    }
#define MEMORY                                                                 \
    {                                                                          \
        FIGURE_SERVER_MEMORY, "memory", "KiB each", 1.0 / 1024                 \
    }
#define COLUMNS(...)                                                           \
    (const struct column[])                                                    \
    {                                                                          \
        __VA_ARGS__,                                                           \
        {                                                                      \
            FIGURE_COUNT, NULL, NULL, 0                                        \
        }                                                                      \
    }

struct scenario {
    const char *word;
    const char *about;
    const struct column *columns;
};

static const struct scenario scenarios[] = {
    {"latency", "how late a message reaches one subscriber",
     COLUMNS(P50, P90, P99, P999, MAX, BYTES, REQUESTS)},
    {"fanout", "how late messages reach many subscribers, and the last of them",
     COLUMNS(P50, P90, P99, MS(FIGURE_LAST_P50, "last p50"),
             MS(FIGURE_LAST_P90, "last p90"), CPU, BYTES)},
    {"publish", "how many messages a second are accepted, closed loop",
     COLUMNS({FIGURE_PUBLISHES_PER_S, "publishes", "per s", 1},
             MS(FIGURE_PUBLISH_P99, "p99"),
             {FIGURE_COMMITS_PER_S, "commits", "per s", 1},
             {FIGURE_MESSAGES_PER_COMMIT, "messages", "a commit", 1},
             {FIGURE_SERVER_CPU_PUBLISH, "CPU", "s/million", 1})},
    {"hold", "what it takes to hold many who mostly hear nothing",
     COLUMNS(MEMORY, MS(FIGURE_CONNECT_P50, "connect p50"),
             MS(FIGURE_CONNECT_P99, "connect p99"), MEAN,
             MS(FIGURE_LAST_MEAN, "last, mean"),
             MS(FIGURE_LAST_MAX, "last, max"))},
    {"churn", "how it goes on while connections come and go",
     COLUMNS(P50, P99, MS(FIGURE_CONNECT_P50, "connect p50"),
             MS(FIGURE_CONNECT_P99, "connect p99"),
             MS(FIGURE_FIRST_P50, "first p50"), CPU)},
    {"slow", "how it goes on while a tenth of the readers stop",
     COLUMNS(P50, P90, P99, MAX, CPU)},
    {"resume", "until everybody has all that was missed, after a cut of all",
     COLUMNS(MS(FIGURE_RECOVER_P50, "recover p50"),
             MS(FIGURE_RECOVER_MAX, "recover max"), P50, P99, BYTES)},
    {"restart", "the same, after a restart of the server",
     COLUMNS(MS(FIGURE_RECOVER_P50, "recover p50"),
             MS(FIGURE_RECOVER_MAX, "recover max"), P50, P99, BYTES)},
    {"ramp", "the highest rate at which p99 stayed under the bound",
     COLUMNS({FIGURE_PUBLISHES_PER_S, "publishes", "per s", 1}, DELIVERIES, P50,
             P99, CPU)},
    {"poll-interval", "what polling's interval trades: delay against waste",
     COLUMNS(MEAN, MS(FIGURE_THEORY, "theory"), P50, P99, REQUESTS, BYTES,
             CPU)},
};

static const struct scenario *
find(const char *word)
{
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
        if (strcmp(scenarios[i].word, word) == 0)
            return &scenarios[i];
    return NULL;
}

const char *
columns_about(const char *scenario)
{
    const struct scenario *known = find(scenario);
    return known ? known->about : "";
}

const struct column *
columns_of(const char *scenario, int *count)
{
    const struct scenario *known = find(scenario);
    const struct column *columns = (known ? known : &scenarios[0])->columns;
    for (*count = 0; columns[*count].head; ++*count)
        ;
    return columns;
}

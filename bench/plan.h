/* A plan: what one run of the benchmark does, whatever the transport. Scenarios
 * (scenarios/) make plans, drive/ carries one out and fills a result
 * (result.h).
 *
 * The schedule is laid down before the run begins: message i is due at a time
 * that does not depend on how the server keeps up, and latency counts from then
 * (open loop; coordinated omission cannot hide a stall). In a closed loop each
 * publisher sends its next message when the last was answered. */
#ifndef EARSHOT_BENCH_PLAN_H
#define EARSHOT_BENCH_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct target;
struct entrance;

/* What is done to the subscribers while the main phase runs. */
enum upset {
    UPSET_NONE,
    UPSET_CHURN,   /* connections come and go all the time: `churn_per_s` */
    UPSET_SLOW,    /* a share of the readers stops reading; in the drain phase
                      they read on */
    UPSET_CUT,     /* every connection is cut at once, in the middle of it */
    UPSET_RESTART, /* the server is restarted, in the middle of it */
};

struct plan {
    const char *scenario; /* its word: "latency", "fanout", … */
    const struct target *target;
    const struct entrance *subscribe; /* transport and way; of the target */
    const struct entrance *publish;   /* likewise */
    int subscribers;
    int publishers; /* connections that publish; in an open loop at most */
    int channels;   /* subscribers and messages are spread over them evenly */
    double rate_per_s;        /* of all publishers together; 0: closed loop */
    bool is_poisson;          /* or with fixed spacing */
    size_t message_bytes;     /* at least TOKEN_SIZE */
    int64_t poll_interval_us; /* of short polling */
    int64_t warm_up_us;
    int64_t main_us;
    int64_t message_limit; /* the main phase is over after so many; 0: none */
    int64_t patience_us; /* a phase in which nothing moves for so long (connect,
                            settle, drain) is over */
    enum upset upset;
    double churn_per_s;
    double slow_share; /* 0 to 1 */
    bool is_insecure;  /* TLS: certificates are not checked */
    int threads;       /* of subscribers; publishers have one besides */
    uint64_t seed;
    uint32_t run; /* the number that this run's tokens carry */
};

#endif

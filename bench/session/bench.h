/* What a run needs of the session that it is part of. */
#ifndef EARSHOT_BENCH_SESSION_BENCH_H
#define EARSHOT_BENCH_SESSION_BENCH_H

#include <stdbool.h>
#include <stdint.h>

struct server;
struct limits;
struct plan;
struct progress;
struct result;
struct settings;

struct bench {
    const struct settings *settings;
    struct progress *progress;
    const struct limits *limits; /* of this machine; NULL: not measured */
    struct server *server;       /* whom the runs are at */
    int repeat;                  /* the number of the repeat, from 0 */
    uint32_t next_run;           /* the number of the next run's tokens */
};

/* Carries PLAN out once: drives it, reads what it costs, judges whether the
 * client was the limit. The result is the caller's. */
struct result *bench_run(struct bench *bench, const struct plan *plan);

#endif

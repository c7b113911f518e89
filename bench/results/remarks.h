/* Remarks: what must be known to read a scenario's figures, gathered from the
 * notes of all its runs, so that one busy machine is one sentence and not a
 * page of them. */
#ifndef EARSHOT_BENCH_REMARKS_H
#define EARSHOT_BENCH_REMARKS_H

#include <stdbool.h>

struct cell;

struct remark {
    char *en;
    char *zh;
};

struct remarks {
    struct remark *list;
    int count;
};

/* Of COUNT cells of one scenario: each kind of note is one sentence, with the
 * range of its figures and how many runs had it; each other note stands once,
 * with all whom it concerns. To be freed by remarks_free(). */
struct remarks *remarks_new(const struct cell *cells, int count,
                            bool with_target);
void remarks_free(struct remarks *remarks);

#endif

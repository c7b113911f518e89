/* Findings: three sentences that say what the numbers show, computed from them
 * with their uncertainty. Which comparisons are told is decided by the numbers,
 * and where ranges overlap the sentence says that no difference can be told. */
#ifndef EARSHOT_BENCH_FINDINGS_H
#define EARSHOT_BENCH_FINDINGS_H

#include <stdio.h>

struct cells;

enum { FINDINGS_MAX = 3 };

struct finding {
    char *en;
    char *zh;
};

struct findings {
    struct finding list[FINDINGS_MAX];
    int count;
};

/* To be freed by findings_free(). There are fewer than three where less was
 * measured. */
struct findings *findings_new(const struct cells *cells);
void findings_free(struct findings *findings);

#endif

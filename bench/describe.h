/* What a plan is, written into the result that it is going to have. */
#ifndef EARSHOT_BENCH_DESCRIBE_H
#define EARSHOT_BENCH_DESCRIBE_H

struct plan;
struct result;

/* Fills everything in RESULT that stands under "What was run". */
void describe_run(struct result *result, const struct plan *plan, int repeat);

#endif

/* What compare.c finds and compare_print.c tells. */
#ifndef EARSHOT_BENCH_COMPARE_COMPARE_INTERNAL_H
#define EARSHOT_BENCH_COMPARE_COMPARE_INTERNAL_H

#include "compare/compare.h"
#include "measure/repeats.h"
#include "result.h"
#include "results/cells.h"

#include <stdint.h>

/* What is compared: each figure, and behind those the CPU of each side. */
enum { ROWS = FIGURE_COUNT + RESULT_SIDES_MAX };

enum verdict { VERDICT_NONE, VERDICT_WORSE, VERDICT_BETTER };

struct compared {
    struct spread a; /* of the paired runs */
    struct spread b;
    bool has_change; /* of numbers above 0 alone can one say by how much */
    struct change change;
    bool is_judged;
    enum verdict verdict;
};

struct flaws {
    uint64_t lost;
    uint64_t repeated;
    uint64_t reordered;
};

/* The same configuration in both files. */
struct measurement {
    const struct cell *cell_a;
    const struct cell *cell_b;
    const struct result **a; /* paired: a[i] with b[i] */
    const struct result **b;
    int count;
    bool is_in_turn; /* pair after pair, as far as their times tell */
    struct flaws flaws_a;
    struct flaws flaws_b;
    struct compared rows[ROWS];
};

struct comparison {
    const struct results *results_a;
    const struct results *results_b;
    struct cells *cells_a;
    struct cells *cells_b;
    struct measurement *measurements;
    int count;
    double bound;
    int judged; /* figures */
    int worse;
    int flawed; /* measurements in which B alone has flaws */
};

/* What ROW is of, for people; to be freed. */
char *measurement_row_name(const struct measurement *measurement, int row);
/* True when a verdict may be given on it. */
bool measurement_may_judge(const struct measurement *measurement);
/* True when B has a flaw of a kind that A has not. */
bool measurement_is_flawed(const struct measurement *measurement);

#endif

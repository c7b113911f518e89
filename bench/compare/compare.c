#include "compare/compare_internal.h"

#include "base/bytes.h"
#include "results/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double alpha = 0.05;
static const double worthy_share = 0.05; /* of the CPU of all sides */
enum { SEED = 20 };

/* -- pairs ---------------------------------------------------------------- */

static bool
times_are_known(const struct cell *cell)
{
    for (int i = 0; i < cell->good_count; i++)
        if (cell->good[i]->began_s <= 0)
            return false;
    return true;
}

/* The good runs as they were run; as they stand in the file when that is not
 * known. To be freed. */
static const struct result **
in_order(const struct cell *cell)
{
    size_t count = (size_t)cell->good_count;
    const struct result **runs = xcalloc(count + 1, sizeof *runs);
    bool is_known = times_are_known(cell);
    for (int i = 0; i < cell->good_count; i++) {
        int at = i;
        for (; is_known && at > 0 &&
               runs[at - 1]->began_s > cell->good[i]->began_s;
             at--)
            runs[at] = runs[at - 1];
        runs[at] = cell->good[i];
    }
    return runs;
}

/* No run of a pair began before one of the pair before it. */
static bool
are_in_turn(const struct measurement *of)
{
    for (int i = 0; i < of->count; i++) {
        if (of->a[i]->began_s <= 0 || of->b[i]->began_s <= 0)
            return false;
        if (i && fmin(of->a[i]->began_s, of->b[i]->began_s) <
                     fmax(of->a[i - 1]->began_s, of->b[i - 1]->began_s))
            return false;
    }
    return true;
}

static struct flaws
flaws_of(const struct cell *cell)
{
    return (struct flaws){cell_lost(cell), cell_repeated(cell),
                          cell_reordered(cell)};
}

static void
pair_up(struct measurement *measurement, const struct cell *a,
        const struct cell *b)
{
    *measurement = (struct measurement){
        .cell_a = a,
        .cell_b = b,
        .a = in_order(a),
        .b = in_order(b),
        .count = a->good_count < b->good_count ? a->good_count : b->good_count,
        .flaws_a = flaws_of(a),
        .flaws_b = flaws_of(b),
    };
    measurement->is_in_turn = are_in_turn(measurement);
}

static const struct cell *
find_alike(const struct cells *cells, const struct cell *like)
{
    for (int i = 0; i < cells->count; i++)
        if (result_is_alike(cells->cells[i].like, like->like))
            return &cells->cells[i];
    return NULL;
}

static void
find_measurements(struct comparison *comparison)
{
    comparison->measurements = xcalloc((size_t)comparison->cells_a->count + 1,
                                       sizeof *comparison->measurements);
    for (int i = 0; i < comparison->cells_a->count; i++) {
        const struct cell *a = &comparison->cells_a->cells[i];
        const struct cell *b = find_alike(comparison->cells_b, a);
        if (!b || a->is_cut || b->is_cut || !a->good_count || !b->good_count)
            continue;
        pair_up(&comparison->measurements[comparison->count++], a, b);
    }
}

/* -- figures -------------------------------------------------------------- */

/* What a side uses that has next to nothing to do is no cost. */
static bool
is_worth_judging(const struct measurement *of, int row)
{
    const struct compared *side = &of->rows[row];
    const struct compared *all = &of->rows[FIGURE_SERVER_CPU];
    return side->a.median >= worthy_share * all->a.median ||
           side->b.median >= worthy_share * all->b.median;
}

/* What users feel and pay for. */
static bool
is_judged(const struct measurement *of, int row)
{
    const struct result *like = of->cell_a->like;
    if (row >= FIGURE_COUNT)
        return is_worth_judging(of, row);
    switch (row) {
    case FIGURE_LATENCY_P50:
    case FIGURE_LATENCY_P99:
    case FIGURE_PUBLISH_P50:
    case FIGURE_SERVER_CPU:
    case FIGURE_BYTES:
    case FIGURE_REQUESTS:
    case FIGURE_RECOVER_P50:
        return true;
    case FIGURE_SERVER_MEMORY: /* elsewhere the server has grown before */
        return strcmp(like->scenario, "hold") == 0;
    case FIGURE_PUBLISHES_PER_S: /* of an open loop it is the schedule's */
        return like->rate_per_s <= 0 || strcmp(like->scenario, "ramp") == 0;
    default:
        return false;
    }
}

/* The name of the side whose CPU ROW is, or NULL. */
static const char *
side_of(const struct measurement *of, int row)
{
    const struct result *like = of->cell_a->like;
    int number = row - FIGURE_COUNT;
    return number >= 0 && number < like->side_count ? like->sides[number].name
                                                    : NULL;
}

char *
measurement_row_name(const struct measurement *of, int row)
{
    const char *side = side_of(of, row);
    if (!side)
        return xstrdup(figure_about((enum figure)row)->name);
    struct bytes name = BYTES_EMPTY;
    bytes_printf(&name, "%s, %s", figure_about(FIGURE_SERVER_CPU)->name, side);
    bytes_append_char(&name, '\0');
    return name.data;
}

static double
value_of(const struct measurement *of, const struct result *run, int row)
{
    if (row < FIGURE_COUNT)
        return figure_of(run, (enum figure)row);
    const char *name = side_of(of, row);
    for (int i = 0; name && i < run->side_count; i++)
        if (strcmp(run->sides[i].name, name) == 0)
            return figure_side_cpu(run, &run->sides[i]);
    return NAN;
}

static bool
is_more_better(int row)
{
    return row < FIGURE_COUNT && figure_about((enum figure)row)->more_is_better;
}

static void
read_row(const struct measurement *of, int row, double *a, double *b)
{
    for (int i = 0; i < of->count; i++) {
        a[i] = value_of(of, of->a[i], row);
        b[i] = value_of(of, of->b[i], row);
    }
}

static bool
are_above_zero(const double *values, int count)
{
    for (int i = 0; i < count; i++)
        if (!(values[i] > 0))
            return false;
    return true;
}

static void
compare_row(struct measurement *of, int row)
{
    struct compared *compared = &of->rows[row];
    size_t count = (size_t)of->count;
    double *a = xcalloc(count, sizeof *a);
    double *b = xcalloc(count, sizeof *b);
    read_row(of, row, a, b);
    compared->has_change =
        are_above_zero(a, of->count) && are_above_zero(b, of->count);
    if (compared->has_change)
        compared->change = repeats_change(a, b, of->count, SEED);
    compared->a = spread_of(a, of->count);
    compared->b = spread_of(b, of->count);
    compared->is_judged =
        compared->has_change && measurement_may_judge(of) && is_judged(of, row);
    free(a);
    free(b);
}

/* -- verdict -------------------------------------------------------------- */

bool
measurement_may_judge(const struct measurement *measurement)
{
    return measurement->count >= REPEATS_FOR_A_VERDICT &&
           measurement->is_in_turn;
}

bool
measurement_is_flawed(const struct measurement *measurement)
{
    const struct flaws *a = &measurement->flaws_a, *b = &measurement->flaws_b;
    return (b->lost && !a->lost) || (b->repeated && !a->repeated) ||
           (b->reordered && !a->reordered);
}

/* All judged figures, one after the other, and their logarithms of B over A. */
struct jury {
    struct compared **figures;
    double *worse;
    double *better;
    bool *is_beyond;
    int count;
    int pairs; /* as many as every measurement has */
};

static int
pairs_of_all(const struct comparison *comparison)
{
    int least = 0;
    for (int i = 0; i < comparison->count; i++) {
        const struct measurement *of = &comparison->measurements[i];
        if (measurement_may_judge(of) && (!least || of->count < least))
            least = of->count;
    }
    return least;
}

static void
call(struct jury *jury, struct measurement *of, int row)
{
    double sign = is_more_better(row) ? -1 : 1;
    int from = jury->count * jury->pairs;
    for (int i = 0; i < jury->pairs; i++) {
        double log_ratio =
            log(value_of(of, of->b[i], row) / value_of(of, of->a[i], row));
        jury->worse[from + i] = sign * log_ratio;
        jury->better[from + i] = -sign * log_ratio;
    }
    jury->figures[jury->count++] = &of->rows[row];
}

static void
pass(struct jury *jury, const double *values, double bound,
     enum verdict verdict)
{
    repeats_judge(values, jury->count, jury->pairs, bound, alpha, SEED,
                  jury->is_beyond);
    for (int i = 0; i < jury->count; i++)
        if (jury->is_beyond[i])
            jury->figures[i]->verdict = verdict;
}

static void
judge(struct comparison *comparison)
{
    size_t most = (size_t)comparison->count * ROWS + 1;
    struct jury jury = {.pairs = pairs_of_all(comparison)};
    jury.figures = xcalloc(most, sizeof *jury.figures);
    jury.worse = xcalloc(most * (size_t)jury.pairs + 1, sizeof *jury.worse);
    jury.better = xcalloc(most * (size_t)jury.pairs + 1, sizeof *jury.better);
    jury.is_beyond = xcalloc(most, sizeof *jury.is_beyond);
    for (int i = 0; i < comparison->count; i++)
        for (int row = 0; row < ROWS; row++)
            if (comparison->measurements[i].rows[row].is_judged)
                call(&jury, &comparison->measurements[i], row);
    pass(&jury, jury.better, comparison->bound, VERDICT_BETTER);
    pass(&jury, jury.worse, comparison->bound, VERDICT_WORSE);
    comparison->judged = jury.count;
    for (int i = 0; i < jury.count; i++)
        comparison->worse += jury.figures[i]->verdict == VERDICT_WORSE;
    free(jury.figures);
    free(jury.worse);
    free(jury.better);
    free(jury.is_beyond);
}

/* -- the whole ------------------------------------------------------------ */

struct comparison *
comparison_new(const struct results *a, const struct results *b, double bound)
{
    struct comparison *comparison = xcalloc(1, sizeof *comparison);
    comparison->results_a = a;
    comparison->results_b = b;
    comparison->cells_a = cells_new(a);
    comparison->cells_b = cells_new(b);
    comparison->bound = bound;
    find_measurements(comparison);
    for (int i = 0; i < comparison->count; i++) {
        struct measurement *measurement = &comparison->measurements[i];
        for (int row = 0; row < ROWS; row++)
            compare_row(measurement, row);
        comparison->flawed += measurement_is_flawed(measurement);
    }
    judge(comparison);
    return comparison;
}

void
comparison_free(struct comparison *comparison)
{
    for (int i = 0; i < comparison->count; i++) {
        free(comparison->measurements[i].a);
        free(comparison->measurements[i].b);
    }
    free(comparison->measurements);
    cells_free(comparison->cells_a);
    cells_free(comparison->cells_b);
    free(comparison);
}

int
comparison_measurements(const struct comparison *comparison)
{
    return comparison->count;
}

int
comparison_judged(const struct comparison *comparison)
{
    return comparison->judged;
}

int
comparison_regressions(const struct comparison *comparison)
{
    return comparison->worse + comparison->flawed;
}

static struct results *
read_or_complain(const char *path, FILE *problems)
{
    char *problem = NULL;
    struct results *results = results_read_file(path, &problem);
    if (!results)
        fprintf(problems, "earshot-bench: %s\n", problem);
    free(problem);
    return results;
}

static int
compare_results(const struct results *a, const struct results *b,
                const char *path_a, const char *path_b, double bound, FILE *out,
                FILE *problems)
{
    struct comparison *comparison = comparison_new(a, b, bound);
    int status = comparison_regressions(comparison) ? COMPARE_REGRESSION
                                                    : COMPARE_NO_REGRESSION;
    if (comparison->count) {
        comparison_print(out, comparison, path_a, path_b,
                         isatty(fileno(out)) == 1);
    } else {
        fprintf(problems,
                "earshot-bench: no measurement is in both %s and %s: scenario, "
                "transport, way, target, subscribers, publishers, channels, "
                "rate, size and poll interval must be the same, and the runs "
                "complete\n",
                path_a, path_b);
        status = COMPARE_PROBLEM;
    }
    comparison_free(comparison);
    return status;
}

int
compare_command(const char *path_a, const char *path_b, double bound_percent,
                FILE *out, FILE *problems)
{
    struct results *a = read_or_complain(path_a, problems);
    struct results *b = a ? read_or_complain(path_b, problems) : NULL;
    int status = COMPARE_PROBLEM;
    if (a && b)
        status = compare_results(a, b, path_a, path_b, bound_percent / 100, out,
                                 problems);
    if (a)
        results_free(a);
    if (b)
        results_free(b);
    return status;
}

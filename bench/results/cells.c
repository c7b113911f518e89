#include "results/cells.h"

#include "base/bytes.h"
#include "measure/histogram.h"
#include "result.h"
#include "results/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool
is_same_scenario(const struct result *a, const struct result *b)
{
    return strcmp(a->scenario, b->scenario) == 0;
}

static struct cell *
find(struct cells *cells, const struct result *run)
{
    for (int i = 0; i < cells->count; i++)
        if (result_is_alike(cells->cells[i].like, run))
            return &cells->cells[i];
    return NULL;
}

/* A new cell, behind the last of its scenario. */
static struct cell *
insert(struct cells *cells, const struct result *run)
{
    int at = cells->count;
    while (at > 0 && !is_same_scenario(cells->cells[at - 1].like, run))
        at--;
    if (!at)
        at = cells->count;
    size_t behind = (size_t)(cells->count - at);
    memmove(&cells->cells[at + 1], &cells->cells[at],
            behind * sizeof *cells->cells);
    cells->count++;
    size_t room = (size_t)cells->results->run_count;
    cells->cells[at] = (struct cell){
        .like = run,
        .runs = xcalloc(room, sizeof(struct result *)),
        .good = xcalloc(room, sizeof(struct result *)),
    };
    return &cells->cells[at];
}

static void
choose_good(struct cell *cell)
{
    for (int pass = 0; pass < 2 && !cell->good_count; pass++)
        for (int i = 0; i < cell->run_count; i++) {
            const struct result *run = cell->runs[i];
            cell->is_cut = pass == 1;
            if (!run->problem && run->is_complete == (pass == 0))
                cell->good[cell->good_count++] = run;
        }
    if (!cell->good_count)
        cell->is_cut = false;
}

struct cells *
cells_new(const struct results *results)
{
    struct cells *cells = xcalloc(1, sizeof *cells);
    size_t room = (size_t)results->run_count;
    cells->results = results;
    cells->cells = xcalloc(room + 1, sizeof *cells->cells);
    for (int i = 0; i < results->run_count; i++) {
        const struct result *run = results->runs[i];
        struct cell *cell = find(cells, run);
        if (!cell)
            cell = insert(cells, run);
        cell->runs[cell->run_count++] = run;
    }
    for (int i = 0; i < cells->count; i++)
        choose_good(&cells->cells[i]);
    return cells;
}

void
cells_free(struct cells *cells)
{
    for (int i = 0; i < cells->count; i++) {
        free(cells->cells[i].runs);
        free(cells->cells[i].good);
    }
    free(cells->cells);
    free(cells);
}

static int
compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

struct spread
spread_of(double *values, int count)
{
    struct spread spread = {NAN, NAN, NAN, count};
    for (int i = 0; i < count; i++)
        if (isnan(values[i]))
            return spread;
    if (!count)
        return spread;
    qsort(values, (size_t)count, sizeof *values, compare_doubles);
    spread.low = values[0];
    spread.high = values[count - 1];
    spread.median = (values[(count - 1) / 2] + values[count / 2]) / 2;
    return spread;
}

/* What one of a cell's runs says. */
typedef double say(const struct result *run, const void *what);

static struct spread
cell_spread(const struct cell *cell, say *of, const void *what)
{
    double *values = xcalloc((size_t)cell->good_count + 1, sizeof *values);
    for (int i = 0; i < cell->good_count; i++)
        values[i] = of(cell->good[i], what);
    struct spread spread = spread_of(values, cell->good_count);
    free(values);
    return spread;
}

static double
say_figure(const struct result *run, const void *what)
{
    return figure_of(run, *(const enum figure *)what);
}

struct spread
cell_figure(const struct cell *cell, enum figure figure)
{
    return cell_spread(cell, say_figure, &figure);
}

static const struct result_side *
side_of(const struct result *run, const char *name)
{
    for (int i = 0; i < run->side_count; i++)
        if (strcmp(run->sides[i].name, name) == 0)
            return &run->sides[i];
    return NULL;
}

static double
say_side_cpu(const struct result *run, const void *name)
{
    const struct result_side *side = side_of(run, name);
    return side ? figure_side_cpu(run, side) : NAN;
}

static double
say_side_memory(const struct result *run, const void *name)
{
    const struct result_side *side = side_of(run, name);
    return side ? figure_side_memory(run, side) : NAN;
}

struct spread
cell_side_cpu(const struct cell *cell, const char *name)
{
    return cell_spread(cell, say_side_cpu, name);
}

struct spread
cell_side_memory(const struct cell *cell, const char *name)
{
    return cell_spread(cell, say_side_memory, name);
}

/* What an interrupted run had not delivered yet is not lost. */
static bool
counts(const struct result *run)
{
    return run->is_complete || run->problem;
}

uint64_t
cell_lost(const struct cell *cell)
{
    uint64_t all = 0;
    for (int i = 0; i < cell->run_count; i++)
        all += counts(cell->runs[i]) ? cell->runs[i]->lost : 0;
    return all;
}

uint64_t
cell_repeated(const struct cell *cell)
{
    uint64_t all = 0;
    for (int i = 0; i < cell->run_count; i++)
        all += cell->runs[i]->repeated;
    return all;
}

uint64_t
cell_reordered(const struct cell *cell)
{
    uint64_t all = 0;
    for (int i = 0; i < cell->run_count; i++)
        all += cell->runs[i]->reordered;
    return all;
}

uint64_t
cell_expected(const struct cell *cell)
{
    uint64_t all = 0;
    for (int i = 0; i < cell->run_count; i++)
        all += counts(cell->runs[i]) ? cell->runs[i]->expected : 0;
    return all;
}

struct histogram *
cell_latency(const struct cell *cell)
{
    struct histogram *all = histogram_new();
    for (int i = 0; i < cell->good_count; i++)
        histogram_merge(all, cell->good[i]->latency);
    return all;
}

char *
cell_label(const struct cell *cell, bool with_target)
{
    struct bytes label = BYTES_EMPTY;
    if (with_target)
        bytes_printf(&label, "%s · ", cell->like->target);
    bytes_append_string(&label, cell->like->transport);
    if (cell->like->poll_interval_s > 0)
        bytes_printf(&label, " %g s", cell->like->poll_interval_s);
    bytes_printf(&label, " · %s", cell->like->way);
    bytes_append_char(&label, '\0');
    return label.data;
}

bool
cells_have_targets(const struct cells *cells)
{
    for (int i = 1; i < cells->count; i++)
        if (strcmp(cells->cells[i].like->target,
                   cells->cells[0].like->target) != 0)
            return true;
    return false;
}

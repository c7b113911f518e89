#include "results/contrast.h"

#include "measure/histogram.h"
#include "measure/theory.h"
#include "result.h"
#include "results/cells.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* -- how sure a figure is ------------------------------------------------ */

/* Of one run: a figure of its latencies, of which each message is a sample. */
static bool
latency_interval(const struct result *run, enum figure figure,
                 struct interval *interval)
{
    static const struct {
        enum figure figure;
        double share;
    } quantiles[] = {
        {FIGURE_LATENCY_P50, 0.5},
        {FIGURE_LATENCY_P90, 0.9},
        {FIGURE_LATENCY_P99, 0.99},
        {FIGURE_LATENCY_P999, 0.999},
    };
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
        if (quantiles[i].figure != figure)
            continue;
        double low, high;
        theory_of_quantile(quantiles[i].share, run->messages_counted, &low,
                           &high);
        interval->low = (double)histogram_quantile(run->latency, low) / 1e3;
        interval->high = (double)histogram_quantile(run->latency, high) / 1e3;
        return true;
    }
    return false;
}

struct interval
interval_of(const struct cell *cell, enum figure figure)
{
    struct spread spread = cell_figure(cell, figure);
    struct interval interval = {spread.median, spread.low, spread.high, false};
    if (isnan(spread.median) || cell->good_count > 1 ||
        latency_interval(cell->good[0], figure, &interval))
        return interval;
    interval.is_guess = true;
    interval.low = interval.value / sqrt(1.5);
    interval.high = interval.value * sqrt(1.5);
    return interval;
}

/* -- who is set beside whom ---------------------------------------------- */

static bool
is_same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static bool
differs_in(const struct result *a, const struct result *b, enum factor factor)
{
    return is_same(a->scenario, b->scenario) &&
           (factor == FACTOR_TRANSPORT ||
            (is_same(a->transport, b->transport) &&
             a->poll_interval_s == b->poll_interval_s)) &&
           (factor == FACTOR_WAY || is_same(a->way, b->way)) &&
           (factor == FACTOR_TARGET || is_same(a->target, b->target)) &&
           a->subscribers == b->subscribers && a->publishers == b->publishers &&
           a->channels == b->channels && a->rate_per_s == b->rate_per_s &&
           a->message_bytes == b->message_bytes;
}

/* Delays and costs are told of scenarios in which messages are sent to readers
 * and nothing is broken on purpose; delays of approaches whose delay is not
 * simply what was asked for. */
static bool
has_place(const struct cell *cell, enum figure figure)
{
    const struct result *like = cell->like;
    if (figure == FIGURE_RECOVER_MAX)
        return true;
    if (figure == FIGURE_PUBLISHES_PER_S)
        return is_same(like->scenario, "publish") && like->rate_per_s <= 0;
    if (!is_same(like->scenario, "latency") &&
        !is_same(like->scenario, "fanout") && !is_same(like->scenario, "hold"))
        return false;
    /* With few who get it, most of the CPU time is the publishing's. */
    if (figure == FIGURE_SERVER_CPU)
        return like->subscribers >= 100;
    return figure > FIGURE_PUBLISH_P99 || !is_same(like->transport, "poll");
}

static double
badness(const struct contrast *contrast, int at)
{
    double value = contrast->intervals[at].value;
    return figure_about(contrast->figure)->more_is_better ? -value : value;
}

static void
swap(struct contrast *contrast, int a, int b)
{
    const struct cell *cell = contrast->cells[a];
    struct interval interval = contrast->intervals[a];
    contrast->cells[a] = contrast->cells[b];
    contrast->intervals[a] = contrast->intervals[b];
    contrast->cells[b] = cell;
    contrast->intervals[b] = interval;
}

/* Puts the cell in its place: the best first. */
static void
take(struct contrast *contrast, const struct cell *cell,
     struct interval interval)
{
    int at = contrast->count++;
    contrast->cells[at] = cell;
    contrast->intervals[at] = interval;
    for (; at > 0 && badness(contrast, at) < badness(contrast, at - 1); at--)
        swap(contrast, at, at - 1);
}

static bool
overlaps(const struct interval *a, const struct interval *b)
{
    return a->low <= b->high && b->low <= a->high;
}

/* Brings those that cannot be told from the best to the front, in their order.
 * One with a wide range may have stood behind one that can be told. */
static void
part(struct contrast *contrast)
{
    contrast->alike = 1;
    for (int i = 1; i < contrast->count; i++) {
        if (!overlaps(&contrast->intervals[0], &contrast->intervals[i]))
            continue;
        for (int j = i; j > contrast->alike; j--)
            swap(contrast, j, j - 1);
        contrast->alike++;
    }
}

static void
judge(struct contrast *contrast)
{
    part(contrast);
    int last = contrast->count - 1;
    const struct interval *best = &contrast->intervals[0];
    const struct interval *worst = &contrast->intervals[last];
    bool more = figure_about(contrast->figure)->more_is_better;
    const struct interval *large = more ? best : worst;
    const struct interval *small = more ? worst : best;
    contrast->least = large->low / small->high;
    contrast->most = large->high / small->low;
    contrast->is_last_worst =
        badness(contrast, last) >= badness(contrast, contrast->alike - 1);
}

bool
contrast_make(const struct cells *cells, const struct cell *like,
              enum factor factor, enum figure figure, struct contrast *contrast)
{
    *contrast = (struct contrast){.factor = factor, .figure = figure};
    for (int i = 0; i < cells->count; i++) {
        const struct cell *cell = &cells->cells[i];
        if (contrast->count == CONTRAST_MAX || !cell->good_count ||
            !has_place(cell, figure) ||
            !differs_in(cell->like, like->like, factor))
            continue;
        struct interval interval = interval_of(cell, figure);
        if (isnan(interval.value) || interval.value <= 0)
            continue;
        if (!contrast->count && cell != like)
            return false;
        take(contrast, cell, interval);
    }
    if (contrast->count < 2)
        return false;
    judge(contrast);
    return true;
}

double
contrast_score(const struct contrast *contrast)
{
    if (contrast->alike == contrast->count || !(contrast->least > 1))
        return 0;
    return log(contrast->least);
}

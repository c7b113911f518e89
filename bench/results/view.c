#include "results/view.h"

#include "base/bytes.h"
#include "measure/histogram.h"
#include "result.h"
#include "results/cells.h"
#include "results/columns.h"
#include "results/fields.h"
#include "results/findings.h"
#include "results/json.h"
#include "results/machine.h"
#include "results/put.h"
#include "results/remarks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Points of a percentile curve in each power of ten of 1/(1-p). */
enum { POINTS_PER_DECADE = 24 };

static void
put_spread(struct bytes *out, struct spread spread)
{
    if (isnan(spread.median)) {
        bytes_append_string(out, "null");
        return;
    }
    bytes_append_char(out, '[');
    put_number(out, spread.median);
    bytes_append_char(out, ',');
    put_number(out, spread.low);
    bytes_append_char(out, ',');
    put_number(out, spread.high);
    bytes_append_char(out, ']');
}

static void
put_figures(struct bytes *out, const struct cell *cell)
{
    const char *before = "{";
    for (int i = 0; i < FIGURE_COUNT; i++) {
        struct spread spread = cell_figure(cell, (enum figure)i);
        if (isnan(spread.median))
            continue;
        bytes_printf(out, "%s\"%s\":", before,
                     figure_about((enum figure)i)->name);
        put_spread(out, spread);
        before = ",";
    }
    bytes_append_string(out, *before == '{' ? "{}" : "}");
}

static void
put_sides(struct bytes *out, const struct cell *cell)
{
    const struct result *like = cell->good_count ? cell->good[0] : cell->like;
    bytes_append_char(out, '[');
    for (int i = 0; i < like->side_count; i++) {
        const char *name = like->sides[i].name;
        bytes_append_string(out, i ? ",{\"name\":" : "{\"name\":");
        put_string(out, name);
        bytes_append_string(out, ",\"cpu\":");
        put_spread(out, cell_side_cpu(cell, name));
        bytes_append_string(out, ",\"memory\":");
        put_spread(out, cell_side_memory(cell, name));
        bytes_append_char(out, '}');
    }
    bytes_append_char(out, ']');
}

/* How far its curve may go: to where ten messages of all repeats together lie
 * beyond. */
static double
curve_end(const struct cell *cell)
{
    double messages = 0;
    for (int i = 0; i < cell->good_count; i++)
        messages += (double)cell->good[i]->messages_counted;
    return messages / RESULT_BEYOND;
}

/* [[1/(1-p), us], …] */
static void
put_curve(struct bytes *out, const struct cell *cell)
{
    struct histogram *all = cell_latency(cell);
    double end = histogram_count(all) ? curve_end(cell) : 0;
    bytes_append_char(out, '[');
    for (int i = 0;; i++) {
        double x = pow(10, (double)i / POINTS_PER_DECADE);
        if (x > end * (1 + 1e-9))
            break;
        double us = (double)histogram_quantile(all, 1 - 1 / x) / 1e3;
        bytes_printf(out, "%s[%.6g,%.6g]", i ? "," : "", x, us);
    }
    bytes_append_char(out, ']');
    histogram_free(all);
}

/* [[s, p50 us, p99 us, max us], …] of its first good run. */
static void
put_slots(struct bytes *out, const struct cell *cell)
{
    const struct result *run = cell->good_count ? cell->good[0] : NULL;
    bytes_append_char(out, '[');
    for (int i = 0; run && i < run->slot_count; i++) {
        const struct result_slot *slot = &run->slots[i];
        if (slot->deliveries)
            bytes_printf(out, "%s[%.6g,%.6g,%.6g,%.6g]",
                         out->data[out->len - 1] == '[' ? "" : ",", slot->at_s,
                         slot->p50_us, slot->p99_us, slot->max_us);
    }
    bytes_append_char(out, ']');
}

static void
put_problems(struct bytes *out, const struct cell *cell)
{
    int count = 0;
    bytes_append_char(out, '[');
    for (int i = 0; i < cell->run_count; i++) {
        if (!cell->runs[i]->problem)
            continue;
        bytes_append_string(out, count++ ? "," : "");
        put_string(out, cell->runs[i]->problem);
    }
    bytes_append_char(out, ']');
}

static void
put_configuration(struct bytes *out, const struct cell *cell)
{
    const struct result *like = cell->like;
    bytes_append_string(out, "{\"scenario\":");
    put_string(out, like->scenario);
    put_named_string(out, "transport", like->transport);
    put_named_string(out, "way", like->way);
    put_named_string(out, "target", like->target);
    put_named_string(out, "durability", like->durability);
    put_named_string(out, "publish_by", like->publish_by);
    put_named_string(out, "publish_url", like->publish_url);
    put_named(out, "subscribers", like->subscribers);
    put_named(out, "publishers", like->publishers);
    put_named(out, "channels", like->channels);
    put_named(out, "rate_per_s", like->rate_per_s);
    put_named(out, "message_bytes", like->message_bytes);
    put_named(out, "poll_interval_s", like->poll_interval_s);
    put_named(out, "duration_s", like->duration_s);
    bytes_printf(out, ",\"poisson\":%s", like->is_poisson ? "true" : "false");
}

static void
put_outcome(struct bytes *out, const struct cell *cell)
{
    put_named(out, "runs", cell->run_count);
    put_named(out, "good", cell->good_count);
    bytes_printf(out, ",\"cut\":%s", cell->is_cut ? "true" : "false");
    put_named(out, "expected", (double)cell_expected(cell));
    put_named(out, "lost", (double)cell_lost(cell));
    put_named(out, "repeated", (double)cell_repeated(cell));
    put_named(out, "reordered", (double)cell_reordered(cell));
    put_named(out, "messages",
              cell->good_count ? (double)cell->good[0]->messages_counted : 0);
}

static void
put_cell(struct bytes *out, const struct cell *cell)
{
    put_configuration(out, cell);
    put_outcome(out, cell);
    bytes_append_string(out, ",\"figures\":");
    put_figures(out, cell);
    bytes_append_string(out, ",\"sides\":");
    put_sides(out, cell);
    bytes_append_string(out, ",\"curve\":");
    put_curve(out, cell);
    bytes_append_string(out, ",\"slots\":");
    put_slots(out, cell);
    bytes_append_string(out, ",\"problems\":");
    put_problems(out, cell);
    bytes_append_char(out, '}');
}

static void
put_column_names(struct bytes *out, const char *scenario)
{
    int count;
    const struct column *columns = columns_of(scenario, &count);
    bytes_append_char(out, '[');
    for (int i = 0; i < count; i++)
        bytes_printf(out, "%s\"%s\"", i ? "," : "",
                     figure_about(columns[i].figure)->name);
    bytes_append_char(out, ']');
}

static void
put_words(struct bytes *out, int at, const char *en, const char *zh)
{
    bytes_append_string(out, at ? ",{\"en\":" : "{\"en\":");
    put_string(out, en);
    put_named_string(out, "zh-CN", zh);
    bytes_append_char(out, '}');
}

static void
put_remarks(struct bytes *out, const struct cell *cells, int count,
            bool with_target)
{
    struct remarks *remarks = remarks_new(cells, count, with_target);
    bytes_append_char(out, '[');
    for (int i = 0; i < remarks->count; i++)
        put_words(out, i, remarks->list[i].en, remarks->list[i].zh);
    bytes_append_char(out, ']');
    remarks_free(remarks);
}

/* {"latency": {"columns": […], "remarks": […]}, …} */
static void
put_scenarios(struct bytes *out, const struct cells *cells)
{
    bytes_append_char(out, '{');
    for (int from = 0, to; from < cells->count; from = to) {
        const char *scenario = cells->cells[from].like->scenario;
        for (to = from + 1; to < cells->count; to++)
            if (strcmp(cells->cells[to].like->scenario, scenario) != 0)
                break;
        bytes_append_string(out, from ? "," : "");
        put_string(out, scenario);
        bytes_append_string(out, ":{\"columns\":");
        put_column_names(out, scenario);
        bytes_append_string(out, ",\"remarks\":");
        put_remarks(out, &cells->cells[from], to - from,
                    cells_have_targets(cells));
        bytes_append_char(out, '}');
    }
    bytes_append_char(out, '}');
}

static void
put_findings(struct bytes *out, const struct cells *cells)
{
    struct findings *findings = findings_new(cells);
    bytes_append_char(out, '[');
    for (int i = 0; i < findings->count; i++)
        put_words(out, i, findings->list[i].en, findings->list[i].zh);
    bytes_append_char(out, ']');
    findings_free(findings);
}

void
view_put(struct bytes *out, const struct results *results)
{
    struct cells *cells = cells_new(results);
    bytes_append_string(out, "{\"findings\":");
    put_findings(out, cells);
    bytes_append_string(out, ",\"scenarios\":");
    put_scenarios(out, cells);
    bytes_append_string(out, ",\"cells\":[");
    for (int i = 0; i < cells->count; i++) {
        bytes_append_string(out, i ? ",\n" : "\n");
        put_cell(out, &cells->cells[i]);
    }
    bytes_append_string(out, "\n]}");
    cells_free(cells);
}

#include "compare/compare_internal.h"

#include "base/bytes.h"
#include "results/grid.h"
#include "results/json.h"
#include "results/machine.h"
#include "results/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 100 };
static const double noted_others = 0.1;

/* Prints TEXT, wrapped, and frees it. */
static void
print_text(FILE *file, struct bytes *text)
{
    bytes_append_char(text, '\0');
    text_wrap(file, text->data, WIDTH, 0, "");
    bytes_fini(text);
}

static const char *
plural(int count)
{
    return count == 1 ? "" : "s";
}

/* -- one measurement ------------------------------------------------------ */

/* The most that others took of the machine during any of the runs. */
static double
others_cpu(const struct measurement *of)
{
    double most = 0;
    for (int i = 0; i < of->count; i++)
        most = fmax(most, fmax(of->a[i]->others_cpu, of->b[i]->others_cpu));
    return most;
}

static void
print_heading(FILE *file, const struct measurement *of)
{
    const struct result *like = of->cell_a->like;
    char *label = cell_label(of->cell_a, true);
    struct bytes text = BYTES_EMPTY;
    bytes_printf(&text, "%s: %s, %d subscriber%s, ", like->scenario, label,
                 like->subscribers, plural(like->subscribers));
    if (like->rate_per_s > 0) {
        text_setting(&text, like->rate_per_s);
        bytes_append_string(&text, " messages a second");
    } else {
        bytes_printf(&text, "%d publisher%s in a closed loop", like->publishers,
                     plural(like->publishers));
    }
    bytes_printf(&text, "; %d pair%s of repeats%s", of->count,
                 plural(of->count), of->is_in_turn ? "" : ", not in turn");
    if (others_cpu(of) > noted_others)
        bytes_printf(&text,
                     ". Others used up to %.0f %% of the machine during these "
                     "runs, which widens the intervals",
                     100 * others_cpu(of));
    free(label);
    fputc('\n', file);
    print_text(file, &text);
}

static void
print_flaws(FILE *file, const struct measurement *of)
{
    const struct flaws *a = &of->flaws_a, *b = &of->flaws_b;
    const struct {
        const char *word;
        uint64_t a, b;
    } kinds[] = {{"lost", a->lost, b->lost},
                 {"repeated", a->repeated, b->repeated},
                 {"out of order", a->reordered, b->reordered}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!kinds[i].a && !kinds[i].b)
            continue;
        struct bytes text = BYTES_EMPTY;
        bytes_printf(&text, "%s messages: ", kinds[i].word);
        text_count(&text, kinds[i].a);
        bytes_append_string(&text, " in A, ");
        text_count(&text, kinds[i].b);
        bytes_printf(&text, " in B%s",
                     kinds[i].a ? "" : ": a REGRESSION by itself");
        print_text(file, &text);
    }
}

static void
put(struct grid *grid, int column, struct bytes *text)
{
    bytes_append_char(text, '\0');
    grid_put(grid, column, text->data);
    bytes_fini(text);
}

static void
put_spread(struct grid *grid, int column, const struct spread *spread,
           bool with_range)
{
    struct bytes text = BYTES_EMPTY;
    text_number(&text, spread->median);
    if (with_range && spread->count > 1 && !isnan(spread->median)) {
        bytes_append_string(&text, " (");
        text_range(&text, spread->low, spread->high);
        bytes_append_char(&text, ')');
    }
    put(grid, column, &text);
}

static void
put_change(struct grid *grid, int column, double low, double high)
{
    struct bytes text = BYTES_EMPTY;
    bytes_printf(&text, "%+.1f", 100 * (low - 1));
    if (high >= 0)
        bytes_printf(&text, " to %+.1f", 100 * (high - 1));
    put(grid, column, &text);
}

static const char *
remark(const struct compared *compared)
{
    switch (compared->verdict) {
    case VERDICT_WORSE:
        return "WORSE";
    case VERDICT_BETTER:
        return "better";
    case VERDICT_NONE:
        break;
    }
    return compared->is_judged ? "*" : "";
}

static void
put_row(struct grid *grid, const struct compared *compared, const char *name,
        bool with_verdict)
{
    grid_row(grid, name, false);
    put_spread(grid, 0, &compared->a, !with_verdict);
    put_spread(grid, 1, &compared->b, !with_verdict);
    if (!compared->has_change)
        return;
    put_change(grid, 2, compared->change.ratio, -1);
    if (!with_verdict)
        return;
    put_change(grid, 3, compared->change.low, compared->change.high);
    grid_put(grid, 4, remark(compared));
}

static void
print_measurement(FILE *file, const struct measurement *of, bool with_colour)
{
    bool with_verdict = measurement_may_judge(of);
    print_heading(file, of);
    print_flaws(file, of);
    struct grid *grid = grid_new();
    const char *unit = with_verdict ? "median" : "median (range)";
    grid_column(grid, "A", unit);
    grid_column(grid, "B", unit);
    grid_column(grid, "change", "%");
    if (with_verdict) {
        grid_column(grid, "95 % interval", "%");
        grid_column(grid, "", "");
    }
    for (int row = 0; row < ROWS; row++) {
        const struct compared *compared = &of->rows[row];
        if (isnan(compared->a.median) || isnan(compared->b.median))
            continue;
        char *name = measurement_row_name(of, row);
        put_row(grid, compared, name, with_verdict);
        free(name);
    }
    grid_print(file, grid, WIDTH, with_colour);
    grid_free(grid);
}

/* -- what goes before and after ------------------------------------------- */

static const char *
or_unknown(const char *text)
{
    return text ? text : "unknown";
}

static void
print_file(FILE *file, const char *word, const char *name,
           const struct results *results)
{
    struct bytes text = BYTES_EMPTY;
    bytes_printf(&text, "%s  %s, begun %s, Earshot %s", word, name,
                 or_unknown(results->began),
                 or_unknown(results->machine->earshot));
    print_text(file, &text);
}

static bool
is_same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static void
print_machines(FILE *file, const struct machine *a, const struct machine *b)
{
    if (is_same(a->cpu, b->cpu) && a->cores == b->cores &&
        is_same(a->kernel, b->kernel))
        return;
    struct bytes text = BYTES_EMPTY;
    bytes_printf(&text,
                 "They were measured on different machines: %s, %d cores, %s; "
                 "and %s, %d cores, %s. What differs may be theirs.",
                 or_unknown(a->cpu), a->cores, or_unknown(a->kernel),
                 or_unknown(b->cpu), b->cores, or_unknown(b->kernel));
    print_text(file, &text);
}

/* What stands in only one of the files, or did not end. */
static void
print_left_out(FILE *file, const struct comparison *comparison)
{
    int a = comparison->cells_a->count - comparison->count;
    int b = comparison->cells_b->count - comparison->count;
    if (!a && !b)
        return;
    struct bytes text = BYTES_EMPTY;
    bytes_printf(&text,
                 "Not compared: %d measurement%s of A and %d of B, which the "
                 "other has not, or has no complete run of.",
                 a, plural(a), b);
    fputc('\n', file);
    print_text(file, &text);
}

static int
unjudged(const struct comparison *comparison)
{
    int count = 0;
    for (int i = 0; i < comparison->count; i++)
        count += !measurement_may_judge(&comparison->measurements[i]);
    return count;
}

static void
print_no_verdict(FILE *file, const struct comparison *comparison)
{
    int count = unjudged(comparison);
    if (!count)
        return;
    struct bytes text = BYTES_EMPTY;
    bytes_printf(&text,
                 "No verdict on %d of %d measurement%s: it takes %d pairs of "
                 "complete repeats, run in turn (A, B, A, B, …); ",
                 count, comparison->count, plural(comparison->count),
                 REPEATS_FOR_A_VERDICT);
    bytes_append_string(
        &text, "for each turn give every command one --repeat more and the "
               "same --resume FILE as before.");
    fputc('\n', file);
    print_text(file, &text);
}

static void
print_verdict(FILE *file, const struct comparison *comparison)
{
    struct bytes text = BYTES_EMPTY;
    if (comparison->worse)
        bytes_printf(&text, "REGRESSION: %d of %d judged figures %s",
                     comparison->worse, comparison->judged,
                     comparison->worse == 1 ? "is" : "are");
    else
        bytes_printf(&text, "No regression: none of %d judged figures (*) is",
                     comparison->judged);
    bytes_append_string(&text, " worse by more than ");
    text_setting(&text, 100 * comparison->bound);
    bytes_append_string(
        &text, " % with a certainty of 95 % for all of them together, which "
               "asks for more than each figure's own interval does.");
    fputc('\n', file);
    print_text(file, &text);
}

static void
print_flawed(FILE *file, const struct comparison *comparison)
{
    struct bytes text = BYTES_EMPTY;
    bytes_printf(&text,
                 "REGRESSION: in %d measurement%s messages were lost, repeated "
                 "or out of order in B, and none in A.",
                 comparison->flawed, plural(comparison->flawed));
    fputc('\n', file);
    print_text(file, &text);
}

void
comparison_print(FILE *file, const struct comparison *comparison,
                 const char *name_a, const char *name_b, bool with_colour)
{
    print_file(file, "A", name_a, comparison->results_a);
    print_file(file, "B", name_b, comparison->results_b);
    print_machines(file, comparison->results_a->machine,
                   comparison->results_b->machine);
    for (int i = 0; i < comparison->count; i++)
        print_measurement(file, &comparison->measurements[i], with_colour);
    print_left_out(file, comparison);
    print_no_verdict(file, comparison);
    if (comparison->judged)
        print_verdict(file, comparison);
    if (comparison->flawed)
        print_flawed(file, comparison);
}

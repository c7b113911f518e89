#include "results/table.h"

#include "base/bytes.h"
#include "result.h"
#include "results/cells.h"
#include "results/columns.h"
#include "results/findings.h"
#include "results/grid.h"
#include "results/json.h"
#include "results/machine.h"
#include "results/remarks.h"
#include "results/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 100 };

/* The cells of one scenario. */
struct block {
    const struct cells *all;
    const struct cell *cells;
    int count;
    bool with_target;
    bool with_colour;
};

static char *
text_of(struct bytes *text)
{
    bytes_append_char(text, '\0');
    return text->data;
}

/* -- the first thing: what went wrong ------------------------------------ */

static char *
label_of(const struct block *block, const struct cell *cell)
{
    return cell_label(cell, block->with_target);
}

static void
print_warning(FILE *file, const struct block *block, const struct cell *cell,
              const char *word, const char *sentence)
{
    char *label = label_of(block, cell);
    struct bytes first = BYTES_EMPTY;
    bytes_printf(&first, "%s%s%s ", block->with_colour ? "\033[1;31m" : "",
                 word, block->with_colour ? "\033[0m" : "");
    struct bytes text = BYTES_EMPTY;
    bytes_printf(&text, "%s, %s: %s", cell->like->scenario, label, sentence);
    text_wrap(file, text_of(&text), WIDTH, 4, text_of(&first));
    bytes_fini(&first);
    bytes_fini(&text);
    free(label);
}

static void
warn_of_losses(FILE *file, const struct block *block, const struct cell *cell)
{
    uint64_t lost = cell_lost(cell);
    if (!lost)
        return;
    struct bytes text = BYTES_EMPTY;
    text_count(&text, lost);
    bytes_append_string(&text, " of ");
    text_count(&text, cell_expected(cell));
    bytes_append_string(&text, " deliveries that were owed never came.");
    print_warning(file, block, cell, "LOST", text_of(&text));
    bytes_fini(&text);
}

static void
warn_of_problems(FILE *file, const struct block *block, const struct cell *cell)
{
    for (int i = 0; i < cell->run_count; i++) {
        const struct result *run = cell->runs[i];
        if (run->problem)
            print_warning(file, block, cell, "NO RESULT", run->problem);
        else if (!run->is_complete)
            print_warning(file, block, cell, "INTERRUPTED",
                          cell->is_cut
                              ? "its figures are of the part that was run."
                              : "that run is left out of the figures.");
    }
}

static void
print_warnings(FILE *file, const struct block *whole)
{
    bool had_any = false;
    for (int i = 0; i < whole->count; i++) {
        const struct cell *cell = &whole->cells[i];
        had_any |= cell_lost(cell) || cell->is_cut ||
                   cell->good_count < cell->run_count;
        warn_of_losses(file, whole, cell);
    }
    for (int i = 0; i < whole->count; i++)
        warn_of_problems(file, whole, &whole->cells[i]);
    if (had_any)
        fputc('\n', file);
}

/* -- what was run -------------------------------------------------------- */

static double
of_subscribers(const struct result *result)
{
    return result->subscribers;
}

static double
of_publishers(const struct result *result)
{
    return result->publishers;
}

static double
of_rate(const struct result *result)
{
    return strcmp(result->scenario, "ramp") ? result->rate_per_s : 0;
}

static double
of_size(const struct result *result)
{
    return result->message_bytes;
}

/* What can differ between the cells of a block; where it does, it is a column
 * and else stands in the line above the table. */
static const struct {
    const char *head;
    const char *unit;
    double (*of)(const struct result *result);
} varies[] = {
    {"subscribers", "", of_subscribers},
    {"publishers", "", of_publishers},
    {"messages", "per s", of_rate},
    {"size", "bytes", of_size},
};
enum { VARIES = sizeof varies / sizeof *varies };

static bool
does_vary(const struct block *block, int vary)
{
    double first = varies[vary].of(block->cells[0].like);
    for (int i = 1; i < block->count; i++)
        if (varies[vary].of(block->cells[i].like) != first)
            return true;
    return false;
}

static void
say_counted(struct bytes *text, double count, const char *what)
{
    bytes_append_string(text, text->len ? ", " : "");
    text_setting(text, count);
    bytes_printf(text, " %s%s", what, count > 1 ? "s" : "");
}

/* In an open loop a connection publishes when the others are waiting. */
static void
say_publishers(struct bytes *text, const struct result *like)
{
    if (like->rate_per_s <= 0 || like->publishers == 1) {
        say_counted(text, like->publishers, "publisher");
        return;
    }
    bytes_append_string(text, text->len ? ", at most " : "at most ");
    text_setting(text, like->publishers);
    bytes_append_string(text, " publishing connections");
}

static void
say_rate(struct bytes *text, const struct result *like)
{
    bytes_append_string(text, text->len ? ", " : "");
    if (like->rate_per_s > 0) {
        text_setting(text, like->rate_per_s);
        bytes_printf(text, " messages a second (%s)",
                     like->is_poisson ? "Poisson" : "fixed spacing");
    } else {
        bytes_append_string(text, "closed loop");
    }
}

static int
most_runs(const struct block *block)
{
    int most = 0;
    for (int i = 0; i < block->count; i++)
        if (block->cells[i].good_count > most)
            most = block->cells[i].good_count;
    return most;
}

/* Where publishing goes, when it is one place. */
static void
say_publishing(struct bytes *text, const struct block *block)
{
    const struct result *like = block->cells[0].like;
    if (!like->publish_url || !like->publish_by)
        return;
    for (int i = 1; i < block->count; i++) {
        const char *url = block->cells[i].like->publish_url;
        if (!url || strcmp(url, like->publish_url) != 0)
            return;
    }
    bytes_printf(text, ", published by %s to %s",
                 strcmp(like->publish_by, "post") ? "WebSocket" : "POST",
                 like->publish_url);
}

static void
print_load(FILE *file, const struct block *block)
{
    const struct result *like = block->cells[0].like;
    struct bytes text = BYTES_EMPTY;
    if (!does_vary(block, 0))
        say_counted(&text, like->subscribers, "subscriber");
    if (!does_vary(block, 1))
        say_publishers(&text, like);
    if (!does_vary(block, 2) && strcmp(like->scenario, "ramp") != 0)
        say_rate(&text, like);
    if (!does_vary(block, 3) && like->message_bytes)
        say_counted(&text, like->message_bytes, "byte");
    say_publishing(&text, block);
    if (most_runs(block) > 1)
        bytes_printf(&text, "; %d runs: the median, the range below it",
                     most_runs(block));
    bytes_append_char(&text, '.');
    text_wrap(file, text_of(&text), WIDTH, 2, "  ");
    bytes_fini(&text);
}

/* -- the table ----------------------------------------------------------- */

static void
put_varying(struct grid *grid, const struct block *block,
            const struct cell *cell, int *column)
{
    for (int i = 0; i < VARIES; i++) {
        if (!does_vary(block, i))
            continue;
        struct bytes text = BYTES_EMPTY;
        text_setting(&text, varies[i].of(cell->like));
        grid_put(grid, (*column)++, text_of(&text));
        bytes_fini(&text);
    }
}

static void
put_median(struct grid *grid, int column, const struct spread *spread,
           double scale)
{
    struct bytes text = BYTES_EMPTY;
    text_number(&text, spread->median * scale);
    grid_put(grid, column, text_of(&text));
    bytes_fini(&text);
}

static void
put_range(struct grid *grid, int column, const struct spread *spread,
          double scale)
{
    if (isnan(spread->median))
        return;
    struct bytes text = BYTES_EMPTY;
    text_range(&text, spread->low * scale, spread->high * scale);
    grid_put(grid, column, text_of(&text));
    bytes_fini(&text);
}

static void
put_cell(struct grid *grid, const struct block *block, const struct cell *cell)
{
    int count;
    const struct column *columns = columns_of(cell->like->scenario, &count);
    int first = 0;
    char *label = label_of(block, cell);
    grid_row(grid, label, false);
    free(label);
    put_varying(grid, block, cell, &first);
    for (int i = 0; i < count; i++) {
        struct spread spread = cell_figure(cell, columns[i].figure);
        put_median(grid, first + i, &spread, columns[i].scale);
    }
    if (cell->good_count < 2)
        return;
    grid_row(grid, "", true);
    for (int i = 0; i < count; i++) {
        struct spread spread = cell_figure(cell, columns[i].figure);
        put_range(grid, first + i, &spread, columns[i].scale);
    }
}

static void
print_grid(FILE *file, const struct block *block)
{
    struct grid *grid = grid_new();
    for (int i = 0; i < VARIES; i++)
        if (does_vary(block, i))
            grid_column(grid, varies[i].head, varies[i].unit);
    int count;
    const struct column *columns =
        columns_of(block->cells[0].like->scenario, &count);
    for (int i = 0; i < count; i++)
        grid_column(grid, columns[i].head, columns[i].unit);
    for (int i = 0; i < block->count; i++)
        put_cell(grid, block, &block->cells[i]);
    grid_print(file, grid, WIDTH, block->with_colour);
    grid_free(grid);
}

/* -- what must be known to read it --------------------------------------- */

static void
print_correctness(FILE *file, const struct block *block)
{
    uint64_t expected = 0, lost = 0, repeated = 0, reordered = 0;
    for (int i = 0; i < block->count; i++) {
        expected += cell_expected(&block->cells[i]);
        lost += cell_lost(&block->cells[i]);
        repeated += cell_repeated(&block->cells[i]);
        reordered += cell_reordered(&block->cells[i]);
    }
    if (!expected)
        return;
    struct bytes text = BYTES_EMPTY;
    bytes_append_string(&text, "Of ");
    text_count(&text, expected);
    bytes_append_string(&text, " deliveries ");
    if (lost + repeated + reordered == 0)
        bytes_append_string(&text, "none was lost, repeated or out of order.");
    else
        bytes_printf(&text,
                     "%" PRIu64 " lost, %" PRIu64 " repeated, %" PRIu64
                     " out of order.",
                     lost, repeated, reordered);
    text_wrap(file, text_of(&text), WIDTH, 2, "  ");
    bytes_fini(&text);
}

static void
print_remarks(FILE *file, const struct block *block)
{
    struct remarks *remarks =
        remarks_new(block->cells, block->count, block->with_target);
    for (int i = 0; i < remarks->count; i++)
        text_wrap(file, remarks->list[i].en, WIDTH, 4, "  * ");
    remarks_free(remarks);
}

static void
print_block(FILE *file, const struct block *block)
{
    const char *scenario = block->cells[0].like->scenario;
    const char *about = columns_about(scenario);
    fprintf(file, "%s%s%s%s%s\n", block->with_colour ? "\033[1;4m" : "",
            scenario, block->with_colour ? "\033[0m" : "", *about ? ": " : "",
            about);
    print_load(file, block);
    fputc('\n', file);
    print_grid(file, block);
    fputc('\n', file);
    print_correctness(file, block);
    print_remarks(file, block);
    fputc('\n', file);
}

static void
print_blocks(FILE *file, const struct block *whole)
{
    for (int from = 0, to; from < whole->count; from = to) {
        const char *scenario = whole->cells[from].like->scenario;
        for (to = from + 1; to < whole->count; to++)
            if (strcmp(whole->cells[to].like->scenario, scenario) != 0)
                break;
        struct block block = *whole;
        block.cells = whole->cells + from;
        block.count = to - from;
        print_block(file, &block);
    }
}

static void
print_findings(FILE *file, const struct block *whole)
{
    struct findings *findings = findings_new(whole->all);
    if (findings->count)
        fprintf(file, "%sfindings%s\n", whole->with_colour ? "\033[1;4m" : "",
                whole->with_colour ? "\033[0m" : "");
    for (int i = 0; i < findings->count; i++) {
        char first[24];
        snprintf(first, sizeof first, "  %d. ", i + 1);
        text_wrap(file, findings->list[i].en, WIDTH, 5, first);
    }
    if (findings->count)
        fputc('\n', file);
    findings_free(findings);
}

/* What is said of durability, each target once. */
static void
say_durable(struct bytes *text, const struct block *whole)
{
    const char *last = "";
    for (int i = 0; i < whole->count; i++) {
        const struct result *like = whole->cells[i].like;
        if (!like->durability || strcmp(like->target, last) == 0 ||
            strcmp(like->scenario, whole->cells[0].like->scenario) != 0)
            continue;
        bytes_printf(text, " %s: %s.", like->target, like->durability);
        last = like->target;
    }
}

static void
print_machine(FILE *file, const struct block *whole)
{
    const struct machine *machine = whole->all->results->machine;
    if (!machine->kernel)
        return;
    struct bytes text = BYTES_EMPTY;
    bytes_printf(
        &text, "%s, %d core%s, %s, %s.",
        machine->cpu ? machine->cpu : "unknown processor", machine->cores,
        machine->cores == 1 ? "" : "s", machine->kernel,
        machine->distribution ? machine->distribution : "unknown distribution");
    if (machine->disk_system && machine->fdatasync_p50_us > 0) {
        bytes_printf(&text, " Queue on %s: fdatasync takes ",
                     machine->disk_system);
        text_duration(&text, machine->fdatasync_p50_us);
        bytes_append_string(&text, " (p50), ");
        text_duration(&text, machine->fdatasync_p99_us);
        bytes_append_string(&text, " (p99).");
    }
    if (machine->disk_system && strcmp(machine->disk_system, "tmpfs") == 0)
        bytes_append_string(&text, " On a tmpfs nothing is durable.");
    else
        say_durable(&text, whole);
    text_wrap(file, text_of(&text), WIDTH, 0, "");
    bytes_fini(&text);
}

void
table_print(FILE *file, const struct results *results, bool with_colour)
{
    struct cells *cells = cells_new(results);
    struct block whole = {
        .all = cells,
        .cells = cells->cells,
        .count = cells->count,
        .with_target = cells_have_targets(cells),
        .with_colour = with_colour,
    };
    print_warnings(file, &whole);
    print_blocks(file, &whole);
    print_findings(file, &whole);
    if (cells->count)
        text_wrap(file,
                  "A dash: not measured, or fewer than 10 messages lie beyond "
                  "the percentile. Delays count from when a message was due. "
                  "CPU is the server's, of all its processes, per million "
                  "deliveries (publish: publishes).",
                  WIDTH, 0, "");
    if (cells->count)
        print_machine(file, &whole);
    cells_free(cells);
}

#include "results/grid.h"

#include "base/bytes.h"
#include "results/text.h"

#include <stdlib.h>

enum { GRID_COLUMNS_MAX = 16, GAP = 2 };

struct row {
    char *label;
    bool is_aside;
    char *texts[GRID_COLUMNS_MAX];
};

struct grid {
    char *heads[GRID_COLUMNS_MAX];
    char *units[GRID_COLUMNS_MAX];
    int column_count;
    struct row *rows;
    int row_count;
};

struct grid *
grid_new(void)
{
    return xcalloc(1, sizeof(struct grid));
}

void
grid_free(struct grid *grid)
{
    for (int i = 0; i < grid->row_count; i++) {
        free(grid->rows[i].label);
        for (int j = 0; j < grid->column_count; j++)
            free(grid->rows[i].texts[j]);
    }
    for (int j = 0; j < grid->column_count; j++) {
        free(grid->heads[j]);
        free(grid->units[j]);
    }
    free(grid->rows);
    free(grid);
}

void
grid_column(struct grid *grid, const char *head, const char *unit)
{
    if (grid->column_count == GRID_COLUMNS_MAX)
        return;
    grid->heads[grid->column_count] = xstrdup(head);
    grid->units[grid->column_count++] = xstrdup(unit);
}

void
grid_row(struct grid *grid, const char *label, bool is_aside)
{
    size_t count = (size_t)grid->row_count + 1;
    grid->rows = xrealloc(grid->rows, count * sizeof *grid->rows);
    grid->rows[grid->row_count++] =
        (struct row){.label = xstrdup(label), .is_aside = is_aside};
}

void
grid_put(struct grid *grid, int column, const char *text)
{
    if (column >= grid->column_count)
        return;
    char **at = &grid->rows[grid->row_count - 1].texts[column];
    free(*at);
    *at = xstrdup(text);
}

static int
larger(int a, int b)
{
    return a > b ? a : b;
}

static int
label_width(const struct grid *grid)
{
    int width = 0;
    for (int i = 0; i < grid->row_count; i++)
        width = larger(width, text_width(grid->rows[i].label));
    return width;
}

static int
column_width(const struct grid *grid, int column)
{
    int width = larger(text_width(grid->heads[column]),
                       text_width(grid->units[column]));
    for (int i = 0; i < grid->row_count; i++)
        if (grid->rows[i].texts[column])
            width = larger(width, text_width(grid->rows[i].texts[column]));
    return width + GAP;
}

static void
print_right(FILE *file, const char *text, int width)
{
    text = text ? text : "";
    fprintf(file, "%*s%s", width - text_width(text), "", text);
}

/* A line of a table's part: the columns from FROM to TO, exclusively. */
static void
print_line(FILE *file, const struct grid *grid, const char *label,
           char *const *texts, int from, int to)
{
    int trailing = 0;
    fprintf(file, "%s", label);
    trailing = label_width(grid) - text_width(label);
    for (int i = from; i < to; i++) {
        int width = column_width(grid, i);
        if (!texts[i]) {
            trailing += width;
            continue;
        }
        print_right(file, texts[i], trailing + width);
        trailing = 0;
    }
}

static void
print_part(FILE *file, const struct grid *grid, int from, int to,
           bool with_colour)
{
    const char *bold = with_colour ? "\033[1m" : "";
    const char *dim = with_colour ? "\033[2m" : "";
    const char *usual = with_colour ? "\033[0m" : "";
    fputs(bold, file);
    print_line(file, grid, "", grid->heads, from, to);
    fprintf(file, "%s\n%s", usual, dim);
    print_line(file, grid, "", grid->units, from, to);
    fprintf(file, "%s\n", usual);
    for (int i = 0; i < grid->row_count; i++) {
        const struct row *row = &grid->rows[i];
        fputs(row->is_aside ? dim : "", file);
        print_line(file, grid, row->label, row->texts, from, to);
        fprintf(file, "%s\n", row->is_aside ? usual : "");
    }
}

void
grid_print(FILE *file, const struct grid *grid, int width, bool with_colour)
{
    int from = 0;
    while (from < grid->column_count) {
        int to = from;
        int used = label_width(grid);
        while (to < grid->column_count &&
               (to == from || used + column_width(grid, to) <= width))
            used += column_width(grid, to++);
        if (from)
            fputc('\n', file);
        print_part(file, grid, from, to, with_colour);
        from = to;
    }
}

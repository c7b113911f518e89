/* A table of texts: a column of labels on the left, columns of figures with
 * two-line heads, and rows. What does not fit into the width goes on below,
 * with the labels again. It knows nothing of what the texts mean. */
#ifndef EARSHOT_BENCH_GRID_H
#define EARSHOT_BENCH_GRID_H

#include <stdbool.h>
#include <stdio.h>

struct grid;

struct grid *grid_new(void);
void grid_free(struct grid *grid);

void grid_column(struct grid *grid, const char *head, const char *unit);
/* A new row, empty. An IS_ASIDE row belongs to the one above and is dimmed
 * where there are colours. */
void grid_row(struct grid *grid, const char *label, bool is_aside);
/* The TEXT of the last row in COLUMN (from 0); a row may leave cells empty. */
void grid_put(struct grid *grid, int column, const char *text);

void grid_print(FILE *file, const struct grid *grid, int width,
                bool with_colour);

#endif

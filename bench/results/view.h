/* The view: what the report's page shows, as JSON: the cells with their
 * medians and ranges, curves, findings, warnings; so that the page computes
 * nothing but where to draw. */
#ifndef EARSHOT_BENCH_VIEW_H
#define EARSHOT_BENCH_VIEW_H

struct bytes;
struct results;

void view_put(struct bytes *out, const struct results *results);

#endif

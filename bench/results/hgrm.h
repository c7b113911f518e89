/* The histograms of all runs as HdrHistogram's percentile text, in one stream:
 * each headed by a line
 *
 *     #[Histogram = latency, scenario = fanout, transport = sse, way = …]
 *
 * which readers of .hgrm take for a comment. Values in microseconds. */
#ifndef EARSHOT_BENCH_HGRM_H
#define EARSHOT_BENCH_HGRM_H

#include <stdio.h>

struct results;

void hgrm_print(FILE *file, const struct results *results);

#endif

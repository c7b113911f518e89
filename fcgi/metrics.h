/* GET /-/metrics: the figures of all processes in Prometheus' text format,
 * version 0.0.4. A name without the label `process` is over all of them, and
 * what counts there never falls; names of one process have that label. */
#ifndef EARSHOT_METRICS_H
#define EARSHOT_METRICS_H

struct bytes;
struct server;

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

void metrics_append(struct bytes *text, struct server *server);

/* Appends a label's VALUE as it stands between its quotes. */
void metrics_append_escaped(struct bytes *text, const char *value);

#endif

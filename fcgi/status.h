/* What /-/health and /-/status say: ready or not; this process in figures. */
#ifndef EARSHOT_STATUS_H
#define EARSHOT_STATUS_H

#include <stdbool.h>

struct bytes;
struct server;

/* Appends the health as JSON. True: ready; false is a 503. */
bool status_health(struct bytes *json, const struct server *server);

void status_figures(struct bytes *json, const struct server *server);

#endif

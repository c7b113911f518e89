/* What the page at /-/ shows: the figures of all processes as JSON, an event a
 * second while somebody looks. */
#ifndef EARSHOT_OVERVIEW_H
#define EARSHOT_OVERVIEW_H

#include <stdint.h>

struct bytes;
struct server;
struct shared;

/* Appends one JSON object. */
void overview_append(struct bytes *json, struct server *server);

enum { OVERVIEW_PAUSE_US = 1000 * 1000 };

/* The same as an event, made once for all who ask within a pause. It belongs to
 * the server until the next call: hold it to keep it. */
struct shared *overview_event(struct server *server);

#endif

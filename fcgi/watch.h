/* GET /-/sse: the figures of all processes, an event a second, for the page at
 * /-/. It follows no channel; it counts against the limit of subscribers and
 * ends as every stream does. Nothing is done for it while nobody looks. */
#ifndef EARSHOT_WATCH_H
#define EARSHOT_WATCH_H

struct connection;
struct query;
struct request;

void watch_get(struct connection *connection, const struct request *request,
               const struct query *query, const char *name);

#endif

/* GET /-/health: ready or not. GET /-/status: this process in figures. */
#ifndef EARSHOT_STATUS_H
#define EARSHOT_STATUS_H

struct connection;
struct query;
struct request;

void status_health_get(struct connection *connection,
                       const struct request *request, const struct query *query,
                       const char *name);

void status_get(struct connection *connection, const struct request *request,
                const struct query *query, const char *name);

#endif

/* From a request to what serves it: by its path and method. */
#ifndef EARSHOT_ROUTE_H
#define EARSHOT_ROUTE_H

struct connection;
struct request;

/* Answers REQUEST or hands it to what serves it; what that needs of the
 * request it copies. */
void route_request(struct connection *connection, struct request *request);

/* Answers a request whose headers were more than is read. */
void route_too_large(struct connection *connection);

/* Answers a request whose address or headers hold what cannot be in them. */
void route_torn(struct connection *connection);

#endif

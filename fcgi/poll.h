/* Polling: answers and ends. Short polling answers at once; with ?wait=S the
 * answer is held until there is a message or S seconds have passed. */
#ifndef EARSHOT_POLL_H
#define EARSHOT_POLL_H

struct connection;
struct query;
struct request;

void poll_get(struct connection *connection, const struct request *request,
              const struct query *query, const char *name);

#endif

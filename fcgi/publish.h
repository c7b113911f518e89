/* Publishing: a POST's body becomes one message, or, as NDJSON, several; it is
 * answered when they are committed. */
#ifndef EARSHOT_PUBLISH_H
#define EARSHOT_PUBLISH_H

struct connection;
struct query;
struct request;

void publish_post(struct connection *connection, struct request *request,
                  const struct query *query, const char *name);

#endif

/* Server-Sent Events (WHATWG HTML 9.2): a stream that goes on until its time
 * is over or its reader goes. */
#ifndef EARSHOT_SSE_H
#define EARSHOT_SSE_H

struct connection;
struct query;
struct request;

void sse_get(struct connection *connection, const struct request *request,
             const struct query *query, const char *name);

#endif

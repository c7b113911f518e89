/* From a request to what serves it: by its path and method. */
#ifndef EARSHOT_ROUTES_H
#define EARSHOT_ROUTES_H

struct evhttp_request;
struct server;

/* Answers REQUEST, or makes a client of its connection. NULL_FD, of anything
 * that is no socket, is closed by libevent in the place of a client's. */
void routes_serve(struct evhttp_request *request, struct server *server,
                  int null_fd);

#endif

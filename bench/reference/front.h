/* The front: HTTP, as far as it goes. libevent's HTTP server reads requests and
 * writes answers; a request that makes a WebSocket becomes a client (client.h),
 * and HTTP is over for that connection. */
#ifndef EARSHOT_FRONT_H
#define EARSHOT_FRONT_H

#include <stdbool.h>

struct front;
struct server;

/* NULL when libevent cannot make it. */
struct front *front_new(struct server *server);

/* Once the server does not turn any more. */
void front_free(struct front *front);

/* Takes requests on the listening, non-blocking FD, which is the front's. */
__attribute__((warn_unused_result)) bool front_listen(struct front *front,
                                                      int fd);

#endif

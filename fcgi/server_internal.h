/* What the server's files have of each other: server.c is the loop and its
 * members, server_accept.c who comes in. */
#ifndef EARSHOT_SERVER_INTERNAL_H
#define EARSHOT_SERVER_INTERNAL_H

#include "server.h"

void accept_init(struct server *server);
void accept_fini(struct server *server);

/* Accepts no more; the sockets are closed. */
void accept_stop(struct server *server);

/* At the end of a turn: tells the other processes that this one lives, and how
 * many it has. */
void accept_tell(const struct server *server);

#endif

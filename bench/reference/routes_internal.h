/* What the files of earshot-ws' routes share; nobody else includes this. */
#ifndef EARSHOT_ROUTES_INTERNAL_H
#define EARSHOT_ROUTES_INTERNAL_H

#include "access.h"
#include "forwarded.h"
#include "headers.h"
#include "query.h"
#include "reply.h"

#include <netinet/in.h>
#include <stdbool.h>

struct bytes;
struct client;
struct refusal;

/* One request under way: it is answered before its callback returns. */
struct ask {
    struct exchange exchange; /* for replies */
    int null_fd; /* what libevent closes in the place of a client */
    struct headers headers;
    struct visitor visitor;
    struct forwarded_values values;
    struct query query;
    char peer[INET6_ADDRSTRLEN];
};

/* routes.c */

/* False: the visitor may not, and has been answered. */
bool routes_may(struct ask *ask, enum access access);

/* False: nobody may come now. */
bool routes_may_come(struct server *server, struct refusal *refusal);

/* The header block of a stream. */
void routes_append_stream_head(struct bytes *bytes,
                               const struct exchange *exchange);

/* Gives the connection to CLIENT, with GREETING to be sent first. False: it has
 * not got it, and is freed. */
bool routes_give_connection(struct ask *ask, struct client *client,
                            struct bytes *greeting, struct refusal *refusal);

void routes_refuse_path(struct ask *ask);

/* Calls SERVE for GET and HEAD. */
void routes_serve_method(struct ask *ask, const char *name,
                         void (*serve)(struct ask *ask, const char *name));

/* routes_own.c: addresses behind `/-/', LAST being what stands there. */
void routes_own(struct ask *ask, const char *last);

#endif

/* Whom to measure: the servers that the command line names, started where that
 * was asked for; or what ./demo serves. */
#ifndef EARSHOT_BENCH_SERVERS_SERVERS_H
#define EARSHOT_BENCH_SERVERS_SERVERS_H

#include <stdbool.h>

struct settings;
struct peer;
struct target;

struct server {
    struct target *target;
    struct peer *peer; /* NULL: somebody else's server */
    bool has_direct;   /* its direct ways may be asked */
};

struct servers {
    struct server *items;
    int count;
};

/* Opens all of them; false with a sentence in *PROBLEM (to be freed), and then
 * none is open. */
__attribute__((warn_unused_result)) bool
servers_open(struct servers *servers, const struct settings *settings,
             char **problem);

/* Ends what was started. */
void servers_close(struct servers *servers);

#endif

/* A server that earshot-bench starts for itself and ends again: bench/peers/run
 * as a child process, which is told by its standard input what to do, and ends
 * all it started when that ends, also when earshot-bench is killed. */
#ifndef EARSHOT_BENCH_SERVERS_PEER_H
#define EARSHOT_BENCH_SERVERS_PEER_H

#include <stdbool.h>
#include <stddef.h>

struct peer;
struct target;

/* Starts the peer called NAME and waits until it is ready, which may take
 * minutes where something must be installed first; what it says meanwhile goes
 * to standard error. *TARGET gets its target's JSON, to be freed. NULL with a
 * sentence in *PROBLEM (to be freed). */
struct peer *peer_new(const char *name, char **target, char **problem);

/* Restarts it at the same addresses and waits until it is ready; TARGET then
 * has its new processes. False when it does not come back. */
bool peer_restart(struct peer *peer, struct target *target);

/* Ends it and waits until it has gone. */
void peer_free(struct peer *peer);

#endif

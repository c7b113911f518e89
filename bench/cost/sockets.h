/* Whose a socket is: a look at all of this machine's TCP and Unix sockets and
 * at the processes that have them open, as far as /proc may be read. */
#ifndef EARSHOT_BENCH_SOCKETS_H
#define EARSHOT_BENCH_SOCKETS_H

#include <stddef.h>
#include <stdint.h>

struct sockets;

struct sockets *sockets_look(void);
void sockets_free(struct sockets *sockets);

/* Who listens where a connection to HOST and PORT would arrive: master and
 * workers, whoever has that socket open. Fills in at most MAX pids, returns how
 * many. None when HOST is another machine. */
size_t sockets_listeners(const struct sockets *sockets, const char *host,
                         uint16_t port, int *pids, size_t max);

/* With whom PID has connections, of those whom it has connected to itself: TCP
 * to a listener of this machine, or a Unix stream. */
size_t sockets_behind(const struct sockets *sockets, int pid, int *pids,
                      size_t max);

#endif

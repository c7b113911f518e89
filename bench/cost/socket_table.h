/* Whose a socket is: a look at all of this machine's TCP and Unix sockets and
 * at the processes that have them open, as far as /proc may be read. */
#ifndef EARSHOT_BENCH_SOCKET_TABLE_H
#define EARSHOT_BENCH_SOCKET_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct socket_table;

struct socket_table *socket_table_look(void);
void socket_table_free(struct socket_table *table);

/* Who listens where a connection to HOST and PORT would arrive: master and
 * workers, whoever has that socket open. Fills in at most MAX pids, returns how
 * many. None when HOST is another machine. */
size_t socket_table_listeners(const struct socket_table *table,
                              const char *host, uint16_t port, int *pids,
                              size_t max);

/* With whom PID has connections, of those whom it has connected to itself: TCP
 * to a listener of this machine, or a Unix stream. */
size_t socket_table_behind(const struct socket_table *table, int pid, int *pids,
                           size_t max);

#endif

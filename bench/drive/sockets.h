/* The sockets of one side of a run (its subscribers', or its publishers'):
 * where they connect to, from which address, and what goes over them, as TCP
 * counts it. libcurl opens and closes them through here.
 *
 * Names are looked up once, here: curl is given an address that stands for
 * "whatever these sockets connect to" and is unlike that of any other user
 * (sockets_alias()), so that nobody is handed another's kept connection. */
#ifndef EARSHOT_BENCH_SOCKETS_H
#define EARSHOT_BENCH_SOCKETS_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

struct sockets;

/* Sockets to the host of URL, which is tried by a connection. Where COUNT of
 * them at once could use up the ports of one address and the host is this
 * machine, they come from several (127.0.0.1 and following). NULL, with a
 * sentence in *PROBLEM (to be freed), when nobody answers there. */
struct sockets *sockets_new(const char *url, int count, char **problem);
void sockets_free(struct sockets *sockets);

/* What OWNER, a thread, gives its handles to open sockets with. Lives as long
 * as every connection that was opened with it. */
struct opener {
    struct sockets *sockets;
    int owner;
};
void opener_apply(struct opener *opener, CURL *easy);

/* Writes the address that stands for NUMBER's connections, in the form that
 * CURLOPT_CONNECT_TO takes. */
enum { ALIAS_SIZE = 32 };
void sockets_alias(char out[ALIAS_SIZE], unsigned number);

/* The socket is its user's from now on: curl, which is about to forget it, will
 * not close it; the user will, by sockets_close(). */
void sockets_take(struct sockets *sockets, int fd);
void sockets_close(struct sockets *sockets, int fd);

/* Shuts down all that OWNER has opened. */
void sockets_shut(struct sockets *sockets, int owner);

/* TCP's payload and segments, in both directions. */
struct traffic {
    double down;
    double up;
    double segments_down;
    double segments_up;
};
/* Counts from now on, on open sockets and on those to come … */
void sockets_count(struct sockets *sockets);
/* … and says what it was until now; it is counted no longer. From any thread.
 */
struct traffic sockets_counted(struct sockets *sockets);

#endif

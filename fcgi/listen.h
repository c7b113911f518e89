/* Where the web server reaches the program: a Unix socket, an address, or
 * sockets that were handed down. */
#ifndef EARSHOT_LISTEN_H
#define EARSHOT_LISTEN_H

struct options;

/* Opens what the options name and takes what a service manager hands down
 * (sd_listen_fds(3)); with neither, descriptor 0 if it is a listening socket
 * (FastCGI Specification 2.2). Fills LISTENERS, of
 * SERVER_LISTENERS_MAX, with non-blocking descriptors and returns how many; 0:
 * there is none, this is a CGI program; -1: it failed, and that has been
 * logged. */
int listen_open(const struct options *options, int *listeners);

/* Removes the Unix socket's file. */
void listen_cleanup(const struct options *options);

#endif

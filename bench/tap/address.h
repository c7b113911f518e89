/* Addresses: HOST:PORT or a path, to listen on or to connect to. */
#ifndef EARSHOT_TAP_ADDRESS_H
#define EARSHOT_TAP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct address {
    struct sockaddr_storage storage;
    socklen_t len;
};

/* Reads HOST:PORT (an IPv6 address in brackets), or a path when it has a
 * slash. Returns NULL, or a sentence. May ask the resolver, so only at the
 * start. */
__attribute__((warn_unused_result)) const char *
address_read(struct address *address, const char *text);

/* On loopback, or a Unix socket. */
bool address_is_local(const struct address *address);

/* A non-blocking socket that listens on ADDRESS, or -1 with errno; ADDRESS is
 * then the one that it got (port 0: a free one). */
int address_listen(struct address *address);

/* HOST:PORT or the path. */
void address_print(const struct address *address, char *text, size_t size);

/* Removes the file of a Unix socket that was listened on. */
void address_unlink(const struct address *address);

#endif

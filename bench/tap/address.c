#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 512 };

static const char *
read_path(struct address *address, const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof un.sun_path)
        return "the path of a Unix socket has at most 107 bytes";
    strcpy(un.sun_path, path);
    memcpy(&address->storage, &un, sizeof un);
    address->len = sizeof un;
    return NULL;
}

const char *
address_read(struct address *address, const char *text)
{
    char host[256];
    const char *colon = strrchr(text, ':');
    *address = (struct address){.len = 0};
    if (strchr(text, '/'))
        return read_path(address, text);
    size_t len = colon ? (size_t)(colon - text) : 0;
    size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
    if (!len || len >= sizeof host || !digits || digits > 5 ||
        colon[1 + digits] || atoi(colon + 1) > 65535)
        return "an address is HOST:PORT, such as 127.0.0.1:8081";
    if (text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    memcpy(host, text, len);
    host[len] = '\0';
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
        return "no such host is known";
    memcpy(&address->storage, found->ai_addr, found->ai_addrlen);
    address->len = found->ai_addrlen;
    freeaddrinfo(found);
    return NULL;
}

bool
address_is_local(const struct address *address)
{
    const void *storage = &address->storage;
    const struct sockaddr_in *in = storage;
    const struct sockaddr_in6 *in6 = storage;
    switch (address->storage.ss_family) {
    case AF_UNIX:
        return true;
    case AF_INET:
        return ntohl(in->sin_addr.s_addr) >> 24 == 127;
    case AF_INET6:
        return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
    default:
        return false;
    }
}

/* A socket's file that nobody listens on any more stands in the way. */
static void
remove_dead_file(const struct address *address)
{
    const struct sockaddr_un *un = (const void *)&address->storage;
    struct stat status;
    if (lstat(un->sun_path, &status) < 0 || !S_ISSOCK(status.st_mode))
        return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool is_dead = fd >= 0 && connect(fd, (const void *)un, address->len) < 0 &&
                   errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    if (is_dead)
        unlink(un->sun_path);
}

int
address_listen(struct address *address)
{
    const int on = 1;
    int family = address->storage.ss_family;
    if (family == AF_UNIX)
        remove_dead_file(address);
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    mode_t mask = umask(0117); /* a socket's file: 0660 */
    bool listens = bind(fd, (void *)&address->storage, address->len) == 0 &&
                   listen(fd, BACKLOG) == 0;
    umask(mask);
    socklen_t len = sizeof address->storage;
    if (!listens || (family != AF_UNIX &&
                     getsockname(fd, (void *)&address->storage, &len) < 0)) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

void
address_print(const struct address *address, char *text, size_t size)
{
    char host[NI_MAXHOST] = "?", port[NI_MAXSERV] = "?";
    const struct sockaddr_un *un = (const void *)&address->storage;
    bool has_colons = address->storage.ss_family == AF_INET6;
    if (address->storage.ss_family == AF_UNIX) {
        snprintf(text, size, "%s", un->sun_path);
        return;
    }
    getnameinfo((const void *)&address->storage, address->len, host,
                sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(text, size, has_colons ? "[%s]:%s" : "%s:%s", host, port);
}

void
address_unlink(const struct address *address)
{
    const struct sockaddr_un *un = (const void *)&address->storage;
    if (address->storage.ss_family == AF_UNIX)
        unlink(un->sun_path);
}

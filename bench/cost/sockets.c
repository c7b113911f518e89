#include "cost/sockets.h"

#include "base/bytes.h"
#include "cost/sockets_internal.h"

#include <ifaddrs.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sockets *
sockets_look(void)
{
    struct sockets *sockets = xcalloc(1, sizeof *sockets);
    sockets_read_tcp(sockets, "/proc/net/tcp");
    sockets_read_tcp(sockets, "/proc/net/tcp6");
    sockets_read_unix(sockets);
    sockets_read_owners(sockets);
    return sockets;
}

void
sockets_free(struct sockets *sockets)
{
    if (!sockets)
        return;
    free(sockets->listeners.all);
    free(sockets->connections.all);
    free(sockets->unix_);
    free(sockets->owners);
    free(sockets);
}

static struct in6_addr
address_of(const struct sockaddr *from)
{
    struct in6_addr address = {{{0}}};
    if (from->sa_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, from, sizeof six);
        return six.sin6_addr;
    }
    struct sockaddr_in four;
    memcpy(&four, from, sizeof four);
    address.s6_addr[10] = address.s6_addr[11] = 0xff;
    memcpy(&address.s6_addr[12], &four.sin_addr, 4);
    return address;
}

static bool
is_loopback(const struct in6_addr *address)
{
    return IN6_IS_ADDR_LOOPBACK(address) ||
           (IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == 127);
}

/* Is it an address of this machine? */
static bool
is_ours(const struct in6_addr *address)
{
    if (is_loopback(address))
        return true;
    struct ifaddrs *all, *one;
    bool found = false;
    if (getifaddrs(&all) != 0)
        return false;
    for (one = all; one && !found; one = one->ifa_next) {
        if (!one->ifa_addr || (one->ifa_addr->sa_family != AF_INET &&
                               one->ifa_addr->sa_family != AF_INET6))
            continue;
        struct in6_addr other = address_of(one->ifa_addr);
        found = memcmp(&other, address, sizeof other) == 0;
    }
    freeifaddrs(all);
    return found;
}

static bool
is_any(const struct in6_addr *address)
{
    static const struct in6_addr four_any = {
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0}}};
    return IN6_IS_ADDR_UNSPECIFIED(address) ||
           memcmp(address, &four_any, sizeof four_any) == 0;
}

/* Would a connection to PLACE arrive at this row? */
static bool
listens_at(const struct tcp_row *row, const struct place *place)
{
    return row->listens && row->local.port == place->port &&
           (is_any(&row->local.address) ||
            memcmp(&row->local.address, &place->address,
                   sizeof place->address) == 0);
}

static size_t
add_pid(int *pids, size_t count, size_t max, int pid)
{
    for (size_t i = 0; i < count; i++)
        if (pids[i] == pid)
            return count;
    if (count < max)
        pids[count++] = pid;
    return count;
}

/* The first owner of INODE or of a later one. */
static const struct owner *
owner_from(const struct sockets *sockets, uint64_t inode)
{
    size_t low = 0, high = sockets->owner_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sockets->owners[middle].inode < inode)
            low = middle + 1;
        else
            high = middle;
    }
    return sockets->owners + low;
}

static size_t
add_owners(const struct sockets *sockets, uint64_t inode, int *pids,
           size_t count, size_t max)
{
    const struct owner *end = sockets->owners + sockets->owner_count;
    if (!sockets->owner_count)
        return count;
    for (const struct owner *owner = owner_from(sockets, inode);
         owner < end && owner->inode == inode; owner++)
        count = add_pid(pids, count, max, owner->pid);
    return count;
}

static bool
owns(const struct sockets *sockets, uint64_t inode, int pid)
{
    const struct owner *end = sockets->owners + sockets->owner_count;
    if (!sockets->owner_count)
        return false;
    for (const struct owner *owner = owner_from(sockets, inode);
         owner < end && owner->inode == inode; owner++)
        if (owner->pid == pid)
            return true;
    return false;
}

static size_t
add_listeners(const struct sockets *sockets, const struct place *place,
              int *pids, size_t count, size_t max)
{
    for (size_t i = 0; i < sockets->listeners.count; i++)
        if (listens_at(&sockets->listeners.all[i], place))
            count = add_owners(sockets, sockets->listeners.all[i].inode, pids,
                               count, max);
    return count;
}

size_t
sockets_listeners(const struct sockets *sockets, const char *host,
                  uint16_t port, int *pids, size_t max)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all, *one;
    size_t count = 0;
    if (getaddrinfo(host, NULL, &hints, &all) != 0)
        return 0;
    for (one = all; one; one = one->ai_next) {
        if (one->ai_family != AF_INET && one->ai_family != AF_INET6)
            continue;
        struct place place = {address_of(one->ai_addr), port};
        if (is_ours(&place.address))
            count = add_listeners(sockets, &place, pids, count, max);
    }
    freeaddrinfo(all);
    return count;
}

static const struct unix_row *
unix_row_of(const struct sockets *sockets, uint64_t inode)
{
    size_t low = 0, high = sockets->unix_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sockets->unix_[middle].inode < inode)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sockets->unix_count && sockets->unix_[low].inode == inode
               ? &sockets->unix_[low]
               : NULL;
}

size_t
sockets_behind(const struct sockets *sockets, int pid, int *pids, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < sockets->connections.count; i++) {
        const struct tcp_row *row = &sockets->connections.all[i];
        if (owns(sockets, row->inode, pid) && is_ours(&row->remote.address))
            count = add_listeners(sockets, &row->remote, pids, count, max);
    }
    for (size_t i = 0; i < sockets->unix_count; i++) {
        const struct unix_row *row = &sockets->unix_[i];
        if (row->has_name || !row->peer || !owns(sockets, row->inode, pid))
            continue;
        const struct unix_row *peer = unix_row_of(sockets, row->peer);
        if (peer && peer->has_name)
            count = add_owners(sockets, peer->inode, pids, count, max);
    }
    return count;
}

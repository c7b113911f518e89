#include "cost/socket_table.h"

#include "base/bytes.h"
#include "cost/socket_table_internal.h"

#include <ifaddrs.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct socket_table *
socket_table_look(void)
{
    struct socket_table *table = xcalloc(1, sizeof *table);
    socket_table_read_tcp(table, "/proc/net/tcp");
    socket_table_read_tcp(table, "/proc/net/tcp6");
    socket_table_read_unix(table);
    socket_table_read_owners(table);
    return table;
}

void
socket_table_free(struct socket_table *table)
{
    if (!table)
        return;
    free(table->listeners.all);
    free(table->connections.all);
    free(table->unix_);
    free(table->owners);
    free(table);
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
owner_from(const struct socket_table *table, uint64_t inode)
{
    size_t low = 0, high = table->owner_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (table->owners[middle].inode < inode)
            low = middle + 1;
        else
            high = middle;
    }
    return table->owners + low;
}

static size_t
add_owners(const struct socket_table *table, uint64_t inode, int *pids,
           size_t count, size_t max)
{
    const struct owner *end = table->owners + table->owner_count;
    if (!table->owner_count)
        return count;
    for (const struct owner *owner = owner_from(table, inode);
         owner < end && owner->inode == inode; owner++)
        count = add_pid(pids, count, max, owner->pid);
    return count;
}

static bool
owns(const struct socket_table *table, uint64_t inode, int pid)
{
    const struct owner *end = table->owners + table->owner_count;
    if (!table->owner_count)
        return false;
    for (const struct owner *owner = owner_from(table, inode);
         owner < end && owner->inode == inode; owner++)
        if (owner->pid == pid)
            return true;
    return false;
}

static size_t
add_listeners(const struct socket_table *table, const struct place *place,
              int *pids, size_t count, size_t max)
{
    for (size_t i = 0; i < table->listeners.count; i++)
        if (listens_at(&table->listeners.all[i], place))
            count = add_owners(table, table->listeners.all[i].inode, pids,
                               count, max);
    return count;
}

size_t
socket_table_listeners(const struct socket_table *table, const char *host,
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
            count = add_listeners(table, &place, pids, count, max);
    }
    freeaddrinfo(all);
    return count;
}

static const struct unix_row *
unix_row_of(const struct socket_table *table, uint64_t inode)
{
    size_t low = 0, high = table->unix_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (table->unix_[middle].inode < inode)
            low = middle + 1;
        else
            high = middle;
    }
    return low < table->unix_count && table->unix_[low].inode == inode
               ? &table->unix_[low]
               : NULL;
}

size_t
socket_table_behind(const struct socket_table *table, int pid, int *pids,
                    size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < table->connections.count; i++) {
        const struct tcp_row *row = &table->connections.all[i];
        if (owns(table, row->inode, pid) && is_ours(&row->remote.address))
            count = add_listeners(table, &row->remote, pids, count, max);
    }
    for (size_t i = 0; i < table->unix_count; i++) {
        const struct unix_row *row = &table->unix_[i];
        if (row->has_name || !row->peer || !owns(table, row->inode, pid))
            continue;
        const struct unix_row *peer = unix_row_of(table, row->peer);
        if (peer && peer->has_name)
            count = add_owners(table, peer->inode, pids, count, max);
    }
    return count;
}

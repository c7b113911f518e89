/* Inside of socket_table.h: the tables that one look fills
 * (socket_table_read.c) and that its questions are answered from
 * (socket_table.c). */
#ifndef EARSHOT_BENCH_SOCKET_TABLE_INTERNAL_H
#define EARSHOT_BENCH_SOCKET_TABLE_INTERNAL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A place of TCP: IPv4 as mapped into IPv6. */
struct place {
    struct in6_addr address;
    uint16_t port;
};

struct tcp_row {
    uint64_t inode;
    struct place local, remote;
    bool listens;
};

struct tcp_rows {
    struct tcp_row *all;
    size_t count, room;
};

struct unix_row {
    uint64_t inode;
    uint64_t peer;
    bool has_name; /* it was bound, or accepted by one that was */
};

struct owner {
    uint64_t inode;
    int pid;
};

struct socket_table {
    struct tcp_rows listeners;   /* few */
    struct tcp_rows connections; /* thousands */
    struct unix_row *unix_;      /* sorted by inode */
    size_t unix_count, unix_room;
    struct owner *owners; /* sorted by inode, then pid */
    size_t owner_count, owner_room;
};

/* Reads one line of /proc/net/tcp or tcp6. False for its heading. */
bool socket_table_read_row(const char *line, struct tcp_row *row);

void socket_table_read_tcp(struct socket_table *table, const char *path);
void socket_table_read_unix(struct socket_table *table);
/* The sockets of all processes but our own. */
void socket_table_read_owners(struct socket_table *table);

#endif

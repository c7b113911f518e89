#include "cost/socket_table_internal.h"

#include "base/bytes.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for one more at the end of an array. */
#define GROW(array, count, room)                                               \
    ((count) < (room) ? (array)                                                \
                      : xrealloc((array), ((room) = (room) ? (room)*2 : 256) * \
                                              sizeof *(array)))

enum {
    TCP_LISTEN_STATE = 0x0a,
    TCP_ESTABLISHED_STATE = 0x01,
    ANSWER_MAX = 65536,
};

/* "0100007F:1F90" or 32 digits: words as the machine has them in memory. */
static bool
read_place(const char *text, struct place *place)
{
    size_t digits = strspn(text, "0123456789ABCDEFabcdef");
    uint32_t words[4] = {0, 0, htonl(0xffff), 0};
    size_t first = digits == 8 ? 3 : 0;
    if ((digits != 8 && digits != 32) || text[digits] != ':')
        return false;
    for (size_t i = first; i < 4; i++, text += 8) {
        char word[9] = {0};
        memcpy(word, text, 8);
        words[i] = (uint32_t)strtoul(word, NULL, 16);
    }
    memcpy(&place->address, words, sizeof words);
    place->port = (uint16_t)strtoul(text + 1, NULL, 16);
    return true;
}

bool
socket_table_read_row(const char *line, struct tcp_row *row)
{
    char local[64], remote[64];
    unsigned state;
    unsigned long long inode;
    if (sscanf(line, " %*u: %63s %63s %x %*s %*s %*s %*u %*u %llu", local,
               remote, &state, &inode) != 4)
        return false;
    *row =
        (struct tcp_row){.inode = inode, .listens = state == TCP_LISTEN_STATE};
    return (row->listens || state == TCP_ESTABLISHED_STATE) &&
           read_place(local, &row->local) && read_place(remote, &row->remote);
}

void
socket_table_read_tcp(struct socket_table *table, const char *path)
{
    FILE *file = fopen(path, "re");
    char line[512];
    struct tcp_row row;
    while (file && fgets(line, sizeof line, file)) {
        if (!socket_table_read_row(line, &row))
            continue;
        struct tcp_rows *rows =
            row.listens ? &table->listeners : &table->connections;
        rows->all = GROW(rows->all, rows->count, rows->room);
        rows->all[rows->count++] = row;
    }
    if (file)
        fclose(file);
}

/* A socket's attribute. How far the next one is. */
static size_t
read_attribute(const char *at, size_t left, struct unix_row *row)
{
    struct rtattr head;
    memcpy(&head, at, sizeof head);
    if (head.rta_len < sizeof head || head.rta_len > left)
        return left;
    if (head.rta_type == UNIX_DIAG_NAME)
        row->has_name = true;
    if (head.rta_type == UNIX_DIAG_PEER) {
        uint32_t peer;
        memcpy(&peer, at + RTA_LENGTH(0), sizeof peer);
        row->peer = peer;
    }
    return RTA_ALIGN(head.rta_len);
}

static void
add_unix(struct socket_table *table, const char *data, size_t len)
{
    struct unix_diag_msg message;
    if (len < sizeof message)
        return;
    memcpy(&message, data, sizeof message);
    if (message.udiag_type != SOCK_STREAM)
        return;
    struct unix_row row = {.inode = message.udiag_ino};
    for (size_t at = sizeof message; at + sizeof(struct rtattr) <= len;)
        at += read_attribute(data + at, len - at, &row);
    table->unix_ = GROW(table->unix_, table->unix_count, table->unix_room);
    table->unix_[table->unix_count++] = row;
}

/* One answer of the kernel's: messages behind one another (netlink(7)). False
 * when it was the last. */
static bool
take_answer(struct socket_table *table, int fd, char *answer)
{
    ssize_t got = recv(fd, answer, ANSWER_MAX, 0);
    struct nlmsghdr head;
    for (size_t at = 0; got > 0 && at + sizeof head <= (size_t)got;
         at += NLMSG_ALIGN(head.nlmsg_len)) {
        memcpy(&head, answer + at, sizeof head);
        if (head.nlmsg_len < sizeof head || head.nlmsg_len > (size_t)got - at ||
            head.nlmsg_type == NLMSG_DONE || head.nlmsg_type == NLMSG_ERROR)
            return false;
        add_unix(table, answer + at + NLMSG_HDRLEN,
                 head.nlmsg_len - NLMSG_HDRLEN);
    }
    return got > 0;
}

static int
by_inode(const void *one, const void *other)
{
    const struct unix_row *a = one, *b = other;
    return a->inode < b->inode ? -1 : a->inode > b->inode;
}

/* /proc/net/unix does not say who is connected to whom; this does. */
void
socket_table_read_unix(struct socket_table *table)
{
    struct {
        struct nlmsghdr header;
        struct unix_diag_req body;
    } request = {
        .header = {.nlmsg_len = sizeof request,
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.sdiag_family = AF_UNIX,
                 .udiag_states = UINT32_MAX,
                 .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER},
    };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd < 0)
        return;
    char *answer = xmalloc(ANSWER_MAX);
    if (send(fd, &request, sizeof request, 0) == (ssize_t)sizeof request)
        while (take_answer(table, fd, answer))
            continue;
    free(answer);
    close(fd);
    if (table->unix_count)
        qsort(table->unix_, table->unix_count, sizeof *table->unix_, by_inode);
}

static void
read_owner(struct socket_table *table, int pid)
{
    char path[64], link[64];
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *directory = opendir(path);
    struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        ssize_t len =
            readlinkat(dirfd(directory), entry->d_name, link, sizeof link - 1);
        if (len < 0)
            continue;
        link[len] = 0;
        unsigned long long inode;
        if (sscanf(link, "socket:[%llu]", &inode) != 1)
            continue;
        table->owners =
            GROW(table->owners, table->owner_count, table->owner_room);
        table->owners[table->owner_count++] = (struct owner){inode, pid};
    }
    if (directory)
        closedir(directory);
}

static int
by_owner(const void *one, const void *other)
{
    const struct owner *a = one, *b = other;
    if (a->inode != b->inode)
        return a->inode < b->inode ? -1 : 1;
    return a->pid < b->pid ? -1 : a->pid > b->pid;
}

void
socket_table_read_owners(struct socket_table *table)
{
    DIR *directory = opendir("/proc");
    struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        int pid = atoi(entry->d_name);
        if (pid > 0 && pid != getpid())
            read_owner(table, pid);
    }
    if (directory)
        closedir(directory);
    if (table->owner_count)
        qsort(table->owners, table->owner_count, sizeof *table->owners,
              by_owner);
}

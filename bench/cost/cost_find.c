#include "cost/cost_internal.h"

#include "cost/socket_table.h"
#include "target/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FOUND_MAX = 256, HOST_SIZE = 256 };

static uint16_t
port_of_scheme(const char *url)
{
    return strncmp(url, "https:", 6) == 0 || strncmp(url, "wss:", 4) == 0 ? 443
                                                                          : 80;
}

bool
cost_parse_url(const char *url, char *host, size_t size, uint16_t *port)
{
    const char *at = strstr(url, "://");
    if (!at)
        return false;
    at += 3;
    const char *authority = at, *end = at + strcspn(at, "/?#");
    for (const char *c = at; c < end; c++)
        if (*c == '@')
            authority = c + 1;
    bool is_bracketed = *authority == '[';
    authority += is_bracketed;
    size_t len = strcspn(authority, is_bracketed ? "]" : ":/?#");
    if (!len || len >= size)
        return false;
    memcpy(host, authority, len);
    host[len] = 0;
    const char *behind = authority + len + is_bracketed;
    long number = port_of_scheme(url);
    if (behind < end && *behind == ':')
        number = strtol(behind + 1, NULL, 10);
    *port = (uint16_t)number;
    return number > 0 && number <= UINT16_MAX;
}

/* Our own ancestors may have the server's socket open too, when one of them
 * opened it for the server; and all that runs is a child of process 1. */
static bool
is_ancestor_of_ours(int pid)
{
    struct process process;
    int at = getpid();
    for (int i = 0; i < 64 && at > 1; i++) {
        if (!process_read(at, &process))
            return false;
        if (process.pid == pid)
            return true;
        at = process.parent;
    }
    return pid <= 1;
}

static void
add_found(struct cost *cost, int pid, bool is_behind)
{
    struct process process;
    if (watch_side_of(cost->watch, pid) || is_ancestor_of_ours(pid) ||
        !process_read(pid, &process))
        return;
    const char *side = watch_side_of_gone(cost->watch, process.name);
    if (!side)
        side = watch_side_by_name(process.name, is_behind);
    watch_add(cost->watch, side, pid, false);
}

static void
find_listeners(struct cost *cost, const struct socket_table *table,
               const char *url)
{
    char host[HOST_SIZE];
    uint16_t port;
    int pids[FOUND_MAX];
    if (!cost_parse_url(url, host, sizeof host, &port))
        return;
    size_t count = socket_table_listeners(table, host, port, pids, FOUND_MAX);
    for (size_t i = 0; i < count; i++)
        add_found(cost, pids[i], false);
}

struct web_servers {
    struct cost *cost;
    int pids[FOUND_MAX];
    size_t count;
};

static void
note_web_server(void *context, int side, int pid, int64_t began_us)
{
    (void)began_us;
    struct web_servers *servers = context;
    const char *name = watch_side(servers->cost->watch, side)->name;
    if (strcmp(name, "web server") == 0 && servers->count < FOUND_MAX)
        servers->pids[servers->count++] = pid;
}

/* Whom a web server asks, as far as it has connections to them now. */
static void
find_behind(struct cost *cost, const struct socket_table *table)
{
    struct web_servers servers = {.cost = cost};
    watch_each(cost->watch, note_web_server, &servers);
    for (size_t i = 0; i < servers.count; i++) {
        int pids[FOUND_MAX];
        size_t count =
            socket_table_behind(table, servers.pids[i], pids, FOUND_MAX);
        for (size_t at = 0; at < count; at++)
            add_found(cost, pids[at], true);
    }
}

/* Whom its own status names is the program, even if it is the web server's
 * child and that was named. */
static void
find_by_status(struct cost *cost)
{
    struct status all[STATUS_PROCESSES_MAX];
    int count =
        cost->target->status ? status_ask(cost->target->status, all) : 0;
    for (int i = 0; i < count; i++) {
        const char *side = watch_side_of(cost->watch, all[i].pid);
        if (all[i].is_other)
            continue;
        if (!side || strcmp(side, "web server") == 0)
            watch_add(cost->watch, "program", all[i].pid, false);
        if (all[i].queue[0])
            snprintf(cost->queue_directory, sizeof cost->queue_directory, "%s",
                     all[i].queue);
    }
    char *slash = strrchr(cost->queue_directory, '/');
    if (count && slash)
        *slash = 0;
}

void
cost_find_again(struct cost *cost)
{
    const struct target *target = cost->target;
    if (!target)
        return;
    for (int i = 0; i < target->process_count; i++)
        watch_add(cost->watch, target->processes[i].side,
                  target->processes[i].pid, true);
    struct socket_table *table = socket_table_look();
    for (int i = 0; i < target->publish_count; i++)
        find_listeners(cost, table, target->publish[i].url);
    for (int i = 0; i < target->subscribe_count; i++)
        find_listeners(cost, table, target->subscribe[i].url);
    find_behind(cost, table);
    socket_table_free(table);
}

void
cost_find(struct cost *cost, const struct target *target)
{
    cost->target = target;
    cost_find_again(cost);
    find_by_status(cost);
}

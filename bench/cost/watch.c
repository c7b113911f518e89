#include "cost/watch.h"

#include "base/bytes.h"
#include "base/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { GENERATIONS_MAX = 64 };

struct watched {
    struct process last; /* as last seen */
    int64_t cpu_ns;      /* likewise */
    int64_t switches;
    int side;
    bool is_direct; /* added itself, and not as somebody's descendant */
    bool is_named;  /* by a person, it or the ancestor that was */
    bool is_gone;
    /* Within one look: what its children that have ended used, that nobody has
     * counted yet, and whose that is. */
    int64_t ended_ns;
    int ended_side;
};

struct watch {
    struct watched *all;
    size_t count, room;
    struct watch_side sides[WATCH_SIDES_MAX];
    int side_count;
    uint64_t marked; /* in ticks; 0: not yet */
};

static const char web_server[] = "web server";

const char *
watch_side_by_name(const char *name, bool is_behind)
{
    static const char *const web_servers[] = {"lighttpd", "nginx", "apache2",
                                              "httpd",    "caddy", "h2o"};
    for (size_t i = 0; i < sizeof web_servers / sizeof *web_servers; i++)
        if (strcmp(name, web_servers[i]) == 0)
            return web_server;
    if (strcmp(name, "earshot-ws") == 0)
        return "reference";
    return is_behind || strcmp(name, "earshot.fcgi") == 0 ? "program"
                                                          : "server";
}

struct watch *
watch_new(void)
{
    return xcalloc(1, sizeof(struct watch));
}

void
watch_free(struct watch *watch)
{
    if (watch)
        free(watch->all);
    free(watch);
}

/* The side called NAME; the last one takes all when there are too many. */
static int
side_index(struct watch *watch, const char *name)
{
    for (int i = 0; i < watch->side_count; i++)
        if (strcmp(watch->sides[i].name, name) == 0)
            return i;
    if (watch->side_count == WATCH_SIDES_MAX)
        return WATCH_SIDES_MAX - 1;
    struct watch_side *side = &watch->sides[watch->side_count];
    snprintf(side->name, sizeof side->name, "%s", name);
    return watch->side_count++;
}

static struct watched *
living(const struct watch *watch, int pid)
{
    for (size_t i = 0; i < watch->count; i++)
        if (watch->all[i].last.pid == pid && !watch->all[i].is_gone)
            return &watch->all[i];
    return NULL;
}

/* The nearest of PROCESS's ancestors that is watched. */
static struct watched *
ancestor_of(const struct watch *watch, const struct process *table,
            size_t count, const struct process *process)
{
    struct watched *found = NULL;
    for (int i = 0; i < GENERATIONS_MAX && process && !found; i++) {
        found = living(watch, process->parent);
        process = process_of(table, count, process->parent);
    }
    return found;
}

static struct watched *
append(struct watch *watch, const struct process *process, int side)
{
    if (watch->count == watch->room) {
        watch->room = watch->room ? watch->room * 2 : 16;
        watch->all = xrealloc(watch->all, watch->room * sizeof *watch->all);
    }
    struct watched *one = &watch->all[watch->count++];
    *one = (struct watched){.last = *process,
                            .side = side,
                            .switches = process_switches(process->pid),
                            .cpu_ns = process_cpu_ns(process->pid)};
    if (one->cpu_ns < 0)
        one->cpu_ns = 0;
    watch->sides[side].processes++;
    return one;
}

/* All that it used belongs to the time that is counted. */
static void
count_whole(struct watch *watch, const struct watched *one)
{
    struct watch_side *side = &watch->sides[one->side];
    side->cpu_ns += one->cpu_ns + one->last.children_ns;
    side->switches += one->switches;
}

static int
side_of_child(struct watch *watch, const struct watched *parent,
              const struct process *child)
{
    const char *name = watch->sides[parent->side].name;
    if (parent->is_named || strcmp(name, web_server) != 0)
        return parent->side;
    return side_index(watch, watch_side_by_name(child->name, true));
}

/* Takes in the descendants that are new. */
static void
adopt(struct watch *watch, const struct process *table, size_t count,
      bool is_counted)
{
    for (size_t i = 0; i < count; i++) {
        const struct process *child = &table[i];
        if (child->pid == getpid() || living(watch, child->pid))
            continue;
        struct watched *parent = ancestor_of(watch, table, count, child);
        if (!parent)
            continue;
        bool is_named = parent->is_named;
        struct watched *one =
            append(watch, child, side_of_child(watch, parent, child));
        one->is_named = is_named;
        if (is_counted || (watch->marked && child->started >= watch->marked))
            count_whole(watch, one);
    }
}

static void
move_to(struct watch *watch, struct watched *one, int side)
{
    watch->sides[one->side].processes--;
    watch->sides[side].processes++;
    one->side = side;
}

/* Puts descendants where their parents are: those may have been moved, and a
 * child may have become another program. */
static void
follow_parents(struct watch *watch)
{
    bool has_moved = true;
    for (int i = 0; i < GENERATIONS_MAX && has_moved; i++) {
        has_moved = false;
        for (size_t at = 0; at < watch->count; at++) {
            struct watched *one = &watch->all[at];
            struct watched *parent = one->is_direct || one->is_gone
                                         ? NULL
                                         : living(watch, one->last.parent);
            if (!parent)
                continue;
            one->is_named = parent->is_named;
            int side = side_of_child(watch, parent, &one->last);
            has_moved = has_moved || side != one->side;
            move_to(watch, one, side);
        }
    }
}

void
watch_add(struct watch *watch, const char *side, int pid, bool is_named)
{
    struct process process;
    if (pid <= 1 || pid == getpid() || !process_read(pid, &process))
        return;
    int index = side_index(watch, side);
    struct watched *one = living(watch, pid);
    if (one && one->is_direct && one->is_named)
        return;
    if (one) {
        move_to(watch, one, index);
    } else {
        one = append(watch, &process, index);
        if (watch->marked && process.started >= watch->marked)
            count_whole(watch, one);
    }
    one->is_direct = true;
    one->is_named = is_named;
    size_t count;
    struct process *table = process_table(&count);
    adopt(watch, table, count, false);
    follow_parents(watch);
    free(table);
}

const char *
watch_side_of(const struct watch *watch, int pid)
{
    const struct watched *one = living(watch, pid);
    return one ? watch->sides[one->side].name : NULL;
}

const char *
watch_side_of_gone(const struct watch *watch, const char *name)
{
    for (size_t i = 0; i < watch->count; i++)
        if (watch->all[i].is_gone && strcmp(watch->all[i].last.name, name) == 0)
            return watch->sides[watch->all[i].side].name;
    return NULL;
}

/* Counts what ONE used since it was last seen. False when it has ended. */
static bool
count_living(struct watch *watch, struct watched *one,
             const struct process *now)
{
    if (!now || now->started != one->last.started)
        return false;
    one->ended_ns = 0;
    int64_t cpu_ns = process_cpu_ns(now->pid);
    if (cpu_ns < 0)
        return true; /* it ended just now, after the table was read: the next
                        look sees what its parent was told */
    int64_t switches = process_switches(now->pid);
    struct watch_side *side = &watch->sides[one->side];
    side->cpu_ns += cpu_ns - one->cpu_ns;
    if (switches > one->switches)
        side->switches += switches - one->switches;
    one->cpu_ns = cpu_ns;
    one->switches = switches;
    one->ended_ns = now->children_ns - one->last.children_ns;
    one->ended_side = one->side;
    one->last = *now;
    return true;
}

/* ONE has ended. Its parent was told all that it used; what of that has been
 * counted while it lived is taken off, and the rest is its side's. */
static void
settle_gone(struct watch *watch, struct watched *one)
{
    struct watched *parent = living(watch, one->last.parent);
    if (!parent)
        return;
    parent->ended_ns -= one->cpu_ns + one->last.children_ns;
    parent->ended_side = one->side;
}

static void
look_at_all(struct watch *watch, const struct process *table, size_t count)
{
    bool *ended = xcalloc(watch->count + 1, sizeof *ended);
    for (size_t i = 0; i < watch->count; i++) {
        struct watched *one = &watch->all[i];
        ended[i] =
            !one->is_gone &&
            !count_living(watch, one, process_of(table, count, one->last.pid));
        if (ended[i]) {
            one->is_gone = true;
            watch->sides[one->side].processes--;
        }
    }
    for (size_t i = 0; i < watch->count; i++)
        if (ended[i])
            settle_gone(watch, &watch->all[i]);
    for (size_t i = 0; i < watch->count; i++) {
        struct watched *one = &watch->all[i];
        if (!one->is_gone && one->ended_ns > 0)
            watch->sides[one->ended_side].cpu_ns += one->ended_ns;
    }
    free(ended);
}

void
watch_look(struct watch *watch)
{
    size_t count;
    struct process *table = process_table(&count);
    look_at_all(watch, table, count);
    adopt(watch, table, count, true);
    follow_parents(watch);
    free(table);
}

void
watch_mark(struct watch *watch)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
    watch->marked = (uint64_t)now.tv_sec * ticks +
                    (uint64_t)now.tv_nsec * ticks / 1000000000;
}

int
watch_side_count(const struct watch *watch)
{
    return watch->side_count;
}

const struct watch_side *
watch_side(const struct watch *watch, int index)
{
    return &watch->sides[index];
}

int
watch_process_count(const struct watch *watch)
{
    int count = 0;
    for (int i = 0; i < watch->side_count; i++)
        count += watch->sides[i].processes;
    return count;
}

void
watch_each(const struct watch *watch,
           void (*visit)(void *context, int side, int pid, int64_t began_us),
           void *context)
{
    int64_t tick_us = 1000000 / sysconf(_SC_CLK_TCK);
    for (size_t i = 0; i < watch->count; i++) {
        const struct watched *one = &watch->all[i];
        if (!one->is_gone)
            visit(context, one->side, one->last.pid,
                  (int64_t)one->last.started * tick_us);
    }
}

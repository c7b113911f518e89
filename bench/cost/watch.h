/* Watching processes over a time: each with its threads and all its
 * descendants, by sides, and what each side has used so far. Processes come and
 * end meanwhile; what they used stays counted. */
#ifndef EARSHOT_BENCH_WATCH_H
#define EARSHOT_BENCH_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watch;

/* A side, in figures that only grow. */
struct watch_side {
    char name[24];
    int64_t cpu_ns;
    int64_t switches;
    int processes; /* that live */
};

enum { WATCH_SIDES_MAX = 6 };

struct watch *watch_new(void);
void watch_free(struct watch *watch);

/* PID is SIDE's from now on, with its descendants. IS_NAMED: a person has said
 * so, and then it holds for all its descendants, whatever they are; otherwise a
 * web server's child that is another program is "program". What it used before
 * is not counted, unless it began after watch_mark(). Nothing happens when it
 * is named already, or is no process of another kind than ours. */
void watch_add(struct watch *watch, const char *side, int pid, bool is_named);

/* Who watches PID already: its side, or NULL. */
const char *watch_side_of(const struct watch *watch, int pid);
/* The side of processes called NAME that are gone (a server that was restarted
 * comes back on its old side), or NULL. */
const char *watch_side_of_gone(const struct watch *watch, const char *name);

/* Looks at all of them: counts what they used since the last time. */
void watch_look(struct watch *watch);
/* Who begins from now on is counted whole, whenever it is found. */
void watch_mark(struct watch *watch);

int watch_side_count(const struct watch *watch);
const struct watch_side *watch_side(const struct watch *watch, int index);
int
watch_process_count(const struct watch *watch); /* that live, as last seen */

/* Calls VISIT for each process that lived at the last look. BEGAN_US: when it
 * began, by CLOCK_BOOTTIME. */
void watch_each(const struct watch *watch,
                void (*visit)(void *context, int side, int pid,
                              int64_t began_us),
                void *context);

/* What a program by that name is: "web server", "reference", "program" or
 * "server"; IS_BEHIND: a web server asks it. */
const char *watch_side_by_name(const char *name, bool is_behind);

#endif

/* What a server says of itself at its status URL, where it speaks Earshot's
 * words: {"pid":…,"queue":{"path":…,"commits":…},"processes":[{"pid":…,
 * "program":…,"commits":…,"age_ms":…},…]}: all who share the queue, whichever
 * of them answers. */
#ifndef EARSHOT_BENCH_STATUS_H
#define EARSHOT_BENCH_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct status {
    int pid;
    bool is_other;   /* another program than the one that answered */
    int64_t commits; /* of this process, since it began; -1: not told */
    int64_t age_ns;  /* how long before the answer there were so many */
    char queue[512]; /* the queue's path; "": not told */
    char synchronous[16];
};

enum { STATUS_PROCESSES_MAX = 128 };

/* Reads LEN bytes of JSON. How many processes are in it, the one that answered
 * first; 0: none. */
int status_read(const char *json, size_t len,
                struct status all[STATUS_PROCESSES_MAX]);

/* Asks URL and reads its answer; waits at most about a second. */
int status_ask(const char *url, struct status all[STATUS_PROCESSES_MAX]);

#endif

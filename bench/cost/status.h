/* What a server says of itself at its status URL, where it speaks Earshot's
 * words: {"pid":…,"queue":{"path":…,"commits":…,"messages":…}}. */
#ifndef EARSHOT_BENCH_STATUS_H
#define EARSHOT_BENCH_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct status {
    int pid;
    int64_t commits;  /* of this process, since it began; -1: not told */
    int64_t messages; /* stored by it */
    char queue[512];  /* the queue's path; "": not told */
    char synchronous[16];
};

/* Reads it from LEN bytes of JSON. False when no pid is in it. */
bool status_read(const char *json, size_t len, struct status *status);

enum { STATUS_PROCESSES_MAX = 16 };

/* Asks URL until its answers name no new process (several may share the
 * address); waits at most about a second. How many it found; 0: none. */
int status_ask(const char *url, struct status all[STATUS_PROCESSES_MAX]);

#endif

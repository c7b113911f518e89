/* The queue's file, as the commands of `earshot` are told of it. */
#ifndef EARSHOT_ADMIN_FILE_H
#define EARSHOT_ADMIN_FILE_H

#include "options.h"
#include "queue/queue.h"

enum { FILE_WAIT_MS = 5000 }; /* for a program that holds the queue */

/* The path of a queue that is there. NULL when none was named or there is
 * none, which has been said: no command makes one by mistake. */
const char *file_asked(const struct options *options, const char *command);

/* Opens it as one more process that uses it; it prunes nothing by itself, for
 * the limits are the servers'. When another program holds it for too long it
 * says so and ends, for nothing has begun. */
struct queue *file_open(const struct options *options);

/* Waits until the queue has something to be dispatched, but no longer than
 * WAIT_MS (-1: for ever). */
void file_wait(struct queue *queue, int wait_ms);

/* Complains as COMMAND, in one line without control characters; returns
 * ADMIN_BAD. */
__attribute__((format(printf, 2, 3))) int
file_complain(const char *command, const char *format, ...);

enum { MOMENT_SIZE = 32 };

/* MS since 1970 as people write it: 2024-05-31 12:00:00; "-" for 0. Returns
 * TEXT. */
const char *moment_format(int64_t ms, char text[MOMENT_SIZE]);

/* The other way: so long ago (90s, 30m, 12h, 7d) or at a moment (2024-05-31,
 * 2024-05-31T12:00:00, with Z behind: UTC). */
__attribute__((warn_unused_result)) bool
moment_read(const char *text, int64_t now_ms, int64_t *ms);

/* A whole number from 0 to 999999999. */
__attribute__((warn_unused_result)) bool count_read(const char *text,
                                                    int64_t *count);

/* 1.5 MiB, 12 B. Returns TEXT. */
const char *size_format(int64_t bytes, char text[MOMENT_SIZE]);

#endif

/* The queue's file, as the commands of `earshot` are told of it. */
#ifndef EARSHOT_ADMIN_FILE_H
#define EARSHOT_ADMIN_FILE_H

#include "options.h"
#include "queue/queue.h"

/* The path of a queue that is there. NULL when none was named or there is
 * none, which has been said: no command makes one by mistake. */
const char *file_asked(const struct options *options, const char *command);

/* Opens it as one more process that uses it; it prunes nothing by itself, for
 * the limits are the servers'. */
struct queue *file_open(const struct options *options);

/* Waits until the queue has something to be dispatched, but no longer than
 * WAIT_MS (-1: for ever). */
void file_wait(struct queue *queue, int wait_ms);

#endif

/* The bell: how processes that share a queue wake each other.
 *
 * A file of one byte. Whoever reads the byte rings it: reading changes nothing
 * on the disk, unlike a new time stamp, and every watcher is told by inotify.
 * `touch` from a shell rings it as well. A bell says "look at the queue", and
 * no more; who misses it loses time, not messages. */
#ifndef EARSHOT_QUEUE_BELL_H
#define EARSHOT_QUEUE_BELL_H

#include <stdbool.h>

struct bell;

/* Always gives a bell; one that cannot be watched has the descriptor -1.
 * With WATCH false it only rings. */
struct bell *bell_open(const char *path, bool watch);

void bell_close(struct bell *bell);

/* Rings; false when that was not possible. From any thread. */
bool bell_ring(struct bell *bell);

/* Takes what has been heard off the descriptor; true when it was anything. */
bool bell_heard(struct bell *bell);

/* Whether it is listened to; it is from the start. What is rung while it is not
 * may be heard or not. True when it is listened to again: something may have
 * been missed. */
bool bell_listen(struct bell *bell, bool listens);

/* Hangs the bell anew when its file is no longer the one under its name. */
void bell_repair(struct bell *bell);

/* Becomes readable when the bell has rung; -1 when it is not watched. */
int bell_fd(const struct bell *bell);

#endif

/* Presence: who follows what, over all processes that share a queue.
 *
 * Each process keeps one small file in `<queue>-presence/`, named by its
 * process id and held by a lock for as long as it lives. A file whose lock is
 * free belongs to a dead process: whoever meets it removes it. Nothing here
 * touches the queue's own file: a subscriber who comes must cost no fsync.
 *
 * Another backend may stand behind this interface. It knows names of channels
 * and transports, and no more. Nothing here waits for a lock; the files are
 * small. */
#ifndef EARSHOT_QUEUE_PRESENCE_H
#define EARSHOT_QUEUE_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>

struct presence;

/* QUEUE_PATH names the queue's file. Always gives a presence; when its file
 * cannot be made (a full disk) that is logged once, tried again at each write,
 * and this process's own counts are still summed. */
struct presence *presence_open(const char *queue_path);

/* Removes this process's file. */
void presence_close(struct presence *presence);

/* Replaces what this process says of itself: begin, any number of counts,
 * end. Counts of 0 may be left out. */
void presence_begin(struct presence *presence);
void presence_count(struct presence *presence, const char *channel,
                    const char *transport, unsigned long count);
void presence_end(struct presence *presence);

/* Calls ON_COUNT for every count of CHANNEL (NULL: of every channel) over all
 * living processes, this one as of its last presence_end(). */
void presence_read(struct presence *presence, const char *channel,
                   void (*on_count)(void *context, const char *channel,
                                    const char *transport, unsigned long count),
                   void *context);

#endif

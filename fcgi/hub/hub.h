/* The hub: takes what is new from the queue and hands it to subscribers.
 *
 * It reads the messages after its own position once, whoever published them
 * and in whichever process, and gives them to the live subscribers of their
 * channels; those behind read on from the queue at their own pace, a page a
 * turn. It knows no HTTP, no SQL, no sockets and no clock. */
#ifndef EARSHOT_HUB_HUB_H
#define EARSHOT_HUB_HUB_H

#include "hub/cursor.h"
#include "hub/subscriber.h"
#include "queue/queue.h"

struct hub;

struct hub *hub_new(struct queue *queue); /* the queue outlives the hub */
void hub_free(struct hub *hub);           /* all subscribers have left */

/* Where a follower wants to start. */
enum start_kind { START_NOW, START_EARLIEST, START_LAST, START_CURSOR };

struct start {
    enum start_kind kind;
    int64_t last;       /* START_LAST: how many */
    const char *cursor; /* START_CURSOR: as the client gave it */
};

/* Judges START against the file and lets SUBSCRIBER, whose transport is set,
 * follow the channels (1 to SUBSCRIBER_CHANNELS_MAX, each once). Nothing is
 * delivered yet. On QUEUE_OK its cursor stands where it starts, and *LOST says
 * whether the cursor could not be honoured (it is of another epoch, beyond the
 * head, or no cursor); else it is not in the hub. */
__attribute__((warn_unused_result)) enum queue_status
hub_join(struct hub *hub, struct subscriber *subscriber,
         const char *const *channels, size_t channel_count,
         const struct start *start, bool *lost);

/* As hub_join(), without a look at the file, for who has exactly what the hub
 * has handed round and waits for more: that is news to the hub, too. False: it
 * is not so, or the hub cannot read now; the subscriber is not in the hub. */
__attribute__((warn_unused_result)) bool
hub_join_live(struct hub *hub, struct subscriber *subscriber,
              const char *const *channels, size_t channel_count,
              const struct start *start);

/* May who starts there and waits be told of what is newer by the hub's news?
 * Then for its place a view of the file will do that is as old as this turn. */
bool hub_has_passed(const struct hub *hub, const struct start *start);

/* Takes what the file has for the subscriber now, beyond the hub's own
 * position too, up to one page: what a poll does first. *MORE says whether
 * there was more than a page. */
__attribute__((warn_unused_result)) enum queue_status
hub_look(struct subscriber *subscriber, bool *more);

/* Takes the subscriber out; it may be freed afterwards. Not to be called from
 * a transport's verbs. */
void hub_leave(struct subscriber *subscriber);

/* The socket of a subscriber whose flush said FLUSHED_PART is empty again. */
void hub_drained(struct subscriber *subscriber);

/* The cursor that the subscriber may be told now. */
void hub_cursor(const struct subscriber *subscriber, char cursor[CURSOR_SIZE]);

/* Calls ON_DELIVERED when a live subscriber's transport has written what it
 * took of what is new: COUNT messages, the oldest of them stored at TIME_MS. Of
 * those who catch up nothing is said: how old theirs are is their own doing. */
void hub_watch(struct hub *hub,
               void (*on_delivered)(void *context, enum transport_id transport,
                                    unsigned count, int64_t time_ms),
               void *context);

/* One turn: reads what is new when NEWS, lets those behind read on, flushes.
 * Returns true when there is more to do at once; when a read did not succeed it
 * is tried again at the next turn, which need not be at once. */
bool hub_turn(struct hub *hub, bool news);

struct hub_stats {
    size_t subscribers[TRANSPORTS];
    size_t behind;                    /* of all of them */
    int64_t delivered;                /* messages taken by subscribers */
    int64_t delivered_by[TRANSPORTS]; /* the same */
    int64_t lost;                     /* notices of loss */
    int64_t last_read_id;   /* the newest message of the last read, 0: none */
    size_t last_read_count; /* deliveries of the last turn that read */
};

const struct hub_stats *hub_stats(struct hub *hub);

/* True when the counts by channel have changed since they were last told. */
bool hub_counts_changed(const struct hub *hub);
void hub_counts_told(struct hub *hub);

/* Calls ON_CHANNEL for each channel with subscribers. */
struct hub_channel;
void hub_each_channel(const struct hub *hub,
                      void (*on_channel)(void *context,
                                         struct hub_channel *channel),
                      void *context);

#endif

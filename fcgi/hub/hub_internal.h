/* What the files of the hub share; nobody else includes this. */
#ifndef EARSHOT_HUB_HUB_INTERNAL_H
#define EARSHOT_HUB_HUB_INTERNAL_H

#include "hub/channels.h"
#include "hub/hub.h"

struct hub {
    struct queue *queue;
    struct channels channels;
    int64_t position; /* every message up to here has been handed round */
    char epoch[QUEUE_EPOCH_SIZE];
    bool has_news;   /* there is, or may be, more to read than was */
    bool is_stalled; /* a read did not succeed in this turn */
    struct subscriber *behind_first; /* in turn */
    struct subscriber *behind_last;
    struct subscriber *dirty;
    struct subscriber *losing; /* within one read */
    size_t states[SUBSCRIBER_STATES];
    struct hub_stats stats;
    void (*on_delivered)(void *context, enum transport_id transport,
                         unsigned count, int64_t time_ms);
    void *watching;
};

/* deliver.c */

/* The one place where a subscriber changes its state. Entering BEHIND again
 * puts it at the end of the line. */
void hub_set_state(struct subscriber *subscriber, enum subscriber_state state);

/* Something was taken: it is flushed at the end of the turn, or now. */
void hub_set_dirty(struct subscriber *subscriber);
void hub_forget_dirty(struct subscriber *subscriber);
void hub_flush(struct subscriber *subscriber);
void hub_flush_dirty(struct hub *hub);

/* Notes that the subscriber at PLACE has lost what was pruned there up to
 * PRUNED_ID, unless it knows. It is told with the next thing that it takes. */
void hub_note_loss(struct subscription *place, int64_t pruned_id);

/* Tells the loss. All that is kept of its channels lies above GOES_ON_ID.
 * False: there is no room for it now. */
__attribute__((warn_unused_result)) bool
hub_tell_loss(struct subscriber *subscriber, int64_t goes_on_id);

/* Gives MESSAGE to SUBSCRIBER. False: there is no room for it now. */
__attribute__((warn_unused_result)) bool hub_give(struct subscriber *subscriber,
                                                  struct message *message);

#endif

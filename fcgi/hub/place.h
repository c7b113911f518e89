/* Where a follower starts: what it asked for, judged against the file. */
#ifndef EARSHOT_HUB_PLACE_H
#define EARSHOT_HUB_PLACE_H

#include "hub/hub.h"

struct place {
    int64_t after_id;
    bool lost; /* its cursor could not be honoured */
    /* For each channel: what was pruned up to here is no loss of its. */
    int64_t told_ids[SUBSCRIBER_CHANNELS_MAX];
};

/* Judges START for following CHANNELS in a file that ends at HEAD. On anything
 * but QUEUE_OK the place says nothing. */
__attribute__((warn_unused_result)) enum queue_status
place_find(struct queue *queue, const char *const *channels, size_t count,
           const struct start *start, const struct queue_head *head,
           struct place *place);

#endif

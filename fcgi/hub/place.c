#include "hub/place.h"

/* Of all that is kept of CHANNELS. With one channel it lies behind all that was
 * pruned, so that who comes back with it is not told of a loss. */
static enum queue_status
place_at_earliest(struct queue *queue, const char *const *channels,
                  size_t count, struct place *place)
{
    int64_t after_id = 0;
    for (size_t i = 0; i < count; i++) {
        struct queue_bounds bounds;
        enum queue_status status = queue_bounds(queue, channels[i], &bounds);
        if (status != QUEUE_OK)
            return status;
        place->told_ids[i] = bounds.pruned_id;
        if (count == 1)
            after_id = bounds.first_id ? bounds.first_id - 1 : bounds.pruned_id;
    }
    place->after_id = after_id;
    return QUEUE_OK;
}

/* Who comes without a valid cursor had nothing that could have been pruned
 * before it came; what is pruned from now on is lost to it. */
enum queue_status
place_find(struct queue *queue, const char *const *channels, size_t count,
           const struct start *start, const struct queue_head *head,
           struct place *place)
{
    *place = (struct place){0};
    enum queue_status status;
    int64_t last_id = 0;
    switch (start->kind) {
    case START_NOW:
        place->after_id = head->id;
        return QUEUE_OK;
    case START_LAST:
        status = place_at_earliest(queue, channels, count, place);
        if (status == QUEUE_OK)
            status = queue_last(queue, channels, count, start->last, &last_id);
        /* Fewer are kept: then all of them, and not from 0 on. */
        if (status == QUEUE_OK && last_id > place->after_id)
            place->after_id = last_id;
        return status;
    case START_CURSOR:
        if (cursor_parse(start->cursor, head->epoch, &place->after_id) &&
            place->after_id <= head->id)
            return QUEUE_OK;
        place->lost = true;
        return place_at_earliest(queue, channels, count, place);
    case START_EARLIEST:
        return place_at_earliest(queue, channels, count, place);
    }
    return QUEUE_OK;
}

/* Moving subscribers between their states, and giving them things. */

#include "base/prefetch.h"
#include "hub/hub_internal.h"
#include "hub/message.h"

/* -- states ------------------------------------------------------------- */

static void
behind_unlink(struct hub *hub, struct subscriber *subscriber)
{
    struct subscriber_link *link = &subscriber->state_link;
    if (link->prev)
        link->prev->state_link.next = link->next;
    else
        hub->behind_first = link->next;
    if (link->next)
        link->next->state_link.prev = link->prev;
    else
        hub->behind_last = link->prev;
    *link = (struct subscriber_link){0};
}

static void
behind_append(struct hub *hub, struct subscriber *subscriber)
{
    subscriber->state_link.prev = hub->behind_last;
    if (hub->behind_last)
        hub->behind_last->state_link.next = subscriber;
    else
        hub->behind_first = subscriber;
    hub->behind_last = subscriber;
}

void
hub_set_state(struct subscriber *subscriber, enum subscriber_state state)
{
    struct hub *hub = subscriber->hub;
    if (subscriber->state == SUBSCRIBER_BEHIND)
        behind_unlink(hub, subscriber);
    hub->states[subscriber->state]--;
    subscriber->state = state;
    hub->states[state]++;
    if (state == SUBSCRIBER_BEHIND)
        behind_append(hub, subscriber);
}

void
hub_set_dirty(struct subscriber *subscriber)
{
    subscriber->is_dirty = true;
    if (subscriber->in_dirty_list)
        return;
    subscriber->in_dirty_list = true;
    subscriber->next_dirty = subscriber->hub->dirty;
    subscriber->hub->dirty = subscriber;
}

void
hub_forget_dirty(struct subscriber *subscriber)
{
    struct subscriber **slot = &subscriber->hub->dirty;
    while (*slot != subscriber)
        slot = &(*slot)->next_dirty;
    *slot = subscriber->next_dirty;
    subscriber->in_dirty_list = false;
}

/* What was fresh has been written. */
static void
count_fresh(struct subscriber *subscriber)
{
    const struct hub *hub = subscriber->hub;
    if (subscriber->fresh && hub->on_delivered)
        hub->on_delivered(hub->watching, subscriber->transport->id,
                          subscriber->fresh, subscriber->fresh_ms);
    subscriber->fresh = 0;
}

void
hub_flush(struct subscriber *subscriber)
{
    subscriber->is_dirty = false;
    switch (subscriber->transport->flush(subscriber)) {
    case FLUSHED_ALL:
        count_fresh(subscriber);
        return;
    case FLUSHED_PART:
        subscriber->fresh = 0;
        hub_set_state(subscriber, SUBSCRIBER_FULL);
        return;
    case FLUSHED_END:
        count_fresh(subscriber);
        hub_set_state(subscriber, SUBSCRIBER_DONE);
        return;
    }
}

/* Among thousands nobody's memory is near at hand. It comes while others are
 * being written to: of the next one what its transport needs, and of the one
 * after that what this here looks at. */
static void
expect(struct subscriber *next)
{
    if (!next)
        return;
    if (next->transport->expect)
        next->transport->expect(next);
    if (next->next_dirty)
        prefetch(next->next_dirty, sizeof *next);
}

void
hub_flush_dirty(struct hub *hub)
{
    while (hub->dirty) {
        struct subscriber *subscriber = hub->dirty;
        hub->dirty = subscriber->next_dirty;
        expect(hub->dirty);
        subscriber->in_dirty_list = false;
        if (subscriber->is_dirty)
            hub_flush(subscriber);
    }
}

/* -- losses ------------------------------------------------------------- */

void
hub_note_loss(struct subscription *place, int64_t pruned_id)
{
    if (pruned_id <= place->subscriber->cursor_id ||
        pruned_id <= place->told_id)
        return;
    place->told_id = pruned_id;
    place->subscriber->is_losing = true;
}

bool
hub_tell_loss(struct subscriber *subscriber, int64_t goes_on_id)
{
    if (goes_on_id < subscriber->cursor_id)
        goes_on_id = subscriber->cursor_id;
    char cursor[CURSOR_SIZE];
    cursor_format(cursor, goes_on_id, subscriber->hub->epoch);
    if (!subscriber->transport->lost(subscriber, cursor))
        return false;
    subscriber->is_losing = false;
    subscriber->cursor_id = goes_on_id;
    subscriber->hub->stats.lost++;
    hub_set_dirty(subscriber);
    return true;
}

/* -- delivering --------------------------------------------------------- */

bool
hub_give(struct subscriber *subscriber, struct message *message)
{
    if (subscriber->is_losing &&
        !hub_tell_loss(subscriber, message->row->id - 1))
        return false;
    if (!subscriber->transport->take(subscriber, message))
        return false;
    subscriber->cursor_id = message->row->id;
    subscriber->hub->stats.delivered++;
    subscriber->hub->stats.delivered_by[subscriber->transport->id]++;
    return true;
}

#include "hub/hub.h"

#include "base/bytes.h"
#include "hub/channels.h"
#include "hub/message.h"

#include <stdlib.h>
#include <string.h>

enum {
    NEWS_ROWS = 256,           /* read by the hub in a turn */
    NEWS_BYTES = 1024 * 1024,
    PAGE_ROWS = 64,            /* read for one subscriber in a turn */
    PAGE_BYTES = 256 * 1024,
    PAGES_PER_TURN = 32,       /* subscribers that are read for in a turn */
};

struct hub {
    struct queue *queue;
    struct channels channels;
    int64_t position; /* every message up to here has been handed round */
    char epoch[QUEUE_EPOCH_SIZE];
    bool has_news;    /* there is, or may be, more to read than was */
    bool is_stalled;  /* a read did not succeed in this turn */
    struct subscriber *behind_first; /* in turn */
    struct subscriber *behind_last;
    struct subscriber *dirty;
    struct subscriber *losing; /* within one read */
    size_t states[SUBSCRIBER_STATES];
    struct hub_stats stats;
};

struct hub *
hub_new(struct queue *queue)
{
    struct hub *hub = xcalloc(1, sizeof *hub);
    hub->queue = queue;
    return hub;
}

void
hub_free(struct hub *hub)
{
    channels_fini(&hub->channels);
    free(hub);
}

static size_t
followers(const struct hub *hub)
{
    return hub->states[SUBSCRIBER_LIVE] + hub->states[SUBSCRIBER_BEHIND] +
           hub->states[SUBSCRIBER_FULL];
}

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

/* The one place where a subscriber changes its state. Entering BEHIND again
 * puts it at the end of the line. */
static void
set_state(struct subscriber *subscriber, enum subscriber_state state)
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

static void
set_dirty(struct subscriber *subscriber)
{
    subscriber->is_dirty = true;
    if (subscriber->in_dirty_list)
        return;
    subscriber->in_dirty_list = true;
    subscriber->next_dirty = subscriber->hub->dirty;
    subscriber->hub->dirty = subscriber;
}

static void
forget_dirty(struct subscriber *subscriber)
{
    struct subscriber **slot = &subscriber->hub->dirty;
    while (*slot != subscriber)
        slot = &(*slot)->next_dirty;
    *slot = subscriber->next_dirty;
    subscriber->in_dirty_list = false;
}

static void
flush(struct subscriber *subscriber)
{
    subscriber->is_dirty = false;
    switch (subscriber->transport->flush(subscriber)) {
    case FLUSHED_ALL:
        return;
    case FLUSHED_PART:
        set_state(subscriber, SUBSCRIBER_FULL);
        return;
    case FLUSHED_END:
        set_state(subscriber, SUBSCRIBER_DONE);
        return;
    }
}

static void
flush_dirty(struct hub *hub)
{
    while (hub->dirty) {
        struct subscriber *subscriber = hub->dirty;
        hub->dirty = subscriber->next_dirty;
        subscriber->in_dirty_list = false;
        if (subscriber->is_dirty)
            flush(subscriber);
    }
}

/* -- losses ------------------------------------------------------------- */

/* Notes that SUBSCRIBER has lost what was pruned up to PRUNED_ID, unless it
 * knows. It is told with the next thing that it takes. */
static void
note_loss(struct subscriber *subscriber, int64_t pruned_id)
{
    if (pruned_id <= subscriber->cursor_id || pruned_id <= subscriber->told_id)
        return;
    if (!subscriber->is_losing || subscriber->losing_id < pruned_id)
        subscriber->losing_id = pruned_id;
    subscriber->is_losing = true;
}

/* Tells the loss. All that is kept of its channels lies above GOES_ON_ID.
 * False: there is no room for it now. */
static bool
tell_loss(struct subscriber *subscriber, int64_t goes_on_id)
{
    if (goes_on_id < subscriber->cursor_id)
        goes_on_id = subscriber->cursor_id;
    char cursor[CURSOR_SIZE];
    cursor_format(cursor, goes_on_id, subscriber->hub->epoch);
    if (!subscriber->transport->lost(subscriber, cursor))
        return false;
    subscriber->is_losing = false;
    subscriber->cursor_id = goes_on_id;
    if (subscriber->told_id < subscriber->losing_id)
        subscriber->told_id = subscriber->losing_id;
    subscriber->hub->stats.lost++;
    set_dirty(subscriber);
    return true;
}

/* -- delivering --------------------------------------------------------- */

/* Gives MESSAGE to SUBSCRIBER. False: there is no room for it now. */
static bool
give(struct subscriber *subscriber, struct message *message)
{
    if (subscriber->is_losing && !tell_loss(subscriber, message->row->id - 1))
        return false;
    if (!subscriber->transport->take(subscriber, message))
        return false;
    subscriber->cursor_id = message->row->id;
    subscriber->hub->stats.delivered++;
    return true;
}

static void
give_live(struct subscriber *subscriber, struct message *message)
{
    if (!give(subscriber, message)) {
        /* On a quiet channel its own cursor may be old. What was pruned up to
         * the hub's position while it was live is no loss to it. */
        if (subscriber->cursor_id < subscriber->hub->position)
            subscriber->cursor_id = subscriber->hub->position;
        flush(subscriber);
        if (subscriber->state != SUBSCRIBER_LIVE)
            return;
        if (!give(subscriber, message)) {
            set_state(subscriber, SUBSCRIBER_BEHIND);
            return;
        }
    }
    set_dirty(subscriber);
}

static void
on_news_row(void *context, const struct queue_row *row)
{
    struct hub *hub = context;
    struct hub_channel *channel = channels_get(&hub->channels, row->channel);
    if (!channel)
        return;
    struct message message;
    message_init(&message, row, hub->epoch);
    hub->stats.last_read_id = row->id;
    for (struct subscription *place = channel->first; place;
         place = place->next) {
        struct subscriber *subscriber = place->subscriber;
        if (subscriber->state == SUBSCRIBER_LIVE &&
            subscriber->cursor_id < row->id)
            give_live(subscriber, &message);
    }
    message_fini(&message);
}

static void
on_channel_loss(struct hub *hub, struct hub_channel *channel,
                int64_t pruned_id)
{
    for (struct subscription *place = channel->first; place;
         place = place->next) {
        struct subscriber *subscriber = place->subscriber;
        if (subscriber->state != SUBSCRIBER_LIVE)
            continue;
        bool is_listed = subscriber->is_losing; /* by another channel */
        note_loss(subscriber, pruned_id);
        if (subscriber->is_losing && !is_listed) {
            subscriber->next_losing = hub->losing;
            hub->losing = subscriber;
        }
    }
}

struct loss {
    struct hub *hub;
    int64_t pruned_id;
};

static void
on_any_channel_loss(void *context, struct hub_channel *channel)
{
    struct loss *loss = context;
    on_channel_loss(loss->hub, channel, loss->pruned_id);
}

static void
on_news_loss(void *context, const char *name, int64_t pruned_id)
{
    struct hub *hub = context;
    if (name) {
        struct hub_channel *channel = channels_get(&hub->channels, name);
        if (channel)
            on_channel_loss(hub, channel, pruned_id);
        return;
    }
    struct loss loss = {hub, pruned_id};
    channels_each(&hub->channels, on_any_channel_loss, &loss);
}

static bool
wants_channel(void *context, const char *name)
{
    struct hub *hub = context;
    return channels_get(&hub->channels, name) != NULL;
}

/* Those of the losing who got no message in this read have not been told. */
static void
tell_losing(struct hub *hub)
{
    while (hub->losing) {
        struct subscriber *subscriber = hub->losing;
        hub->losing = subscriber->next_losing;
        if (subscriber->is_losing && subscriber->state == SUBSCRIBER_LIVE &&
            !tell_loss(subscriber, hub->position))
            set_state(subscriber, SUBSCRIBER_BEHIND);
    }
}

/* -- another file ------------------------------------------------------- */

static void
lose_file(void *context, struct hub_channel *channel)
{
    int64_t head_id = ((struct hub *)context)->position;
    for (struct subscription *place = channel->first; place;
         place = place->next) {
        struct subscriber *subscriber = place->subscriber;
        subscriber->cursor_id = 0;
        subscriber->told_id = head_id;
        subscriber->losing_id = head_id;
        subscriber->is_losing = true;
        if (subscriber->state == SUBSCRIBER_LIVE)
            set_state(subscriber, SUBSCRIBER_BEHIND);
    }
}

/* The file is another than before, or counts anew: what subscribers have says
 * nothing about it. They are told, and go on from its earliest. */
static void
change_epoch(struct hub *hub, const char *epoch, int64_t head_id)
{
    memcpy(hub->epoch, epoch, QUEUE_EPOCH_SIZE);
    hub->position = head_id;
    channels_each(&hub->channels, lose_file, hub);
}

/* -- reading ------------------------------------------------------------ */

static void
read_news(struct hub *hub)
{
    if (!followers(hub)) {
        hub->has_news = false;
        return;
    }
    struct queue_page page = {.after_id = hub->position,
                              .upto_id = INT64_MAX,
                              .rows_max = NEWS_ROWS,
                              .bytes_max = NEWS_BYTES};
    memcpy(page.epoch, hub->epoch, sizeof page.epoch);
    const struct queue_reader reader = {.on_row = on_news_row,
                                        .on_lost = on_news_loss,
                                        .wants = wants_channel,
                                        .context = hub};
    /* A changed epoch must be known before a row is handed round under it. */
    struct queue_head head;
    if (queue_head(hub->queue, &head) != QUEUE_OK) {
        hub->is_stalled = true;
        return;
    }
    if (strcmp(head.epoch, hub->epoch) != 0) {
        change_epoch(hub, head.epoch, head.id);
        return;
    }
    if (head.id == hub->position) {
        hub->has_news = false;
        return;
    }
    int64_t delivered_before = hub->stats.delivered;
    if (queue_read_all(hub->queue, &page, &reader) != QUEUE_OK) {
        hub->is_stalled = true;
        return;
    }
    hub->position = page.reached_id;
    hub->has_news = page.more;
    hub->stats.last_read_count =
        (size_t)(hub->stats.delivered - delivered_before);
    tell_losing(hub);
}

struct reading {
    struct subscriber *subscriber;
    bool has_room;
};

static void
on_own_row(void *context, const struct queue_row *row)
{
    struct reading *reading = context;
    if (!reading->has_room)
        return;
    struct message message;
    message_init(&message, row, reading->subscriber->hub->epoch);
    reading->has_room = give(reading->subscriber, &message);
    message_fini(&message);
}

static void
on_own_loss(void *context, const char *channel, int64_t pruned_id)
{
    struct reading *reading = context;
    (void)channel;
    note_loss(reading->subscriber, pruned_id);
}

/* Reads one page for SUBSCRIBER, at most up to UPTO_ID. *MORE: there is more
 * than was read or than it had room for. */
static enum queue_status
read_page(struct subscriber *subscriber, int64_t upto_id, bool *more)
{
    const char *names[SUBSCRIBER_CHANNELS_MAX];
    for (size_t i = 0; i < subscriber->subscription_count; i++)
        names[i] = subscriber->subscriptions[i].channel->name;
    struct queue_page page = {.after_id = subscriber->cursor_id,
                              .upto_id = upto_id,
                              .rows_max = PAGE_ROWS,
                              .bytes_max = PAGE_BYTES};
    memcpy(page.epoch, subscriber->hub->epoch, sizeof page.epoch);
    struct reading reading = {.subscriber = subscriber, .has_room = true};
    const struct queue_reader reader = {.on_row = on_own_row,
                                        .on_lost = on_own_loss,
                                        .context = &reading};
    enum queue_status status =
        queue_read(subscriber->hub->queue, names,
                   subscriber->subscription_count, &page, &reader);
    if (status != QUEUE_OK) {
        subscriber->hub->has_news = true; /* it may be another file now */
        return status;
    }
    if (reading.has_room && subscriber->is_losing)
        reading.has_room = tell_loss(subscriber, page.reached_id);
    if (reading.has_room && subscriber->cursor_id < page.reached_id)
        subscriber->cursor_id = page.reached_id;
    *more = page.more || !reading.has_room;
    return QUEUE_OK;
}

/* One page for one who is behind; then it is live, at the end of the line, or
 * its socket is full. */
static void
read_behind(struct subscriber *subscriber)
{
    struct hub *hub = subscriber->hub;
    bool more = false;
    if (subscriber->cursor_id < hub->position &&
        read_page(subscriber, hub->position, &more) != QUEUE_OK) {
        hub->is_stalled = true;
        return;
    }
    if (subscriber->is_losing && !more)
        more = !tell_loss(subscriber, subscriber->cursor_id);
    set_state(subscriber, more ? SUBSCRIBER_BEHIND : SUBSCRIBER_LIVE);
    flush(subscriber);
}

bool
hub_turn(struct hub *hub, bool news)
{
    hub->has_news |= news;
    hub->is_stalled = false;
    if (hub->has_news)
        read_news(hub);
    flush_dirty(hub);
    size_t pages = hub->states[SUBSCRIBER_BEHIND];
    if (pages > PAGES_PER_TURN)
        pages = PAGES_PER_TURN;
    while (pages-- && hub->behind_first && !hub->is_stalled)
        read_behind(hub->behind_first);
    return !hub->is_stalled && (hub->has_news || hub->behind_first);
}

/* -- coming and going --------------------------------------------------- */

/* Where a follower starts. */
struct place {
    int64_t after_id;
    int64_t told_id; /* losses up to here are none of its */
    bool lost;       /* its cursor could not be honoured */
};

/* Of all that is kept of CHANNELS. With one channel it lies behind all that was
 * pruned, so that who comes back with it is not told of a loss. */
static enum queue_status
place_at_earliest(struct hub *hub, const char *const *channels, size_t count,
                  struct place *place)
{
    int64_t after_id = 0, pruned_id = 0;
    for (size_t i = 0; i < count; i++) {
        struct queue_bounds bounds;
        enum queue_status status =
            queue_bounds(hub->queue, channels[i], &bounds);
        if (status != QUEUE_OK)
            return status;
        if (pruned_id < bounds.pruned_id)
            pruned_id = bounds.pruned_id;
        if (count == 1)
            after_id = bounds.first_id ? bounds.first_id - 1 : pruned_id;
    }
    place->after_id = after_id;
    place->told_id = pruned_id;
    return QUEUE_OK;
}

/* Who comes without a valid cursor had nothing that could have been pruned
 * before it came; what is pruned from now on is lost to it. */
static enum queue_status
find_place(struct hub *hub, const char *const *channels, size_t count,
           const struct start *start, const struct queue_head *head,
           struct place *place)
{
    *place = (struct place){0};
    enum queue_status status;
    switch (start->kind) {
    case START_NOW:
        place->after_id = head->id;
        return QUEUE_OK;
    case START_LAST:
        status = place_at_earliest(hub, channels, count, place);
        if (status != QUEUE_OK)
            return status;
        return queue_last(hub->queue, channels, count, start->last,
                          &place->after_id);
    case START_CURSOR:
        if (cursor_parse(start->cursor, head->epoch, &place->after_id) &&
            place->after_id <= head->id)
            return QUEUE_OK;
        place->lost = true;
        return place_at_earliest(hub, channels, count, place);
    case START_EARLIEST:
        return place_at_earliest(hub, channels, count, place);
    }
    return QUEUE_OK;
}

static void
count_in(struct subscriber *subscriber)
{
    struct hub *hub = subscriber->hub;
    hub->states[SUBSCRIBER_OUT]++; /* where set_state() takes it from */
    set_state(subscriber, subscriber->cursor_id < hub->position
                              ? SUBSCRIBER_BEHIND
                              : SUBSCRIBER_LIVE);
    hub->stats.subscribers[subscriber->transport->id]++;
}

enum queue_status
hub_join(struct hub *hub, struct subscriber *subscriber,
         const char *const *channels, size_t channel_count,
         const struct start *start, bool *lost)
{
    struct queue_head head;
    enum queue_status status = queue_head(hub->queue, &head);
    if (status != QUEUE_OK)
        return status;
    if (!followers(hub)) {
        memcpy(hub->epoch, head.epoch, sizeof hub->epoch);
        hub->position = head.id;
        hub->has_news = false;
    } else if (strcmp(head.epoch, hub->epoch) != 0) {
        change_epoch(hub, head.epoch, head.id);
    }
    struct place place;
    status = find_place(hub, channels, channel_count, start, &head, &place);
    if (status != QUEUE_OK)
        return status;
    *lost = place.lost;
    subscriber->hub = hub;
    subscriber->cursor_id = place.after_id;
    subscriber->told_id = place.told_id;
    channels_join(&hub->channels, subscriber, channels, channel_count);
    count_in(subscriber);
    return QUEUE_OK;
}

enum queue_status
hub_look(struct subscriber *subscriber, bool *more)
{
    enum queue_status status = read_page(subscriber, INT64_MAX, more);
    if (status == QUEUE_OK && !*more &&
        subscriber->cursor_id >= subscriber->hub->position)
        set_state(subscriber, SUBSCRIBER_LIVE);
    return status;
}

void
hub_leave(struct subscriber *subscriber)
{
    struct hub *hub = subscriber->hub;
    if (!hub)
        return;
    if (subscriber->in_dirty_list)
        forget_dirty(subscriber);
    set_state(subscriber, SUBSCRIBER_OUT);
    hub->states[SUBSCRIBER_OUT]--;
    hub->stats.subscribers[subscriber->transport->id]--;
    channels_leave(&hub->channels, subscriber);
    subscriber->hub = NULL;
}

void
hub_drained(struct subscriber *subscriber)
{
    if (subscriber->state == SUBSCRIBER_FULL)
        set_state(subscriber, SUBSCRIBER_BEHIND);
}

/* -- questions ---------------------------------------------------------- */

void
hub_cursor(const struct subscriber *subscriber, char cursor[CURSOR_SIZE])
{
    const struct hub *hub = subscriber->hub;
    int64_t id = subscriber->cursor_id;
    if (subscriber->state == SUBSCRIBER_LIVE && id < hub->position)
        id = hub->position;
    cursor_format(cursor, id, hub->epoch);
}

const struct hub_stats *
hub_stats(struct hub *hub)
{
    hub->stats.behind =
        hub->states[SUBSCRIBER_BEHIND] + hub->states[SUBSCRIBER_FULL];
    return &hub->stats;
}

bool
hub_counts_changed(const struct hub *hub)
{
    return hub->channels.changed;
}

void
hub_counts_told(struct hub *hub)
{
    hub->channels.changed = false;
}

void
hub_each_channel(const struct hub *hub,
                 void (*on_channel)(void *context,
                                    struct hub_channel *channel),
                 void *context)
{
    channels_each(&hub->channels, on_channel, context);
}

#include "hub/hub_internal.h"

#include "base/bytes.h"
#include "hub/cursor.h"
#include "hub/message.h"
#include "hub/place.h"

#include <stdlib.h>
#include <string.h>

enum {
    NEWS_ROWS = 256, /* read by the hub in a turn */
    NEWS_BYTES = 1024 * 1024,
    PAGE_ROWS = 64, /* read for one subscriber in a turn */
    PAGE_BYTES = 256 * 1024,
    PAGES_PER_TURN = 32, /* subscribers that are read for in a turn */
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

void
hub_watch(struct hub *hub,
          void (*on_delivered)(void *context, enum transport_id transport,
                               unsigned count, int64_t time_ms),
          void *context)
{
    hub->on_delivered = on_delivered;
    hub->watching = context;
}

/* -- delivering what is new ---------------------------------------------- */

static void
give_live(struct subscriber *subscriber, struct message *message)
{
    if (!hub_give(subscriber, message)) {
        /* On a quiet channel its own cursor may be old. What was pruned up to
         * the hub's position while it was live is no loss to it. */
        if (subscriber->cursor_id < subscriber->hub->position)
            subscriber->cursor_id = subscriber->hub->position;
        hub_flush(subscriber);
        if (subscriber->state != SUBSCRIBER_LIVE)
            return;
        if (!hub_give(subscriber, message)) {
            hub_set_state(subscriber, SUBSCRIBER_BEHIND);
            return;
        }
    }
    if (!subscriber->fresh++)
        subscriber->fresh_ms = message->row->time_ms;
    hub_set_dirty(subscriber);
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
on_channel_loss(struct hub *hub, struct hub_channel *channel, int64_t pruned_id)
{
    for (struct subscription *place = channel->first; place;
         place = place->next) {
        struct subscriber *subscriber = place->subscriber;
        if (subscriber->state != SUBSCRIBER_LIVE)
            continue;
        bool is_listed = subscriber->is_losing; /* by another channel */
        hub_note_loss(place, pruned_id);
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
            !hub_tell_loss(subscriber, hub->position))
            hub_set_state(subscriber, SUBSCRIBER_BEHIND);
    }
}

/* -- another file ------------------------------------------------------- */

static void
lose_file(void *context, struct hub_channel *channel)
{
    /* What was pruned from this file before is a part of the one loss. */
    struct queue_bounds bounds = {0};
    if (queue_bounds(((struct hub *)context)->queue, channel->name, &bounds) !=
        QUEUE_OK)
        bounds.pruned_id = 0;
    for (struct subscription *place = channel->first; place;
         place = place->next) {
        struct subscriber *subscriber = place->subscriber;
        place->told_id = bounds.pruned_id;
        subscriber->cursor_id = 0;
        subscriber->is_losing = true;
        if (subscriber->state == SUBSCRIBER_LIVE)
            hub_set_state(subscriber, SUBSCRIBER_BEHIND);
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
    reading->has_room = hub_give(reading->subscriber, &message);
    message_fini(&message);
}

static void
on_own_loss(void *context, const char *channel, int64_t pruned_id)
{
    struct subscriber *subscriber = ((struct reading *)context)->subscriber;
    for (size_t i = 0; i < subscriber->subscription_count; i++) {
        struct subscription *place = &subscriber->subscriptions[i];
        if (strcmp(place->channel->name, channel) == 0)
            hub_note_loss(place, pruned_id);
    }
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
    const struct queue_reader reader = {
        .on_row = on_own_row, .on_lost = on_own_loss, .context = &reading};
    enum queue_status status =
        queue_read(subscriber->hub->queue, names,
                   subscriber->subscription_count, &page, &reader);
    if (status != QUEUE_OK) {
        subscriber->hub->has_news = true; /* it may be another file now */
        return status;
    }
    if (reading.has_room && subscriber->is_losing)
        reading.has_room = hub_tell_loss(subscriber, page.reached_id);
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
        more = !hub_tell_loss(subscriber, subscriber->cursor_id);
    hub_set_state(subscriber, more ? SUBSCRIBER_BEHIND : SUBSCRIBER_LIVE);
    hub_flush(subscriber);
}

bool
hub_turn(struct hub *hub, bool news)
{
    hub->has_news |= news;
    hub->is_stalled = false;
    if (hub->has_news)
        read_news(hub);
    hub_flush_dirty(hub);
    size_t pages = hub->states[SUBSCRIBER_BEHIND];
    if (pages > PAGES_PER_TURN)
        pages = PAGES_PER_TURN;
    while (pages-- && hub->behind_first && !hub->is_stalled)
        read_behind(hub->behind_first);
    return !hub->is_stalled && (hub->has_news || hub->behind_first);
}

/* -- coming and going --------------------------------------------------- */

static void
count_in(struct subscriber *subscriber)
{
    struct hub *hub = subscriber->hub;
    hub->states[SUBSCRIBER_OUT]++; /* where hub_set_state() takes it from */
    hub_set_state(subscriber, subscriber->cursor_id < hub->position
                                  ? SUBSCRIBER_BEHIND
                                  : SUBSCRIBER_LIVE);
    hub->stats.subscribers[subscriber->transport->id]++;
}

/* Has the hub, which follows the file, handed round what lies at START? */
static bool
has_passed(const struct hub *hub, const struct start *start, int64_t *id)
{
    return followers(hub) && start->kind == START_CURSOR &&
           cursor_parse(start->cursor, hub->epoch, id) && *id <= hub->position;
}

bool
hub_has_passed(const struct hub *hub, const struct start *start)
{
    int64_t id;
    return has_passed(hub, start, &id);
}

static void
enter(struct hub *hub, struct subscriber *subscriber,
      const char *const *channels, size_t channel_count, int64_t cursor_id)
{
    subscriber->hub = hub;
    subscriber->cursor_id = cursor_id;
    channels_join(&hub->channels, subscriber, channels, channel_count);
    count_in(subscriber);
}

bool
hub_join_live(struct hub *hub, struct subscriber *subscriber,
              const char *const *channels, size_t channel_count,
              const struct start *start)
{
    int64_t id;
    if (hub->is_stalled || !has_passed(hub, start, &id) || id != hub->position)
        return false;
    enter(hub, subscriber, channels, channel_count, id);
    return true;
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
    status =
        place_find(hub->queue, channels, channel_count, start, &head, &place);
    if (status != QUEUE_OK)
        return status;
    *lost = place.lost;
    enter(hub, subscriber, channels, channel_count, place.after_id);
    for (size_t i = 0; i < channel_count; i++)
        subscriber->subscriptions[i].told_id = place.told_ids[i];
    return QUEUE_OK;
}

enum queue_status
hub_look(struct subscriber *subscriber, bool *more)
{
    enum queue_status status = read_page(subscriber, INT64_MAX, more);
    if (status == QUEUE_AGAIN) { /* another file, perhaps: look at it */
        read_news(subscriber->hub);
        status = read_page(subscriber, INT64_MAX, more);
    }
    if (status == QUEUE_OK && !*more &&
        subscriber->cursor_id >= subscriber->hub->position)
        hub_set_state(subscriber, SUBSCRIBER_LIVE);
    return status;
}

void
hub_leave(struct subscriber *subscriber)
{
    struct hub *hub = subscriber->hub;
    if (!hub)
        return;
    if (subscriber->in_dirty_list)
        hub_forget_dirty(subscriber);
    hub_set_state(subscriber, SUBSCRIBER_OUT);
    hub->states[SUBSCRIBER_OUT]--;
    hub->stats.subscribers[subscriber->transport->id]--;
    channels_leave(&hub->channels, subscriber);
    subscriber->hub = NULL;
}

void
hub_drained(struct subscriber *subscriber)
{
    if (subscriber->state == SUBSCRIBER_FULL)
        hub_set_state(subscriber, SUBSCRIBER_BEHIND);
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
                 void (*on_channel)(void *context, struct hub_channel *channel),
                 void *context)
{
    channels_each(&hub->channels, on_channel, context);
}

#include "listener.h"

#include "fake_queue.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct queue *queue;
struct hub *hub;
static struct listener *listeners;
struct given given[LISTENER_IDS_MAX];
size_t given_count;

static struct listener *
listener_of(struct subscriber *subscriber)
{
    return (struct listener *)(void *)subscriber; /* its first member */
}

static bool
note(struct listener *listener, int64_t id)
{
    if (listener->is_on_its_way || listener->pending == listener->pending_max)
        return false;
    listener->pending++;
    assert(listener->count < LISTENER_IDS_MAX);
    listener->ids[listener->count++] = id;
    if (given_count < LISTENER_IDS_MAX)
        given[given_count++] = (struct given){listener, id};
    return true;
}

static bool
take(struct subscriber *subscriber, struct message *message)
{
    struct listener *listener = listener_of(subscriber);
    if (!note(listener, message->row->id))
        return false;
    if (!strstr(message->cursor, queue->head.epoch))
        listener->was_misled = true;
    listener->piece = message_encoded(message, ENCODING_SSE_BARE);
    return true;
}

static bool
lost(struct subscriber *subscriber, const char *cursor)
{
    struct listener *listener = listener_of(subscriber);
    if (!note(listener, LISTENER_LOSS))
        return false;
    snprintf(listener->lost_cursor, CURSOR_SIZE, "%s", cursor);
    return true;
}

static enum flushed
flush(struct subscriber *subscriber)
{
    struct listener *listener = listener_of(subscriber);
    listener->flushes++;
    if (listener->ends)
        return FLUSHED_END;
    if (listener->is_blocked && listener->pending)
        listener->is_on_its_way = true;
    if (listener->is_on_its_way)
        return FLUSHED_PART;
    listener->pending = 0;
    return FLUSHED_ALL;
}

static const struct transport transport = {
    .id = TRANSPORT_SSE,
    .name = "sse",
    .take = take,
    .lost = lost,
    .flush = flush,
};

/* The names in CHANNELS, into EACH; valid until the next call. */
static size_t
split(const char *channels, const char *each[SUBSCRIBER_CHANNELS_MAX])
{
    static char names[SUBSCRIBER_CHANNELS_MAX * 32];
    size_t count = 0;
    snprintf(names, sizeof names, "%s", channels);
    for (char *name = strtok(names, ","); name; name = strtok(NULL, ","))
        each[count++] = name;
    return count;
}

static struct listener *
new_listener(void)
{
    struct listener *listener = calloc(1, sizeof *listener);
    assert(listener);
    listener->subscriber.transport = &transport;
    listener->pending_max = 1000;
    return listener;
}

static struct listener *
let_in(struct listener *listener, bool is_in)
{
    if (!is_in) {
        assert(listener->subscriber.state == SUBSCRIBER_OUT);
        free(listener);
        return NULL;
    }
    listener->next = listeners;
    listeners = listener;
    return listener;
}

struct listener *
listen_to(const char *channels, struct start start)
{
    const char *each[SUBSCRIBER_CHANNELS_MAX];
    size_t count = split(channels, each);
    struct listener *listener = new_listener();
    return let_in(listener,
                  hub_join(hub, &listener->subscriber, each, count, &start,
                           &listener->lost_at_start) == QUEUE_OK);
}

struct listener *
listen_live(const char *channels, struct start start)
{
    const char *each[SUBSCRIBER_CHANNELS_MAX];
    size_t count = split(channels, each);
    struct listener *listener = new_listener();
    return let_in(listener, hub_join_live(hub, &listener->subscriber, each,
                                          count, &start));
}

void
listener_leave(struct listener *listener)
{
    struct listener **slot = &listeners;
    while (*slot != listener)
        slot = &(*slot)->next;
    *slot = listener->next;
    hub_leave(&listener->subscriber);
    free(listener);
}

void
listener_drain(struct listener *listener)
{
    listener->is_blocked = false;
    listener->pending = 0;
    if (listener->is_on_its_way) {
        listener->is_on_its_way = false;
        hub_drained(&listener->subscriber);
    }
}

int
hub_test_begin(void **state)
{
    (void)state;
    queue = fake_queue_new();
    hub = hub_new(queue);
    given_count = 0;
    return 0;
}

int
hub_test_end(void **state)
{
    (void)state;
    while (listeners)
        listener_leave(listeners);
    hub_free(hub);
    fake_queue_free(queue);
    return 0;
}

const char *
cursor_of(int64_t id)
{
    static char cursor[CURSOR_SIZE];
    cursor_format(cursor, id, queue->head.epoch);
    return cursor;
}

int
turn_all(void)
{
    int turns = 1;
    while (hub_turn(hub, turns == 1))
        assert(++turns < 10000);
    return turns;
}

const char *
heard(const struct listener *listener)
{
    static char text[LISTENER_IDS_MAX * 6];
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < listener->count; i++) {
        const char *blank = i ? " " : "";
        if (listener->ids[i] == LISTENER_LOSS)
            len += (size_t)sprintf(text + len, "%slost", blank);
        else
            len += (size_t)sprintf(text + len, "%s%lld", blank,
                                   (long long)listener->ids[i]);
    }
    return text;
}

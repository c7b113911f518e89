#include "hub/channels.h"

#include "base/bytes.h"

#include <stdlib.h>

void
channels_fini(struct channels *channels)
{
    map_fini(&channels->map);
}

struct hub_channel *
channels_get(const struct channels *channels, const char *name)
{
    return map_get(&channels->map, name);
}

static struct hub_channel *
get_or_add(struct channels *channels, const char *name)
{
    struct hub_channel *channel = channels_get(channels, name);
    if (!channel) {
        channel = xcalloc(1, sizeof *channel);
        channel->name = map_put(&channels->map, name, channel);
    }
    return channel;
}

static void
join_one(struct subscription *place, struct hub_channel *channel)
{
    place->channel = channel;
    place->prev = NULL;
    place->next = channel->first;
    if (place->next)
        place->next->prev = place;
    channel->first = place;
    channel->counts[place->subscriber->transport->id]++;
}

static void
leave_one(struct channels *channels, struct subscription *place)
{
    struct hub_channel *channel = place->channel;
    if (place->prev)
        place->prev->next = place->next;
    else
        channel->first = place->next;
    if (place->next)
        place->next->prev = place->prev;
    channel->counts[place->subscriber->transport->id]--;
    if (!channel->first) {
        map_remove(&channels->map, channel->name);
        free(channel);
    }
}

void
channels_join(struct channels *channels, struct subscriber *subscriber,
              const char *const *names, size_t count)
{
    subscriber->subscriptions = &subscriber->only;
    if (count > 1)
        subscriber->subscriptions =
            xcalloc(count, sizeof *subscriber->subscriptions);
    subscriber->subscription_count = count;
    for (size_t i = 0; i < count; i++) {
        subscriber->subscriptions[i].subscriber = subscriber;
        join_one(&subscriber->subscriptions[i], get_or_add(channels, names[i]));
    }
    channels->changed = true;
}

void
channels_leave(struct channels *channels, struct subscriber *subscriber)
{
    for (size_t i = 0; i < subscriber->subscription_count; i++)
        leave_one(channels, &subscriber->subscriptions[i]);
    if (subscriber->subscriptions != &subscriber->only)
        free(subscriber->subscriptions);
    subscriber->subscriptions = NULL;
    subscriber->subscription_count = 0;
    channels->changed = true;
}

void
channels_each(const struct channels *channels,
              void (*on_channel)(void *context, struct hub_channel *channel),
              void *context)
{
    const struct map_entry *entry = NULL;
    while ((entry = map_next(&channels->map, entry)))
        on_channel(context, entry->value);
}

/* Who follows which channel: the hub's index, and the counts that presence
 * tells. A channel is here only while it has subscribers. */
#ifndef EARSHOT_HUB_CHANNELS_H
#define EARSHOT_HUB_CHANNELS_H

#include "base/map.h"
#include "hub/subscriber.h"

struct hub_channel {
    const char *name; /* the map's own key */
    struct subscription *first;
    size_t counts[TRANSPORTS];
};

struct channels {
    struct map map;
    bool changed; /* since the counts were last told */
};

void channels_fini(struct channels *channels);

/* The channel, or NULL when nobody follows it. */
struct hub_channel *channels_get(const struct channels *channels,
                                 const char *name);

void channels_join(struct channels *channels, struct subscriber *subscriber,
                   const char *const *names, size_t count);
void channels_leave(struct channels *channels, struct subscriber *subscriber);

/* Calls ON_CHANNEL for each; the index must not change meanwhile. */
void channels_each(const struct channels *channels,
                   void (*on_channel)(void *context,
                                      struct hub_channel *channel),
                   void *context);

#endif

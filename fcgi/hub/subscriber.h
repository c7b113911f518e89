/* A subscriber: a cursor plus a transport, and what every transport does.
 *
 * A subscriber is in one of a few states; only the hub moves it, and those that
 * have something to read are in one list, in turn. Reconnecting with an old
 * cursor, asking for history and being slow are the same state: behind. */
#ifndef EARSHOT_HUB_SUBSCRIBER_H
#define EARSHOT_HUB_SUBSCRIBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SUBSCRIBER_CHANNELS_MAX = 64 };

struct hub;
struct hub_channel;
struct message;
struct subscriber;

enum transport_id { TRANSPORT_POLL, TRANSPORT_SSE, TRANSPORT_WS, TRANSPORTS };

enum flushed {
    FLUSHED_ALL,  /* everything left; there is room for more */
    FLUSHED_PART, /* the socket is full; hub_drained() will be called */
    FLUSHED_END,  /* the subscriber has had all that it wanted, or is gone;
                     the transport will hub_leave() soon, not now */
};

/* What a transport is to the hub: its verbs. None of them may call back into
 * the hub, but to ask hub_cursor(), or free the subscriber. */
struct transport {
    enum transport_id id;
    const char *name; /* as in options, JSON and metrics */

    /* Takes one message, to be written at the next flush. False: it would not
     * fit in what one write may carry; flush, then offer it again. A message
     * is never refused when nothing is waiting to be flushed. */
    bool (*take)(struct subscriber *subscriber, struct message *message);

    /* Takes the notice that messages have been lost and that CURSOR is where
     * it goes on. False as with take. */
    bool (*lost)(struct subscriber *subscriber, const char *cursor);

    /* Writes what was taken, in one write. */
    enum flushed (*flush)(struct subscriber *subscriber);

    /* Asks for the memory that flush() is going to need: it is the next but
     * one to be called. NULL: it needs little. */
    void (*expect)(struct subscriber *subscriber);
};

enum subscriber_state {
    SUBSCRIBER_OUT,    /* in no hub */
    SUBSCRIBER_LIVE,   /* has all up to the hub's position: gets what is new */
    SUBSCRIBER_BEHIND, /* reads on from the queue in its turn */
    SUBSCRIBER_FULL,   /* behind, and its socket takes nothing now */
    SUBSCRIBER_DONE,   /* has had all that it wanted; will leave */
    SUBSCRIBER_STATES
};

struct subscriber_link { /* in a list of the hub's */
    struct subscriber *next;
    struct subscriber *prev;
};

/* A subscriber's place in one channel. */
struct subscription {
    struct subscriber *subscriber;
    struct hub_channel *channel;
    int64_t told_id; /* what was pruned up to here is no news to it */
    struct subscription *next;
    struct subscription *prev;
};

/* The transport's owner embeds this; the fields are the hub's. */
struct subscriber {
    const struct transport *transport;
    struct hub *hub;
    enum subscriber_state state;
    bool is_dirty; /* something was taken and not flushed */
    bool in_dirty_list;
    bool is_losing;    /* owed the notice of a loss */
    int64_t cursor_id; /* it has, or has in its outbox, all up to here */
    unsigned fresh;    /* taken of what is new, and not flushed */
    int64_t fresh_ms;  /* when the oldest of them was stored */
    struct subscriber_link state_link;
    struct subscriber *next_dirty;
    struct subscriber *next_losing;
    struct subscription *subscriptions;
    size_t subscription_count;
    struct subscription only; /* where subscriptions points when it is one */
};

#endif

#include "relay.h"

#include "base/clock.h"
#include "base/log.h"
#include "relay_internal.h"

#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <unistd.h>

enum { SWEEP_US = 100 * 1000 };

static void
on_sweep(evutil_socket_t fd, short what, void *context)
{
    struct relay *relay = context;
    (void)fd, (void)what;
    int64_t now_us = clock_monotonic_us();
    struct connection *connection, *next;
    for (connection = TAILQ_FIRST(&relay->connections); connection;
         connection = next) {
        next = TAILQ_NEXT(connection, place);
        connection_sweep(connection, now_us);
    }
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd,
          struct sockaddr *address, int len, void *context)
{
    struct relay *relay = context;
    (void)listener, (void)address, (void)len;
    if (relay->count >= CONNECTIONS_MAX) {
        log_warn("relay", "refused a connection, %d are open", CONNECTIONS_MAX);
        close(fd);
        return;
    }
    static const struct timeval pause = {.tv_usec = SWEEP_US};
    if (!relay->count++)
        event_add(relay->sweep, &pause);
    connection_open(relay, fd);
}

static void
on_bury(evutil_socket_t fd, short what, void *context)
{
    struct relay *relay = context;
    (void)fd, (void)what;
    struct connection *connection;
    while ((connection = TAILQ_FIRST(&relay->dead))) {
        TAILQ_REMOVE(&relay->dead, connection, place);
        connection_free(connection);
    }
}

void
relay_bury(struct relay *relay, struct connection *connection)
{
    TAILQ_REMOVE(&relay->connections, connection, place);
    TAILQ_INSERT_TAIL(&relay->dead, connection, place);
    if (!--relay->count)
        event_del(relay->sweep);
    event_active(relay->bury, EV_TIMEOUT, 0);
}

struct relay *
relay_new(struct event_base *base, int listener, const struct address *target,
          struct records *records)
{
    struct relay *relay = xcalloc(1, sizeof *relay);
    relay->base = base;
    relay->target = *target;
    relay->records = records;
    relay->last_number = records_newest(records);
    TAILQ_INIT(&relay->connections);
    TAILQ_INIT(&relay->dead);
    relay->sweep = event_new(base, -1, EV_PERSIST, on_sweep, relay);
    relay->bury = event_new(base, -1, 0, on_bury, relay);
    relay->listener = evconnlistener_new(
        base, on_accept, relay, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
        0, listener);
    if (!relay->sweep || !relay->bury || !relay->listener)
        abort(); /* there is no memory, right at the start */
    return relay;
}

void
relay_free(struct relay *relay)
{
    struct connection *connection;
    evconnlistener_free(relay->listener);
    while ((connection = TAILQ_FIRST(&relay->connections)))
        connection_reset(connection, BY_TAP);
    on_bury(-1, 0, relay);
    event_free(relay->sweep);
    event_free(relay->bury);
    free(relay);
}

/* Does ACT to every connection that matches, and counts them. */
static size_t
each(struct relay *relay, const char *pattern,
     void (*act)(struct connection *connection))
{
    size_t count = 0;
    struct connection *connection, *next;
    for (connection = TAILQ_FIRST(&relay->connections); connection;
         connection = next) {
        next = TAILQ_NEXT(connection, place);
        if (!connection->is_recorded ||
            !tag_matches(pattern, connection->dialogue.latest.tag))
            continue;
        count++;
        act(connection);
    }
    return count;
}

static void
cut(struct connection *connection)
{
    connection_reset(connection, BY_CUT);
}

size_t
relay_cut(struct relay *relay, const char *pattern, int64_t for_ms)
{
    if (for_ms)
        rules_refuse(&relay->rules, pattern,
                     clock_monotonic_us() + for_ms * 1000);
    return each(relay, pattern, cut);
}

size_t
relay_mute(struct relay *relay, const char *pattern)
{
    rules_mute(&relay->rules, pattern);
    return each(relay, pattern, connection_obey);
}

size_t
relay_slow(struct relay *relay, const char *pattern, int64_t rate)
{
    rules_slow(&relay->rules, pattern, rate);
    return each(relay, pattern, connection_obey);
}

size_t
relay_clear(struct relay *relay, const char *pattern)
{
    rules_clear(&relay->rules, pattern);
    return each(relay, pattern, connection_obey);
}

size_t
relay_count(const struct relay *relay)
{
    return relay->count;
}

#include "watch.h"

#include "base/clock.h"
#include "base/log.h"
#include "connection.h"
#include "overview.h"
#include "request.h"
#include "server.h"
#include "stream.h"

#include <stdlib.h>

struct watch {
    int64_t ends_us; /* monotonic: when its life is over */
};

/* Who has not taken the last event gets the next one it has room for. */
static void
show(struct connection *connection)
{
    if (outbox_is_empty(&connection->outbox)) {
        connection_add(connection, overview_event(connection->server));
        connection_flush(connection);
    }
    if (connection->state == CONNECTION_HELD)
        connection_timer(connection, OVERVIEW_PAUSE_US);
}

static void
on_timer(struct connection *connection)
{
    const struct watch *watch = connection->work;
    int64_t now_us = clock_monotonic_us();
    if (now_us >= watch->ends_us) {
        stream_end(connection);
    } else if (stream_is_stalled(connection, now_us)) {
        log_info("watch", "closed: its reader took nothing for too long");
        connection_close(connection);
    } else {
        show(connection);
    }
}

static void
on_drained(struct connection *connection)
{
    (void)connection; /* the next event comes in its time */
}

static void
on_over(struct connection *connection)
{
    connection->server->watcher_count--;
    free(connection->work);
}

static const struct service watch_service = {
    .on_timer = on_timer,
    .on_drained = on_drained,
    .on_stop = stream_end,
    .on_over = on_over,
};

void
watch_get(struct connection *connection, const struct request *request,
          const struct query *query, const char *name)
{
    (void)query, (void)name;
    if (!stream_may_begin(connection, request->method == METHOD_HEAD))
        return;
    struct watch *watch = xcalloc(1, sizeof *watch);
    struct bytes head = BYTES_EMPTY;
    watch->ends_us = stream_ends_us(connection);
    connection->server->watcher_count++;
    connection_serve(connection, CONNECTION_HELD, &watch_service, watch);
    stream_append_head(&head, connection);
    stream_append_retry(&head, connection);
    stream_add(connection, &head);
    connection_flush(connection);
    show(connection);
}

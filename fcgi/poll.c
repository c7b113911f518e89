#include "poll.h"

#include "answer.h"
#include "base/log.h"
#include "connection.h"
#include "base/prefetch.h"
#include "follow.h"
#include "hub/channels.h"
#include "hub/message.h"
#include "poll_page.h"
#include "query.h"
#include "queue/queue.h"
#include "request.h"
#include "server.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct poll {
    struct subscriber subscriber;
    struct connection *connection;
    struct poll_page page;
};

static struct poll *
poll_of(struct subscriber *subscriber)
{
    return (struct poll *)(void *)((char *)subscriber -
                                   offsetof(struct poll, subscriber));
}

/* -- what a poll is to the hub ------------------------------------------ */

static bool
take(struct subscriber *subscriber, struct message *message)
{
    return poll_page_add(&poll_of(subscriber)->page,
                         message_encoded(message, ENCODING_JSON));
}

static bool
lost(struct subscriber *subscriber, const char *cursor)
{
    (void)cursor; /* the answer carries the newest */
    poll_of(subscriber)->page.lost = true;
    return true;
}

/* Neither answered nor closed. */
static bool
is_open(const struct poll *poll)
{
    enum connection_state state = poll->connection->state;
    return state == CONNECTION_BUSY || state == CONNECTION_HELD;
}

static void
answer(struct poll *poll)
{
    char cursor[CURSOR_SIZE];
    hub_cursor(&poll->subscriber, cursor);
    poll_page_answer(&poll->page, poll->connection, cursor);
}

static enum flushed
flush(struct subscriber *subscriber)
{
    struct poll *poll = poll_of(subscriber);
    if (is_open(poll))
        answer(poll);
    return FLUSHED_END;
}

static void
expect(struct subscriber *subscriber)
{
    struct poll *poll = poll_of(subscriber);
    prefetch(poll, sizeof *poll);
    connection_expect(poll->connection);
}

static const struct transport poll_transport = {
    .id = TRANSPORT_POLL,
    .name = "poll",
    .take = take,
    .lost = lost,
    .flush = flush,
    .expect = expect,
};

/* -- what a poll is to its connection ----------------------------------- */

static void
on_wait_over(struct connection *connection)
{
    struct poll *poll = connection->work;
    answer(poll);
    hub_leave(&poll->subscriber);
}

static void
on_drained(struct connection *connection)
{
    (void)connection; /* a poll writes once, at its end */
}

static void
on_over(struct connection *connection)
{
    struct poll *poll = connection->work;
    hub_leave(&poll->subscriber);
    poll_page_fini(&poll->page);
    free(poll);
}

static const struct service poll_service = {
    .on_timer = on_wait_over,
    .on_drained = on_drained,
    .on_stop = on_wait_over,
    .on_over = on_over,
};

/* -- coming ------------------------------------------------------------- */

/* Reads ?wait= in microseconds, at most the maximum. */
static bool
read_wait(struct connection *connection, const char *text, int64_t *wait_us)
{
    *wait_us = 0;
    if (!text)
        return true;
    char *end;
    double seconds = strtod(text, &end);
    bool is_decimal =
        text[0] && strspn(text, "0123456789.eE+-") == strlen(text);
    if (!is_decimal || *end || !isfinite(seconds) || seconds < 0) {
        answer_problem(connection, PROBLEM_BAD_WAIT,
                       "?wait= wants a number of seconds, 0 or more");
        return false;
    }
    int64_t max_us = connection->server->options->wait_max_us;
    double us = seconds * 1e6;
    *wait_us = us > (double)max_us ? max_us : (int64_t)us;
    return true;
}

static void
hold(struct poll *poll, int64_t wait_us)
{
    struct connection *connection = poll->connection;
    log_debug("poll", "waits channel=%s subscribers=%zu",
              poll->subscriber.subscriptions[0].channel->name,
              server_subscribers(connection->server));
    connection_hold(connection);
    connection_timer(connection, wait_us);
}

/* Looks what there is; answers it, or holds the request for WAIT_US. */
static void
look(struct poll *poll, int64_t wait_us)
{
    struct connection *connection = poll->connection;
    bool more = false;
    enum queue_status status = hub_look(&poll->subscriber, &more);
    if (!is_open(poll)) { /* the hub had it answered */
        hub_leave(&poll->subscriber);
        return;
    }
    if (status != QUEUE_OK) {
        answer_trouble(connection, status);
        hub_leave(&poll->subscriber);
        return;
    }
    poll->page.more = more;
    if (poll->page.message_count || poll->page.lost || wait_us == 0) {
        answer(poll);
        hub_leave(&poll->subscriber);
        return;
    }
    hold(poll, wait_us);
}

/* Its place, and what lies behind it. Of two patient ones who come in one turn
 * the second need not look by itself: what came between them is news. */
static void
look_from(struct poll *poll, const struct follow *follow, bool may_be_older,
          int64_t wait_us)
{
    struct server *server = poll->connection->server;
    queue_begin_reads(server->queue, may_be_older);
    enum queue_status status =
        hub_join(server->hub, &poll->subscriber, follow->channels,
                 follow->channel_count, &follow->start, &poll->page.lost);
    if (status == QUEUE_OK)
        look(poll, wait_us);
    else
        answer_trouble(poll->connection, status);
    queue_end_reads(server->queue);
}

static void
start(struct connection *connection, const struct follow *follow,
      int64_t wait_us)
{
    struct poll *poll = xcalloc(1, sizeof *poll);
    poll->connection = connection;
    poll->subscriber.transport = &poll_transport;
    connection_serve(connection, CONNECTION_BUSY, &poll_service, poll);
    const struct server *server = connection->server;
    /* Who has all that was handed round, and waits longer than until the next
     * look at the file, need not look into it at all: what it lacks is news. */
    bool is_patient = wait_us > server->options->look_us;
    if (is_patient &&
        hub_join_live(server->hub, &poll->subscriber, follow->channels,
                      follow->channel_count, &follow->start))
        hold(poll, wait_us);
    else
        look_from(poll, follow,
                  is_patient && hub_has_passed(server->hub, &follow->start),
                  wait_us);
}

void
poll_get(struct connection *connection, const struct request *request,
         const struct query *query, const char *name)
{
    int64_t wait_us;
    struct follow follow;
    const struct asked asked = {TRANSPORT_POLL, name, query,
                                request->last_event_id};
    if (!read_wait(connection, query->wait, &wait_us) ||
        !answer_or_follow(connection, &follow, &asked))
        return;
    struct server *server = connection->server;
    if (server->stopping || request->method == METHOD_HEAD)
        wait_us = 0;
    if (wait_us && server_is_full(server))
        answer_problem(connection, PROBLEM_BUSY,
                       "this process holds as many subscribers as it may "
                       "(--subscribers-max)");
    else
        start(connection, &follow, wait_us);
    follow_fini(&follow);
}

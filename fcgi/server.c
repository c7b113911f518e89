#include "server.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/shared.h"
#include "hub/channels.h"
#include "hub/hub.h"
#include "queue/presence.h"
#include "server_internal.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

enum {
    PRESENCE_US = 1000 * 1000,     /* presence is told at most so often */
    PATIENCE_US = 5 * 1000 * 1000, /* with what has begun, when stopping */
    JITTER_STEPS = 16,
};

/* -- time --------------------------------------------------------------- */

static struct timeval
timeval_of(int64_t us)
{
    return (struct timeval){.tv_sec = us / 1000000, .tv_usec = us % 1000000};
}

const struct timeval *
server_timeout(struct server *server, int64_t after_us)
{
    if (after_us < 0)
        after_us = 0;
    for (int i = 0; i < server->timeout_count; i++)
        if (server->timeouts[i].us == after_us)
            return server->timeouts[i].common;
    server->other_timeout = timeval_of(after_us);
    return &server->other_timeout;
}

static void
share_timeout(struct server *server, int64_t us)
{
    if (server->timeout_count == SERVER_TIMEOUTS_MAX)
        return;
    struct timeval duration = timeval_of(us);
    const struct timeval *common =
        event_base_init_common_timeout(server->base, &duration);
    if (!common)
        return;
    server->timeouts[server->timeout_count].us = us;
    server->timeouts[server->timeout_count].common = common;
    server->timeout_count++;
}

/* From four fifths to six fifths of US. */
static int64_t
jitter_step(int64_t us, int step)
{
    return us * 4 / 5 + us * 2 / 5 * step / (JITTER_STEPS - 1);
}

int64_t
server_jitter(int64_t us)
{
    unsigned char random = 0;
    evutil_secure_rng_get_bytes(&random, 1);
    return jitter_step(us, random % JITTER_STEPS);
}

int64_t
server_retry_ms(const struct server *server)
{
    unsigned random;
    evutil_secure_rng_get_bytes(&random, sizeof random);
    int64_t us = server->options->retry_us;
    return (us / 2 + us * (random % 1024) / 1024) / 1000;
}

static void
share_timeouts(struct server *server)
{
    const struct options *options = server->options;
    share_timeout(server, options->request_timeout_us);
    share_timeout(server, options->commit_timeout_us);
    share_timeout(server, options->keep_idle_us);
    share_timeout(server, options->stall_timeout_us);
    share_timeout(server, options->wait_max_us);
    for (int i = 0; i < JITTER_STEPS; i++)
        share_timeout(server, jitter_step(options->heartbeat_us, i));
}

/* -- events ------------------------------------------------------------- */

static void
on_queue_ready(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    ((struct server *)context)->queue_is_ready = true;
}

static void
on_look(evutil_socket_t fd, short what, void *context)
{
    struct server *server = context;
    (void)fd, (void)what;
    if (queue_look(server->queue))
        server->news = true;
}

static void
tell_channel(void *context, struct hub_channel *channel)
{
    static const char *const names[TRANSPORTS] = {"poll", "sse", "ws"};
    for (int i = 0; i < TRANSPORTS; i++)
        if (channel->counts[i])
            presence_count(context, channel->name, names[i],
                           channel->counts[i]);
}

static void
on_presence(evutil_socket_t fd, short what, void *context)
{
    struct server *server = context;
    (void)fd, (void)what;
    server->presence_us = clock_monotonic_us();
    hub_counts_told(server->hub);
    presence_begin(server->presence);
    hub_each_channel(server->hub, tell_channel, server->presence);
    presence_end(server->presence);
}

static void
on_patience_over(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    log_warn("server", "stopping before everything was finished");
    ((struct server *)context)->must_end = true;
}

static void
stop(struct server *server)
{
    log_info("server", "stopping connections=%zu", server->connection_count);
    server->stopping = true;
    accept_stop(server);
    struct timeval patience = timeval_of(PATIENCE_US);
    event_add(server->patience_event, &patience);
    for (struct member *member = server->members; member; member = member->next)
        member->verbs->on_stop(member);
}

static void
on_stop_signal(evutil_socket_t signal_number, short what, void *context)
{
    struct server *server = context;
    (void)what;
    if (!server->stopping)
        stop(server);
    else if (signal_number != SIGUSR1)
        server->must_end = true;
}

static void
on_hangup(evutil_socket_t signal_number, short what, void *context)
{
    (void)signal_number, (void)what, (void)context;
    log_reopen();
}

/* -- life --------------------------------------------------------------- */

static const int signals[SERVER_SIGNALS] = {SIGTERM, SIGINT, SIGUSR1, SIGHUP};

static void
catch_signals(struct server *server)
{
    for (int i = 0; i < SERVER_SIGNALS; i++) {
        server->signal_events[i] = evsignal_new(
            server->base, signals[i],
            signals[i] == SIGHUP ? on_hangup : on_stop_signal, server);
        event_add(server->signal_events[i], NULL);
    }
    signal(SIGPIPE, SIG_IGN);
}

/* Who asks once more while we end is heard no more: with our handlers gone the
 * signal would kill us, and our end would look like a crash. */
static void
block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < SERVER_SIGNALS; i++)
        sigaddset(&set, signals[i]);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

bool
server_init(struct server *server, const struct options *options)
{
    *server =
        (struct server){.options = options, .started_us = clock_monotonic_us()};
    server->base = event_base_new();
    if (!server->base)
        return false;
    const struct queue_options queue_options = options_of_queue(options);
    server->queue = queue_open(&queue_options);
    server->hub = hub_new(server->queue);
    server->presence = presence_open(options->queue);
    server->counts = counts_open(server);
    server->queue_event =
        event_new(server->base, queue_fd(server->queue), EV_READ | EV_PERSIST,
                  on_queue_ready, server);
    event_add(server->queue_event, NULL);
    server->look_event =
        event_new(server->base, -1, EV_PERSIST, on_look, server);
    server->presence_event = evtimer_new(server->base, on_presence, server);
    accept_init(server);
    server->patience_event =
        evtimer_new(server->base, on_patience_over, server);
    share_timeouts(server);
    catch_signals(server);
    return true;
}

void
server_fini(struct server *server)
{
    block_signals();
    counts_close(server->counts);
    shared_release(server->overview);
    presence_close(server->presence);
    hub_free(server->hub);
    queue_close(server->queue);
    accept_fini(server);
    for (int i = 0; i < SERVER_SIGNALS; i++)
        event_free(server->signal_events[i]);
    event_free(server->queue_event);
    event_free(server->look_event);
    event_free(server->presence_event);
    event_free(server->patience_event);
    event_base_free(server->base);
}

size_t
server_subscribers(const struct server *server)
{
    const struct hub_stats *stats = hub_stats(server->hub);
    size_t count = 0;
    for (int i = 0; i < TRANSPORTS; i++)
        count += stats->subscribers[i];
    return count;
}

bool
server_is_full(struct server *server)
{
    bool is_full = server_subscribers(server) + server->watcher_count >=
                   (size_t)server->options->subscribers_max;
    server->figures.refused_followers += is_full;
    return is_full;
}

static void
add_count(void *context, const char *channel, const char *transport,
          unsigned long count)
{
    struct server_counts *counts = context;
    (void)channel;
    if (strcmp(transport, "poll") == 0)
        counts->poll += count;
    else if (strcmp(transport, "sse") == 0)
        counts->sse += count;
    else if (strcmp(transport, "ws") == 0)
        counts->ws += count;
}

void
server_count_subscribers(struct server *server, const char *channel,
                         struct server_counts *counts)
{
    presence_read(server->presence, channel, add_count, counts);
}

/* -- members ------------------------------------------------------------ */

void
server_join(struct server *server, struct member *member,
            const struct member_verbs *verbs)
{
    *member = (struct member){.verbs = verbs, .next = server->members};
    if (member->next)
        member->next->prev = member;
    server->members = member;
    server->connection_count += verbs->is_connection;
}

static void
forget_settling(struct server *server, struct member *member)
{
    struct member **slot = &server->settling;
    while (*slot != member)
        slot = &(*slot)->next_settling;
    *slot = member->next_settling;
}

void
server_leave(struct server *server, struct member *member)
{
    if (member->is_settling)
        forget_settling(server, member);
    if (member->prev)
        member->prev->next = member->next;
    else
        server->members = member->next;
    if (member->next)
        member->next->prev = member->prev;
    server->connection_count -= member->verbs->is_connection;
}

void
server_settle(struct server *server, struct member *member)
{
    if (member->is_settling)
        return;
    member->is_settling = true;
    member->next_settling = server->settling;
    server->settling = member;
}

/* -- the turn ----------------------------------------------------------- */

/* While anyone is subscribed the queue is looked at, and presence is told when
 * it has changed; else neither costs anything. */
static void
arm_timers(struct server *server)
{
    bool looks = event_pending(server->look_event, EV_TIMEOUT, NULL);
    bool has_subscribers = server_subscribers(server) > 0;
    if (has_subscribers && !looks) {
        struct timeval look = timeval_of(server->options->look_us);
        event_add(server->look_event, &look);
    } else if (!has_subscribers && looks) {
        event_del(server->look_event);
    }
    if (hub_counts_changed(server->hub) &&
        !event_pending(server->presence_event, EV_TIMEOUT, NULL)) {
        int64_t since_us = clock_monotonic_us() - server->presence_us;
        struct timeval pause =
            timeval_of(since_us < PRESENCE_US ? PRESENCE_US - since_us : 0);
        event_add(server->presence_event, &pause);
    }
}

static void
log_delivery(const struct server *server, size_t delivered)
{
    if (!delivered || !server->committed_us || !log_wants(LOG_LEVEL_DEBUG))
        return;
    const struct hub_stats *stats = hub_stats(server->hub);
    log_debug("hub",
              "delivered id=%lld subscribers=%zu commit_to_last_us=%lld "
              "arrival_to_commit_us=%lld",
              (long long)stats->last_read_id, delivered,
              (long long)(clock_monotonic_us() - server->committed_us),
              (long long)(server->committed_us - server->arrived_us));
}

static void
settle(struct server *server)
{
    while (server->settling) {
        struct member *member = server->settling;
        server->settling = member->next_settling;
        member->is_settling = false;
        member->verbs->on_settle(member);
    }
}

static bool
is_finished(const struct server *server)
{
    if (server->must_end)
        return true;
    bool takes_more = server->listener_count > 0 && !server->stopping;
    return !takes_more && !server->members && !queue_appending(server->queue);
}

/* One turn of the loop. True when the next has something to do at once. */
static bool
turn(struct server *server, bool at_once)
{
    event_base_loop(server->base,
                    EVLOOP_ONCE | (at_once ? EVLOOP_NONBLOCK : 0));
    bool news = server->news;
    server->news = false;
    server->committed_us = 0;
    if (server->queue_is_ready) {
        server->queue_is_ready = false;
        news |= queue_dispatch(server->queue);
    }
    int64_t delivered = hub_stats(server->hub)->delivered;
    bool more = hub_turn(server->hub, news);
    log_delivery(server,
                 (size_t)(hub_stats(server->hub)->delivered - delivered));
    settle(server);
    accept_tell(server);
    arm_timers(server);
    counts_turn(server->counts);
    server->news |= queue_listen(server->queue, server_subscribers(server) > 0);
    queue_end_turn(server->queue);
    return more || server->news;
}

void
server_run(struct server *server)
{
    bool more = false;
    settle(server);
    accept_tell(server);
    while (!is_finished(server))
        more = turn(server, more);
}

#include "counts.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/process.h"
#include "hub/hub.h"
#include "queue/queue.h"
#include "server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t age_max_ms = INT64_C(3600) * 1000;

enum {
    TELL_US = 1000 * 1000,
    WRITES_PER_LOOK = 16,
    NAME_SIZE = 32,
    PLACE_SIZE = 48,
};

const char *const transport_names[TRANSPORTS] = {"poll", "sse", "ws"};

struct counts {
    struct server *server;
    struct figures *figures;
    struct event *event;
    bool has_told;     /* in this turn */
    bool has_gathered; /* what had ended before it was started */

    /* Deliveries of one age whose delay is not known yet. */
    enum transport_id transport;
    int64_t time_ms;
    unsigned fresh;
    unsigned writes;
};

/* -- the row ------------------------------------------------------------ */

static struct figure_spec specs[COUNTS];
static char spec_names[COUNTS][PLACE_SIZE];

/* Names PLACES of the row from AT on: NAME, or NAME.0, NAME.1 … */
static void
name_places(int at, int places, const char *name)
{
    for (int i = 0; i < places; i++) {
        char *copy = spec_names[at + i];
        if (places == 1)
            snprintf(copy, PLACE_SIZE, "%s", name);
        else
            snprintf(copy, PLACE_SIZE, "%s.%d", name, i);
        specs[at + i] = (struct figure_spec){copy, at < COUNT_GAUGES};
    }
}

const struct figure_spec *
counts_specs(void)
{
    char name[NAME_SIZE];
    name_places(COUNT_PUBLISHED, 1, "published");
    name_places(COUNT_REPEATS, 1, "repeats");
    name_places(COUNT_FAILED, 1, "failed");
    name_places(COUNT_PRUNED, 1, "pruned");
    name_places(COUNT_LOST, 1, "lost");
    name_places(COUNT_REFUSED, 1, "refused");
    name_places(COUNT_REQUESTS, STATUS_CLASSES, "requests");
    name_places(COUNT_COMMIT, COUNT_BUCKETS, "commit");
    name_places(COUNT_CONNECTIONS, 1, "connections");
    name_places(COUNT_BEHIND, 1, "behind");
    name_places(COUNT_WATCHERS, 1, "watchers");
    for (int i = 0; i < TRANSPORTS; i++) {
        snprintf(name, sizeof name, "delivered.%s", transport_names[i]);
        name_places(COUNT_DELIVERED + i, 1, name);
        snprintf(name, sizeof name, "delivery.%s", transport_names[i]);
        name_places(COUNT_DELIVERY + i * COUNT_BUCKETS, COUNT_BUCKETS, name);
        snprintf(name, sizeof name, "subscribers.%s", transport_names[i]);
        name_places(COUNT_SUBSCRIBERS + i, 1, name);
    }
    return specs;
}

static void
put_buckets(int64_t *values, const struct buckets *buckets)
{
    memcpy(values, buckets->counts, sizeof buckets->counts);
    values[BUCKETS] = buckets->sum_us;
}

struct buckets
counts_buckets(const int64_t *values, int at)
{
    struct buckets buckets = {.sum_us = values[at + BUCKETS]};
    memcpy(buckets.counts, values + at, sizeof buckets.counts);
    return buckets;
}

int64_t
counts_several(const int64_t *values, int at, int size)
{
    int64_t sum = 0;
    for (int i = 0; i < size; i++)
        sum += values[at + i];
    return sum;
}

static void
gather(const struct server *server, int64_t values[COUNTS])
{
    const struct server_figures *figures = &server->figures;
    const struct hub_stats *hub = hub_stats(server->hub);
    struct queue_stats queue;
    queue_stats(server->queue, &queue);
    values[COUNT_PUBLISHED] = queue.messages;
    values[COUNT_REPEATS] = queue.repeats;
    values[COUNT_FAILED] = queue.failed;
    values[COUNT_PRUNED] = queue.pruned;
    values[COUNT_LOST] = hub->lost;
    values[COUNT_REFUSED] = figures->refused_followers;
    for (int i = 0; i < STATUS_CLASSES; i++)
        values[COUNT_REQUESTS + i] = figures->answered[i];
    put_buckets(values + COUNT_COMMIT, &queue.commit);
    values[COUNT_CONNECTIONS] = (int64_t)server->connection_count;
    values[COUNT_BEHIND] = (int64_t)hub->behind;
    values[COUNT_WATCHERS] = (int64_t)server->watcher_count;
    for (int i = 0; i < TRANSPORTS; i++) {
        values[COUNT_DELIVERED + i] = hub->delivered_by[i];
        put_buckets(values + COUNT_DELIVERY + i * COUNT_BUCKETS,
                    &figures->delivery[i]);
        values[COUNT_SUBSCRIBERS + i] = (int64_t)hub->subscribers[i];
    }
}

/* -- counting ----------------------------------------------------------- */

/* A row's time has milliseconds, and so has what is told of its age. Who
 * inserts a row may give it any time: seconds for milliseconds, and a few
 * thousand deliveries would be a sum that no number holds. */
static void
settle_fresh(struct counts *counts)
{
    int64_t age_ms = clock_wall_ms() - counts->time_ms;
    if (age_ms > age_max_ms)
        age_ms = age_max_ms;
    if (counts->fresh)
        buckets_add(&counts->server->figures.delivery[counts->transport],
                    age_ms * 1000, counts->fresh);
    counts->fresh = counts->writes = 0;
}

/* The clock is asked once for a few writes: they take ten microseconds each. */
static void
on_delivered(void *context, enum transport_id transport, unsigned count,
             int64_t time_ms)
{
    struct counts *counts = context;
    if (transport != counts->transport || time_ms != counts->time_ms ||
        counts->writes == WRITES_PER_LOOK)
        settle_fresh(counts);
    counts->transport = transport;
    counts->time_ms = time_ms;
    counts->fresh += count;
    counts->writes++;
}

void
counts_answer(struct server *server, int status)
{
    int class = status / 100 - 1;
    if (class >= 0 && class < STATUS_CLASSES)
        server->figures.answered[class]++;
}

/* -- telling ------------------------------------------------------------ */

static void
tell(struct counts *counts)
{
    int64_t values[COUNTS];
    gather(counts->server, values);
    figures_tell(counts->figures, values);
}

static void
on_tell(evutil_socket_t fd, short what, void *context)
{
    struct counts *counts = context;
    (void)fd, (void)what;
    counts->has_told = true;
    if (!counts->has_gathered)
        counts->has_gathered = figures_gather(counts->figures);
    tell(counts);
}

static void
tell_soon(struct counts *counts)
{
    static const struct timeval pause = {.tv_sec = TELL_US / 1000000};
    event_add(counts->event, &pause);
}

/* A turn in which nothing but this was done is no reason to do it again. */
void
counts_turn(struct counts *counts)
{
    settle_fresh(counts);
    if (!counts->has_told && !event_pending(counts->event, EV_TIMEOUT, NULL))
        tell_soon(counts);
    counts->has_told = false;
}

struct counts *
counts_open(struct server *server)
{
    struct counts *counts = xcalloc(1, sizeof *counts);
    counts->server = server;
    counts->figures =
        figures_open(server->options->queue, program_invocation_short_name,
                     counts_specs(), COUNTS);
    counts->event = evtimer_new(server->base, on_tell, counts);
    hub_watch(server->hub, on_delivered, counts);
    tell_soon(counts);
    return counts;
}

void
counts_close(struct counts *counts)
{
    int64_t values[COUNTS];
    gather(counts->server, values);
    figures_close(counts->figures, values);
    event_free(counts->event);
    free(counts);
}

void
counts_sum(struct counts *counts, struct figures_sum *sum)
{
    tell(counts);
    figures_read(counts->figures, sum);
}

int64_t
counts_age_ms(const struct figures_process *process)
{
    int64_t age_ms = process->is_own ? 0 : clock_wall_ms() - process->told_ms;
    int64_t most_ms = TELL_US / 1000;
    return age_ms < 0 ? 0 : age_ms < most_ms ? age_ms : most_ms;
}

int
counts_pid(const struct figures_process *process)
{
    struct process now;
    int pid = atoi(process->name);
    bool is_it =
        process_read(pid, &now) && now.started == process->started_ticks;
    return is_it ? pid : 0;
}

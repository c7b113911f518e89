#include "overview.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/map.h"
#include "base/process.h"
#include "base/shared.h"
#include "counts.h"
#include "queue/presence.h"
#include "queue/queue.h"
#include "server.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS_SHOWN = 12 };

static void
append_text(struct bytes *json, const char *name, const char *text)
{
    bytes_printf(json, "\"%s\":", name);
    if (text)
        json_append_string(json, text, strlen(text));
    else
        bytes_append_string(json, "null");
    bytes_append_char(json, ',');
}

static void
append_number(struct bytes *json, const char *name, int64_t value)
{
    bytes_printf(json, "\"%s\":%" PRId64 ",", name, value);
}

static void
append_numbers(struct bytes *json, const char *name, const int64_t *values,
               int count)
{
    bytes_printf(json, "\"%s\":[", name);
    for (int i = 0; i < count; i++)
        bytes_printf(json, i ? ",%" PRId64 : "%" PRId64, values[i]);
    bytes_append_string(json, "],");
}

/* In the place of the last comma. */
static void
close_object(struct bytes *json)
{
    json->data[json->len - 1] = '}';
    bytes_append_char(json, ',');
}

static void
open_object(struct bytes *json, const char *name)
{
    bytes_printf(json, "\"%s\":{", name);
}

/* -- what one row says -------------------------------------------------- */

static const struct {
    const char *name;
    int at;
} singles[] = {
    {"published", COUNT_PUBLISHED}, {"repeats", COUNT_REPEATS},
    {"failed", COUNT_FAILED},       {"pruned", COUNT_PRUNED},
    {"lost", COUNT_LOST},           {"refused", COUNT_REFUSED},
    {"behind", COUNT_BEHIND},       {"connections", COUNT_CONNECTIONS},
    {"watchers", COUNT_WATCHERS},
};

static void
append_by_transport(struct bytes *json, const char *name, const int64_t *values)
{
    open_object(json, name);
    for (int i = 0; i < TRANSPORTS; i++)
        append_number(json, transport_names[i], values[i]);
    close_object(json);
}

static void
append_row(struct bytes *json, const int64_t *values)
{
    for (size_t i = 0; i < sizeof singles / sizeof *singles; i++)
        append_number(json, singles[i].name, values[singles[i].at]);
    append_by_transport(json, "delivered", values + COUNT_DELIVERED);
    append_by_transport(json, "subscribers", values + COUNT_SUBSCRIBERS);
    append_numbers(json, "requests", values + COUNT_REQUESTS, STATUS_CLASSES);
}

static void
append_totals(struct bytes *json, const int64_t *values)
{
    open_object(json, "totals");
    append_row(json, values);
    append_numbers(json, "commit", values + COUNT_COMMIT, COUNT_BUCKETS);
    open_object(json, "delivery");
    for (int i = 0; i < TRANSPORTS; i++)
        append_numbers(json, transport_names[i],
                       values + COUNT_DELIVERY + i * COUNT_BUCKETS,
                       COUNT_BUCKETS);
    close_object(json);
    close_object(json);
}

/* -- processes ---------------------------------------------------------- */

static void
append_process(struct bytes *json, const struct figures_process *process)
{
    int pid = counts_pid(process);
    bytes_append_char(json, '{');
    append_text(json, "id", process->name);
    append_text(json, "program", process->program);
    append_text(json, "version", process->version);
    append_number(json, "started", process->started_ms);
    append_number(json, "own", process->is_own);
    if (pid) {
        append_number(json, "cpu_us", process_cpu_ns(pid) / 1000);
        append_number(json, "memory", (int64_t)process_resident(pid));
    }
    append_row(json, process->values);
    close_object(json);
}

static void
append_processes(struct bytes *json, const struct figures_sum *sum)
{
    bytes_append_string(json, "\"processes\":[");
    for (size_t i = 0; i < sum->process_count; i++)
        append_process(json, &sum->processes[i]);
    json->len -= sum->process_count > 0;
    bytes_append_string(json, "],");
}

/* -- channels ----------------------------------------------------------- */

struct followed {
    const char *name;
    int64_t counts[TRANSPORTS];
};

static void
on_count(void *context, const char *channel, const char *transport,
         unsigned long count)
{
    struct map *map = context;
    struct followed *followed = map_get(map, channel);
    if (!followed) {
        followed = xcalloc(1, sizeof *followed);
        followed->name = map_put(map, channel, followed);
    }
    for (int i = 0; i < TRANSPORTS; i++)
        if (strcmp(transport, transport_names[i]) == 0)
            followed->counts[i] += (int64_t)count;
}

static int
by_followers(const void *one, const void *other)
{
    const struct followed *const *a = one, *const *b = other;
    int64_t x = counts_several((*a)->counts, 0, TRANSPORTS);
    int64_t y = counts_several((*b)->counts, 0, TRANSPORTS);
    return x != y ? (x < y) - (x > y) : strcmp((*a)->name, (*b)->name);
}

/* Those with the most followers, and how many there are. */
static void
append_channels(struct bytes *json, struct server *server)
{
    struct map map = {0};
    presence_read(server->presence, NULL, on_count, &map);
    struct followed **all = xcalloc(map.size + 1, sizeof(struct followed *));
    size_t count = 0;
    for (const struct map_entry *entry = map_next(&map, NULL); entry;
         entry = map_next(&map, entry))
        all[count++] = entry->value;
    qsort(all, count, sizeof(struct followed *), by_followers);
    append_number(json, "followed", (int64_t)count);
    bytes_append_string(json, "\"channels\":[");
    for (size_t i = 0; i < count; i++) {
        if (i < CHANNELS_SHOWN) {
            bytes_append_string(json, i ? ",{" : "{");
            append_text(json, "name", all[i]->name);
            append_numbers(json, "subscribers", all[i]->counts, TRANSPORTS);
            json->data[json->len - 1] = '}';
        }
        free(all[i]);
    }
    bytes_append_string(json, "],");
    free(all);
    map_fini(&map);
}

/* -- the queue ---------------------------------------------------------- */

static void
append_queue(struct bytes *json, const struct server *server)
{
    struct queue_head head = {0};
    struct queue_totals totals = {0};
    open_object(json, "queue");
    append_text(json, "path", server->options->queue);
    append_text(json, "trouble", queue_trouble(server->queue));
    if (queue_head(server->queue, &head) == QUEUE_OK) {
        append_text(json, "epoch", head.epoch);
        append_number(json, "head", head.id);
    }
    if (queue_totals(server->queue, &totals) == QUEUE_OK) {
        append_number(json, "messages", totals.messages);
        append_number(json, "channels", totals.channels);
        append_number(json, "oldest", totals.oldest_ms);
        append_number(json, "size", totals.size_bytes);
        append_number(json, "wal", totals.wal_bytes);
    }
    close_object(json);
}

void
overview_append(struct bytes *json, struct server *server)
{
    struct figures_sum sum;
    counts_sum(server->counts, &sum);
    bytes_append_char(json, '{');
    append_number(json, "time", clock_wall_ms());
    append_text(json, "version", PACKAGE_VERSION);
    append_numbers(json, "bounds_us", buckets_bounds_us, BUCKETS - 1);
    append_totals(json, sum.totals);
    append_processes(json, &sum);
    append_channels(json, server);
    append_queue(json, server);
    close_object(json);
    json->len--;
    figures_sum_fini(&sum);
}

struct shared *
overview_event(struct server *server)
{
    int64_t now_us = clock_monotonic_us();
    if (server->overview &&
        now_us - server->overview_us < OVERVIEW_PAUSE_US * 9 / 10)
        return server->overview;
    struct bytes event = BYTES_EMPTY;
    bytes_append_string(&event, "event: figures\ndata: ");
    overview_append(&event, server);
    bytes_append_string(&event, "\n\n");
    shared_release(server->overview);
    server->overview = shared_take(&event);
    server->overview_us = now_us;
    return server->overview;
}

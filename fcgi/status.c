#include "status.h"

#include "base/clock.h"
#include "base/json.h"
#include "counts.h"
#include "hub/hub.h"
#include "options.h"
#include "queue/queue.h"
#include "server.h"
#include "setup.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static void
append_string(struct bytes *json, const char *text)
{
    json_append_string(json, text, strlen(text));
}

bool
status_health(struct bytes *json, const struct server *server)
{
    const char *trouble = queue_trouble(server->queue);
    if (!trouble && server->stopping)
        trouble = "the program is stopping";
    bytes_printf(json, "{\"ready\":%s", trouble ? "false" : "true");
    if (trouble) {
        bytes_append_string(json, ",\"error\":");
        append_string(json, trouble);
    }
    bytes_append_string(json, ",\"version\":\"" PACKAGE_VERSION "\"}\n");
    return !trouble;
}

static void
append_queue(struct bytes *json, const struct server *server)
{
    struct queue_head head = {0};
    struct queue_stats stats = {0};
    enum queue_status status = queue_head(server->queue, &head);
    const char *trouble = queue_trouble(server->queue);
    queue_stats(server->queue, &stats);
    bytes_append_string(json, "\"queue\":{\"path\":");
    append_string(json, server->options->queue);
    bytes_printf(json,
                 ",\"epoch\":\"%s\",\"head\":%" PRId64
                 ",\"synchronous\":\"%s\",\"bell\":%s",
                 status == QUEUE_OK ? head.epoch : "",
                 status == QUEUE_OK ? head.id : 0,
                 server->options->synchronous ? "normal" : "full",
                 stats.bell ? "true" : "false");
    bytes_append_string(json, ",\"trouble\":");
    if (trouble)
        append_string(json, trouble);
    else
        bytes_append_string(json, "null");
    bytes_printf(json,
                 ",\"commits\":%" PRId64 ",\"messages\":%" PRId64
                 ",\"repeats\":%" PRId64 ",\"failed\":%" PRId64
                 ",\"pruned\":%" PRId64 ",\"size_bytes\":%" PRId64
                 ",\"wal_bytes\":%" PRId64 ",\"commit_us_total\":%" PRId64
                 ",\"commit_us_max\":%" PRId64 "}",
                 stats.commits, stats.messages, stats.repeats, stats.failed,
                 stats.pruned, stats.size_bytes, stats.wal_bytes,
                 stats.commit_us_total, stats.commit_us_max);
}

static void
append_hub(struct bytes *json, struct hub *hub)
{
    const struct hub_stats *stats = hub_stats(hub);
    bytes_printf(json,
                 "\"subscribers\":{\"poll\":%zu,\"sse\":%zu,\"ws\":%zu,"
                 "\"behind\":%zu},\"delivered\":%" PRId64 ",\"lost\":%" PRId64,
                 stats->subscribers[TRANSPORT_POLL],
                 stats->subscribers[TRANSPORT_SSE],
                 stats->subscribers[TRANSPORT_WS], stats->behind,
                 stats->delivered, stats->lost);
}

/* All that share the queue, as each has told last. */
static void
append_processes(struct bytes *json, const struct server *server)
{
    struct figures_sum sum;
    counts_sum(server->counts, &sum);
    bytes_append_string(json, "\"processes\":[");
    for (size_t i = 0; i < sum.process_count; i++) {
        const struct figures_process *process = &sum.processes[i];
        bytes_printf(json, "%s{\"pid\":%d,\"program\":", i ? "," : "",
                     process->is_own ? (int)getpid() : counts_pid(process));
        append_string(json, process->program);
        bytes_printf(json,
                     ",\"commits\":%" PRId64 ",\"messages\":%" PRId64
                     ",\"age_ms\":%" PRId64 "}",
                     counts_several(process->values, COUNT_COMMIT, BUCKETS),
                     process->values[COUNT_PUBLISHED], counts_age_ms(process));
    }
    bytes_append_char(json, ']');
    figures_sum_fini(&sum);
}

void
status_figures(struct bytes *json, const struct server *server)
{
    bytes_printf(json,
                 "{\"version\":\"%s\",\"pid\":%d,\"uptime_s\":%.3f,"
                 "\"connections\":%zu,\"requests\":%" PRId64
                 ",\"refused\":%" PRId64 ",\"published\":%" PRId64 ",",
                 PACKAGE_VERSION, (int)getpid(),
                 (double)(clock_monotonic_us() - server->started_us) / 1e6,
                 server->connection_count, server->figures.requests,
                 server->figures.refused, server->figures.published);
    append_hub(json, server->hub);
    bytes_append_char(json, ',');
    append_queue(json, server);
    bytes_append_char(json, ',');
    append_processes(json, server);
    bytes_append_string(json, ",\"setup\":");
    setup_append(json, server->options);
    bytes_append_string(json, "}\n");
}

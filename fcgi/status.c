#include "status.h"

#include "answer.h"
#include "base/clock.h"
#include "base/json.h"
#include "connection.h"
#include "hub/hub.h"
#include "queue/queue.h"
#include "server.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static void
append_string(struct bytes *body, const char *text)
{
    json_append_string(body, text, strlen(text));
}

void
status_health_get(struct connection *connection, const struct request *request,
                  const struct query *query, const char *name)
{
    (void)request, (void)query, (void)name;
    const struct server *server = connection->server;
    const char *trouble = queue_trouble(server->queue);
    if (!trouble && server->stopping)
        trouble = "the program is stopping";
    struct bytes body = BYTES_EMPTY;
    bytes_printf(&body, "{\"ready\":%s", trouble ? "false" : "true");
    if (trouble) {
        bytes_append_string(&body, ",\"error\":");
        append_string(&body, trouble);
    }
    bytes_append_string(&body, "}\n");
    answer_json(connection, trouble ? 503 : 200, &body);
}

static void
append_queue(struct bytes *body, const struct server *server)
{
    struct queue_head head = {0};
    struct queue_stats stats = {0};
    enum queue_status status = queue_head(server->queue, &head);
    const char *trouble = queue_trouble(server->queue);
    queue_stats(server->queue, &stats);
    bytes_append_string(body, "\"queue\":{\"path\":");
    append_string(body, server->options->queue);
    bytes_printf(body,
                 ",\"epoch\":\"%s\",\"head\":%" PRId64
                 ",\"synchronous\":\"%s\",\"bell\":%s",
                 status == QUEUE_OK ? head.epoch : "",
                 status == QUEUE_OK ? head.id : 0,
                 server->options->synchronous ? "normal" : "full",
                 stats.bell ? "true" : "false");
    bytes_append_string(body, ",\"trouble\":");
    if (trouble)
        append_string(body, trouble);
    else
        bytes_append_string(body, "null");
    bytes_printf(body,
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
append_hub(struct bytes *body, struct hub *hub)
{
    const struct hub_stats *stats = hub_stats(hub);
    bytes_printf(body,
                 "\"subscribers\":{\"poll\":%zu,\"sse\":%zu,\"ws\":%zu,"
                 "\"behind\":%zu},\"delivered\":%" PRId64 ",\"lost\":%" PRId64,
                 stats->subscribers[TRANSPORT_POLL],
                 stats->subscribers[TRANSPORT_SSE],
                 stats->subscribers[TRANSPORT_WS], stats->behind,
                 stats->delivered, stats->lost);
}

void
status_get(struct connection *connection, const struct request *request,
           const struct query *query, const char *name)
{
    (void)request, (void)query, (void)name;
    const struct server *server = connection->server;
    struct bytes body = BYTES_EMPTY;
    bytes_printf(&body,
                 "{\"version\":\"%s\",\"pid\":%d,\"uptime_s\":%.3f,"
                 "\"connections\":%zu,\"requests\":%" PRId64
                 ",\"refused\":%" PRId64 ",\"published\":%" PRId64 ",",
                 PACKAGE_VERSION, (int)getpid(),
                 (double)(clock_monotonic_us() - server->started_us) / 1e6,
                 server->connection_count, server->figures.requests,
                 server->figures.refused, server->figures.published);
    append_hub(&body, server->hub);
    bytes_append_char(&body, ',');
    append_queue(&body, server);
    bytes_append_string(&body, "}\n");
    answer_json(connection, 200, &body);
}

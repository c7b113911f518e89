#include "info.h"

#include "answer.h"
#include "connection.h"
#include "hub/cursor.h"
#include "hub/names.h"
#include "metrics.h"
#include "page.h"
#include "queue/presence.h"
#include "server.h"
#include "status.h"

#include <inttypes.h>
#include <string.h>

static void
append_cursor(struct bytes *body, const char *member, int64_t id,
              const char *epoch)
{
    char cursor[CURSOR_SIZE];
    cursor_format(cursor, id, epoch);
    if (id)
        bytes_printf(body, ",\"%s\":\"%s\"", member, cursor);
    else
        bytes_printf(body, ",\"%s\":null", member);
}

void
info_get(struct connection *connection, const struct request *request,
         const struct query *query, const char *name)
{
    (void)request, (void)query;
    if (!name_is_channel(name, strlen(name))) {
        answer_problem(connection, PROBLEM_BAD_CHANNEL,
                       "\"%.160s\" is no name of one channel: 1 to 128 "
                       "letters, digits and . _ ~ -, the first one a letter "
                       "or a digit",
                       name);
        return;
    }
    struct server *server = connection->server;
    struct queue_bounds bounds;
    enum queue_status status = queue_bounds(server->queue, name, &bounds);
    if (status != QUEUE_OK) {
        answer_trouble(connection, status);
        return;
    }
    struct server_counts counts = {0};
    server_count_subscribers(server, name, &counts);
    struct bytes body = BYTES_EMPTY;
    bytes_printf(&body, "{\"channel\":\"%s\",\"messages\":%" PRId64, name,
                 bounds.messages);
    append_cursor(&body, "first", bounds.first_id, bounds.epoch);
    append_cursor(&body, "last", bounds.last_id, bounds.epoch);
    bytes_printf(&body,
                 ",\"subscribers\":{\"poll\":%lu,\"sse\":%lu,\"ws\":%lu}}\n",
                 counts.poll, counts.sse, counts.ws);
    answer_json(connection, 200, &body);
}

void
info_health_get(struct connection *connection, const struct request *request,
                const struct query *query, const char *name)
{
    (void)request, (void)query, (void)name;
    struct bytes body = BYTES_EMPTY;
    bool is_ready = status_health(&body, connection->server);
    answer_json(connection, is_ready ? 200 : 503, &body);
}

void
info_status_get(struct connection *connection, const struct request *request,
                const struct query *query, const char *name)
{
    (void)request, (void)query, (void)name;
    struct bytes body = BYTES_EMPTY;
    status_figures(&body, connection->server);
    answer_json(connection, 200, &body);
}

void
info_metrics_get(struct connection *connection, const struct request *request,
                 const struct query *query, const char *name)
{
    (void)request, (void)query, (void)name;
    struct bytes body = BYTES_EMPTY;
    metrics_append(&body, connection->server);
    answer_body(connection, METRICS_TYPE, &body);
}

void
info_page_get(struct connection *connection, const struct request *request,
              const struct query *query, const char *name)
{
    (void)request, (void)query;
    struct bytes body = BYTES_EMPTY;
    const char *type = page_append(&body, name, connection->server);
    answer_body(connection, type, &body);
}

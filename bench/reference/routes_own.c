#include "routes_internal.h"

#include "base/bytes.h"
#include "client.h"
#include "counts.h"
#include "metrics.h"
#include "page.h"
#include "problem.h"
#include "status.h"
#include "ws.h"

#include <string.h>

static void
serve_health(struct ask *ask, const char *name)
{
    struct bytes json = BYTES_EMPTY;
    (void)name;
    if (!routes_may(ask, ACCESS_HEALTH))
        return;
    bool is_ready = status_health(&json, ask->exchange.server);
    reply_json(&ask->exchange, is_ready ? 200 : 503, &json);
}

static void
serve_status(struct ask *ask, const char *name)
{
    struct bytes json = BYTES_EMPTY;
    (void)name;
    if (!routes_may(ask, ACCESS_ADMIN))
        return;
    status_figures(&json, ask->exchange.server);
    reply_json(&ask->exchange, 200, &json);
}

static void
serve_metrics(struct ask *ask, const char *name)
{
    struct bytes text = BYTES_EMPTY;
    (void)name;
    if (!routes_may(ask, ACCESS_ADMIN))
        return;
    metrics_append(&text, ask->exchange.server);
    reply_body(&ask->exchange, METRICS_TYPE, &text);
}

static void
serve_page(struct ask *ask, const char *name)
{
    struct bytes body = BYTES_EMPTY;
    if (!routes_may(ask, ACCESS_ADMIN))
        return;
    const char *type = page_append(&body, name, ask->exchange.server);
    reply_body(&ask->exchange, type, &body);
}

/* The figures of all processes, an event a second. */
static bool
watch(struct ask *ask, struct refusal *refusal)
{
    struct bytes greeting = BYTES_EMPTY;
    if (ask->exchange.is_head ||
        !routes_may_come(ask->exchange.server, refusal))
        return false;
    struct client *client = client_new(ask->exchange.server);
    ws_watch(client);
    counts_answer(client->server, 200);
    routes_append_stream_head(&greeting, &ask->exchange);
    bytes_printf(&greeting, "retry: %lld\n\n",
                 (long long)server_retry_ms(client->server));
    return routes_give_connection(ask, client, &greeting, refusal);
}

static void
serve_watch(struct ask *ask, const char *name)
{
    struct refusal refusal = {.sentence = ""};
    (void)name;
    if (routes_may(ask, ACCESS_ADMIN) && !watch(ask, &refusal))
        reply_stream(&ask->exchange, refusal.sentence);
}

static const struct {
    const char *name;
    void (*serve)(struct ask *ask, const char *name);
} own_addresses[] = {
    {"health", serve_health},   {"status", serve_status},
    {"metrics", serve_metrics}, {"sse", serve_watch},
    {"", serve_page},           {"page.css", serve_page},
    {"page.js", serve_page},
};

void
routes_own(struct ask *ask, const char *last)
{
    for (size_t i = 0; i < sizeof own_addresses / sizeof *own_addresses; i++) {
        if (strcmp(last, own_addresses[i].name) == 0) {
            routes_serve_method(ask, last, own_addresses[i].serve);
            return;
        }
    }
    routes_refuse_path(ask);
}

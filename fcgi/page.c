#include "page.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "counts.h"
#include "page/files.h"
#include "queue/queue.h"
#include "server.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The page's text has `{{ NAME }}' where a figure stands; the script writes
 * over it. */

struct values {
    struct figures_sum sum;
    struct queue_head head;
    struct queue_totals totals;
};

static void
append_bytes(struct bytes *body, int64_t value)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double number = (double)value;
    size_t unit = 0;
    for (; number >= 1024 && unit < 4; unit++)
        number /= 1024;
    bytes_printf(body, unit ? "%.1f %s" : "%.0f %s", number, units[unit]);
}

static void
append_us(struct bytes *body, double us)
{
    if (us < 0)
        bytes_append_string(body, "–");
    else if (us < 1e6)
        bytes_printf(body, "%.3g ms", us / 1e3);
    else
        bytes_printf(body, "%.3g s", us / 1e6);
}

static void
append_age(struct bytes *body, int64_t time_ms)
{
    static const struct {
        int64_t s;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    int64_t age_s = (clock_wall_ms() - time_ms) / 1000;
    size_t unit = 0;
    while (unit < 3 && age_s < units[unit].s)
        unit++;
    if (time_ms)
        bytes_printf(body, "%" PRId64 " %s",
                     age_s < 0 ? 0 : age_s / units[unit].s, units[unit].name);
    else
        bytes_append_string(body, "–");
}

/* The histogram of all transports. */
static struct buckets
all_deliveries(const int64_t *totals)
{
    struct buckets all = {0};
    for (int t = 0; t < TRANSPORTS; t++)
        for (int i = 0; i < BUCKETS; i++)
            all.counts[i] += totals[COUNT_DELIVERY + t * COUNT_BUCKETS + i];
    return all;
}

/* Figures that are sums of SIZE places of the row. */
static const struct {
    const char *name;
    int at;
    int size;
} sums[] = {
    {"published", COUNT_PUBLISHED, 1},
    {"delivered", COUNT_DELIVERED, TRANSPORTS},
    {"subscribers", COUNT_SUBSCRIBERS, TRANSPORTS},
    {"poll", COUNT_SUBSCRIBERS + TRANSPORT_POLL, 1},
    {"sse", COUNT_SUBSCRIBERS + TRANSPORT_SSE, 1},
    {"ws", COUNT_SUBSCRIBERS + TRANSPORT_WS, 1},
    {"behind", COUNT_BEHIND, 1},
    {"connections", COUNT_CONNECTIONS, 1},
    {"requests", COUNT_REQUESTS, STATUS_CLASSES},
    {"refusals", COUNT_REQUESTS + 3, 2},
    {"failed", COUNT_FAILED, 1},
    {"lost", COUNT_LOST, 1},
    {"pruned", COUNT_PRUNED, 1},
};

static void
append_measured(struct bytes *body, const char *name,
                const struct values *values)
{
    const int64_t *totals = values->sum.totals;
    struct buckets commit = counts_buckets(totals, COUNT_COMMIT);
    struct buckets delivery = all_deliveries(totals);
    if (strcmp(name, "commit-p50") == 0)
        append_us(body, buckets_quantile_us(&commit, 0.5));
    else if (strcmp(name, "commit-p99") == 0)
        append_us(body, buckets_quantile_us(&commit, 0.99));
    else if (strcmp(name, "delivery-p50") == 0)
        append_us(body, buckets_quantile_us(&delivery, 0.5));
    else if (strcmp(name, "delivery-p99") == 0)
        append_us(body, buckets_quantile_us(&delivery, 0.99));
}

static void
append_figure(struct bytes *body, const char *name, const struct values *values)
{
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        if (strcmp(name, sums[i].name) == 0)
            bytes_append_number(body, counts_several(values->sum.totals,
                                                     sums[i].at, sums[i].size));
    if (strcmp(name, "processes") == 0)
        bytes_append_number(body, (int64_t)values->sum.process_count);
    else if (strcmp(name, "head") == 0)
        bytes_append_number(body, values->head.id);
    else if (strcmp(name, "messages") == 0)
        bytes_append_number(body, values->totals.messages);
    else if (strcmp(name, "channels") == 0)
        bytes_append_number(body, values->totals.channels);
    else if (strcmp(name, "size") == 0)
        append_bytes(body, values->totals.size_bytes);
    else if (strcmp(name, "wal") == 0)
        append_bytes(body, values->totals.wal_bytes);
    else if (strcmp(name, "oldest") == 0)
        append_age(body, values->totals.oldest_ms);
    else if (strcmp(name, "version") == 0)
        bytes_append_string(body, PACKAGE_VERSION);
    else
        append_measured(body, name, values);
}

static void
append_page(struct bytes *body, const struct values *values)
{
    const char *text = (const char *)page_html;
    size_t left = sizeof page_html;
    for (const char *mark; (mark = memmem(text, left, "{{ ", 3));) {
        char name[32];
        const char *end = strstr(mark, " }}");
        snprintf(name, sizeof name, "%.*s", (int)(end - mark - 3), mark + 3);
        bytes_append(body, text, (size_t)(mark - text));
        append_figure(body, name, values);
        left -= (size_t)(end + 3 - text);
        text = end + 3;
    }
    bytes_append(body, text, left);
}

const char *
page_append(struct bytes *body, const char *name, struct server *server)
{
    if (strcmp(name, "page.css") == 0) {
        bytes_append(body, page_css, sizeof page_css);
        return "text/css; charset=utf-8";
    }
    if (strcmp(name, "page.js") == 0) {
        bytes_append(body, page_js, sizeof page_js);
        return "text/javascript; charset=utf-8";
    }
    struct values values = {0};
    counts_sum(server->counts, &values.sum);
    if (queue_head(server->queue, &values.head) != QUEUE_OK ||
        queue_totals(server->queue, &values.totals) != QUEUE_OK)
        values.totals = (struct queue_totals){0};
    append_page(body, &values);
    figures_sum_fini(&values.sum);
    return "text/html; charset=utf-8";
}

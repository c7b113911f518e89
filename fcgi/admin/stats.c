/* earshot stats: what the queue holds and who uses it, in figures. */
#include "commands.h"

#include "base/bytes.h"
#include "base/json.h"
#include "counts.h"
#include "file.h"
#include "hub/cursor.h"
#include "queue/admin.h"
#include "queue/figures.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What the programs tell of themselves, all processes together. */
struct programs {
    struct figures *figures;
    struct figures_sum sum;
};

static void
look_at_programs(struct programs *programs, const char *queue)
{
    programs->figures = figures_open(queue, "earshot", counts_specs(), COUNTS);
    figures_read(programs->figures, &programs->sum);
}

static void
leave_programs(struct programs *programs)
{
    figures_sum_fini(&programs->sum);
    figures_close(programs->figures, NULL);
}

static int64_t
delivered(const struct figures_sum *sum)
{
    return counts_several(sum->totals, COUNT_DELIVERED, TRANSPORTS);
}

static double
quantile_ms(const struct figures_sum *sum, int at, double q)
{
    const struct buckets buckets = counts_buckets(sum->totals, at);
    double us = buckets_quantile_us(&buckets, q);
    return us < 0 ? 0 : us / 1000;
}

static void
print_programs(const struct figures_sum *sum)
{
    const int64_t *subscribers = sum->totals + COUNT_SUBSCRIBERS;
    printf("subscribers        %" PRId64 ": %" PRId64 " poll, %" PRId64
           " sse, %" PRId64 " ws; %" PRId64 " behind\n",
           counts_several(sum->totals, COUNT_SUBSCRIBERS, TRANSPORTS),
           subscribers[TRANSPORT_POLL], subscribers[TRANSPORT_SSE],
           subscribers[TRANSPORT_WS], sum->totals[COUNT_BEHIND]);
    printf("published          %" PRId64 ", %" PRId64 " repeats, %" PRId64
           " failed (by the programs, ever)\n",
           sum->totals[COUNT_PUBLISHED], sum->totals[COUNT_REPEATS],
           sum->totals[COUNT_FAILED]);
    printf("delivered          %" PRId64 ", %" PRId64 " told of a loss\n",
           delivered(sum), sum->totals[COUNT_LOST]);
    printf("commit             %.1f ms, one in a hundred above %.1f ms\n",
           quantile_ms(sum, COUNT_COMMIT, 0.5),
           quantile_ms(sum, COUNT_COMMIT, 0.99));
    printf("processes          %zu\n", sum->process_count);
    for (size_t i = 0; i < sum->process_count; i++) {
        const struct figures_process *process = &sum->processes[i];
        char since[MOMENT_SIZE];
        printf("  %-16s %s %s, since %s, %" PRId64 " subscribers\n",
               process->name, process->program, process->version,
               moment_format(process->started_ms, since),
               counts_several(process->values, COUNT_SUBSCRIBERS, TRANSPORTS));
    }
}

static void
print(const struct admin_figures *figures, const char *head)
{
    char text[MOMENT_SIZE];
    printf("messages kept      %" PRId64 " in %" PRId64 " channels\n",
           figures->messages, figures->channels);
    printf("newest id          %s\n", head);
    printf("oldest message     %s\n", moment_format(figures->oldest_ms, text));
    printf("newest message     %s\n", moment_format(figures->newest_ms, text));
    printf("last minute        %" PRId64 " messages, %.1f a second\n",
           figures->last_minute, (double)figures->last_minute / 60);
    printf("last hour          %" PRId64 " messages, %.1f a second\n",
           figures->last_hour, (double)figures->last_hour / 3600);
    printf("keys remembered    %" PRId64 "\n", figures->keys);
    printf("size               %s\n", size_format(figures->size_bytes, text));
    printf("on disk            %s", size_format(figures->file_bytes, text));
    printf(" and %s of -wal\n", size_format(figures->wal_bytes, text));
    printf("version            %" PRId64 "\n", figures->version);
}

static void
print_process(const struct figures_process *process, bool is_another)
{
    struct bytes json = BYTES_EMPTY;
    bytes_printf(&json, "%s{\"process\":", is_another ? "," : "");
    json_append_string(&json, process->name, strlen(process->name));
    bytes_append_string(&json, ",\"program\":");
    json_append_string(&json, process->program, strlen(process->program));
    bytes_append_string(&json, ",\"version\":");
    json_append_string(&json, process->version, strlen(process->version));
    bytes_printf(
        &json, ",\"started_ms\":%" PRId64 ",\"subscribers\":%" PRId64 "}",
        process->started_ms,
        counts_several(process->values, COUNT_SUBSCRIBERS, TRANSPORTS));
    fwrite(json.data, 1, json.len, stdout);
    bytes_fini(&json);
}

static void
print_json(const struct admin_figures *figures, const struct figures_sum *sum,
           const char *head)
{
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {
        {"messages", figures->messages},
        {"channels", figures->channels},
        {"keys", figures->keys},
        {"last_minute", figures->last_minute},
        {"last_hour", figures->last_hour},
        {"oldest_ms", figures->oldest_ms},
        {"newest_ms", figures->newest_ms},
        {"created_ms", figures->created_ms},
        {"size_bytes", figures->size_bytes},
        {"file_bytes", figures->file_bytes},
        {"wal_bytes", figures->wal_bytes},
        {"version", figures->version},
        {"published", sum->totals[COUNT_PUBLISHED]},
        {"repeats", sum->totals[COUNT_REPEATS]},
        {"failed", sum->totals[COUNT_FAILED]},
        {"delivered", delivered(sum)},
        {"lost", sum->totals[COUNT_LOST]},
        {"behind", sum->totals[COUNT_BEHIND]},
    };
    printf("{\"head\":\"%s\"", head);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        printf(",\"%s\":%" PRId64, numbers[i].name, numbers[i].value);
    printf(",\"commit_ms\":{\"0.5\":%.3f,\"0.99\":%.3f},\"subscribers\":{",
           quantile_ms(sum, COUNT_COMMIT, 0.5),
           quantile_ms(sum, COUNT_COMMIT, 0.99));
    for (int i = 0; i < TRANSPORTS; i++)
        printf("%s\"%s\":%" PRId64, i ? "," : "", transport_names[i],
               sum->totals[COUNT_SUBSCRIBERS + i]);
    fputs("},\"processes\":[", stdout);
    for (size_t i = 0; i < sum->process_count; i++)
        print_process(&sum->processes[i], i > 0);
    puts("]}");
}

int
stats_command(const struct options *options)
{
    struct admin_figures figures;
    struct programs programs = {0};
    char problem[ADMIN_PROBLEM_SIZE], head[CURSOR_SIZE];
    if (!file_asked(options, "stats"))
        return ADMIN_BAD;
    if (!admin_figures(options->queue, &figures, problem))
        return file_complain("stats", "%s", problem);
    look_at_programs(&programs, options->queue);
    cursor_format(head, figures.head_id, figures.epoch);
    if (options->json) {
        print_json(&figures, &programs.sum, head);
    } else {
        print(&figures, head);
        print_programs(&programs.sum);
    }
    leave_programs(&programs);
    return ADMIN_GOOD;
}

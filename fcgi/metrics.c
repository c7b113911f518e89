#include "metrics.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/process.h"
#include "base/utf8.h"
#include "counts.h"
#include "queue/queue.h"
#include "server.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* -- the format --------------------------------------------------------- */

void
metrics_append_escaped(struct bytes *text, const char *value)
{
    bool is_text = utf8_valid(value, strlen(value));
    for (; *value; value++) {
        if (*value == '\n')
            bytes_append_string(text, "\\n");
        else if (*value == '\\' || *value == '"')
            bytes_printf(text, "\\%c", *value);
        else if (*value & 0x80 && !is_text)
            bytes_append_char(text, '?');
        else
            bytes_append_char(text, *value);
    }
}

static void
family(struct bytes *text, const char *name, const char *type, const char *help)
{
    bytes_printf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
label(struct bytes *text, const char *name, const char *value)
{
    bytes_append_char(text, text->data[text->len - 1] == '"' ? ',' : '{');
    bytes_printf(text, "%s=\"", name);
    metrics_append_escaped(text, value);
    bytes_append_char(text, '"');
}

/* Behind a name, or its last label. */
static void
end_labels(struct bytes *text)
{
    bytes_append_string(text, text->data[text->len - 1] == '"' ? "} " : " ");
}

static void
number(struct bytes *text, int64_t value)
{
    end_labels(text);
    bytes_append_number(text, value);
    bytes_append_char(text, '\n');
}

static void
seconds(struct bytes *text, int64_t us)
{
    end_labels(text);
    bytes_printf(text, "%" PRId64 ".%06d\n", us / 1000000, (int)(us % 1000000));
}

static void
plain(struct bytes *text, const char *name, const char *type, const char *help,
      int64_t value)
{
    family(text, name, type, help);
    bytes_append_string(text, name);
    number(text, value);
}

/* The samples of one histogram, buckets from FIRST on. */
static void
histogram(struct bytes *text, const char *name, const char *transport,
          const struct buckets *buckets, int first)
{
    int64_t below = 0;
    for (int i = 0; i < BUCKETS; i++) {
        char bound[24] = "+Inf";
        below += buckets->counts[i];
        if (i < first)
            continue;
        if (i < BUCKETS - 1)
            snprintf(bound, sizeof bound, "%g",
                     (double)buckets_bounds_us[i] / 1e6);
        bytes_printf(text, "%s_bucket", name);
        if (transport)
            label(text, "transport", transport);
        label(text, "le", bound);
        number(text, below);
    }
    bytes_printf(text, "%s_sum", name);
    if (transport)
        label(text, "transport", transport);
    seconds(text, buckets->sum_us);
    bytes_printf(text, "%s_count", name);
    if (transport)
        label(text, "transport", transport);
    number(text, below);
}

/* -- over all processes ------------------------------------------------- */

static const struct {
    int at;
    const char *name;
    const char *type;
    const char *help;
} totals[] = {
    {COUNT_PUBLISHED, "earshot_messages_published_total", "counter",
     "Messages stored by Earshot. What other programs insert is not among "
     "them."},
    {COUNT_REPEATS, "earshot_publish_repeats_total", "counter",
     "Publishes answered from their Idempotency-Key."},
    {COUNT_FAILED, "earshot_publish_failures_total", "counter",
     "Publishes that were not stored."},
    {COUNT_PRUNED, "earshot_messages_pruned_total", "counter",
     "Messages removed because of their age or number."},
    {COUNT_LOST, "earshot_lost_total", "counter",
     "Notices to subscribers that messages they had not had are gone."},
    {COUNT_REFUSED, "earshot_subscribers_refused_total", "counter",
     "Followers refused because a process held as many as it may "
     "(--subscribers-max)."},
    {COUNT_BEHIND, "earshot_subscribers_behind", "gauge",
     "Subscribers that read on from the queue: slow ones, and those who have "
     "just come back."},
    {COUNT_CONNECTIONS, "earshot_connections", "gauge",
     "Connections from web servers and clients."},
    {COUNT_WATCHERS, "earshot_watchers", "gauge",
     "Readers of the status page's own stream."},
};

static void
append_by_transport(struct bytes *text, const int64_t *values, int at,
                    const char *name, const char *type, const char *help)
{
    family(text, name, type, help);
    for (int i = 0; i < TRANSPORTS; i++) {
        bytes_append_string(text, name);
        label(text, "transport", transport_names[i]);
        number(text, values[at + i]);
    }
}

static void
append_requests(struct bytes *text, const int64_t *values)
{
    static const char name[] = "earshot_requests_total";
    family(text, name, "counter", "Requests by the class of their answer.");
    for (int i = 0; i < STATUS_CLASSES; i++) {
        char class[4] = {(char)('1' + i), 'x', 'x', '\0'};
        bytes_append_string(text, name);
        label(text, "status", class);
        number(text, values[COUNT_REQUESTS + i]);
    }
}

enum { FIRST_BUCKET = 3 }; /* of what has milliseconds */

static void
append_histograms(struct bytes *text, const int64_t *values)
{
    static const char commit[] = "earshot_commit_seconds";
    static const char delivery[] = "earshot_delivery_seconds";
    struct buckets buckets = counts_buckets(values, COUNT_COMMIT);
    family(text, commit, "histogram",
           "How long a commit took, from when its batch was begun: waiting for "
           "the lock between processes, writing, syncing.");
    histogram(text, commit, NULL, &buckets, 0);
    family(text, delivery, "histogram",
           "How old a message was when it was written to the socket of a live "
           "subscriber, from the time in its row, which it gets just before "
           "its commit; to a millisecond. One for each delivery; in a write of "
           "several each counts as the oldest.");
    for (int i = 0; i < TRANSPORTS; i++) {
        buckets = counts_buckets(values, COUNT_DELIVERY + i * COUNT_BUCKETS);
        histogram(text, delivery, transport_names[i], &buckets, FIRST_BUCKET);
    }
}

static void
append_totals(struct bytes *text, const int64_t *values)
{
    for (size_t i = 0; i < sizeof totals / sizeof *totals; i++)
        plain(text, totals[i].name, totals[i].type, totals[i].help,
              values[totals[i].at]);
    append_by_transport(text, values, COUNT_DELIVERED,
                        "earshot_messages_delivered_total", "counter",
                        "Messages handed to subscribers.");
    append_by_transport(text, values, COUNT_SUBSCRIBERS, "earshot_subscribers",
                        "gauge", "Subscribers held.");
    append_requests(text, values);
    append_histograms(text, values);
}

/* -- the queue ---------------------------------------------------------- */

static int64_t
age_us(int64_t time_ms)
{
    int64_t age_ms = time_ms ? clock_wall_ms() - time_ms : 0;
    return age_ms > 0 ? age_ms * 1000 : 0;
}

static void
append_file(struct bytes *text, const struct queue_totals *queue)
{
    static const char age[] = "earshot_queue_oldest_message_age_seconds";
    plain(text, "earshot_queue_messages", "gauge", "Messages kept.",
          queue->messages);
    plain(text, "earshot_queue_channels", "gauge", "Channels known.",
          queue->channels);
    plain(text, "earshot_queue_size_bytes", "gauge",
          "Bytes in use in the queue's file.", queue->size_bytes);
    plain(text, "earshot_queue_wal_bytes", "gauge",
          "Size of the file's write-ahead log.", queue->wal_bytes);
    family(text, age, "gauge", "Age of the oldest message kept; 0: none is.");
    bytes_append_string(text, age);
    seconds(text, age_us(queue->oldest_ms));
}

static void
append_queue(struct bytes *text, const struct server *server)
{
    static const char info[] = "earshot_queue_info";
    struct queue_head head = {0};
    struct queue_totals queue;
    plain(text, "earshot_queue_usable", "gauge",
          "1 when this process can read and write the queue.",
          !queue_trouble(server->queue));
    if (queue_head(server->queue, &head) == QUEUE_OK)
        plain(text, "earshot_queue_head_id", "gauge",
              "The newest id ever given.", head.id);
    if (queue_totals(server->queue, &queue) == QUEUE_OK)
        append_file(text, &queue);
    family(text, info, "gauge", "Which queue this is.");
    bytes_append_string(text, info);
    label(text, "path", server->options->queue);
    label(text, "epoch", head.epoch);
    label(text, "synchronous",
          server->options->synchronous ? "normal" : "full");
    number(text, 1);
}

/* -- each process ------------------------------------------------------- */

/* One figure of every process; a value below 0 is not known. */
struct column {
    const char *name;
    const char *type;
    const char *help;
    int at; /* its place in the row, or -1: */
    int64_t (*value)(const struct figures_process *process, int pid);
    int places;
    bool is_us; /* and told in seconds */
};

static int64_t
cpu_us(const struct figures_process *process, int pid)
{
    (void)process;
    int64_t ns = process_cpu_ns(pid);
    return ns < 0 ? -1 : ns / 1000;
}

static int64_t
resident_bytes(const struct figures_process *process, int pid)
{
    (void)process;
    double bytes = process_resident(pid);
    return bytes > 0 ? (int64_t)bytes : -1;
}

static int64_t
open_files(const struct figures_process *process, int pid)
{
    (void)process;
    return process_files(pid);
}

static int64_t
files_max(const struct figures_process *process, int pid)
{
    (void)process;
    return process_files_max(pid);
}

static int64_t
started_us(const struct figures_process *process, int pid)
{
    (void)pid;
    return process->started_ms * 1000;
}

static const struct column columns[] = {
    {"earshot_process_messages_published_total", "counter",
     "Messages stored by this process.", COUNT_PUBLISHED, NULL, 1, false},
    {"earshot_process_messages_delivered_total", "counter",
     "Messages handed to subscribers of this process.", COUNT_DELIVERED, NULL,
     TRANSPORTS, false},
    {"earshot_process_requests_total", "counter",
     "Requests answered by this process.", COUNT_REQUESTS, NULL, STATUS_CLASSES,
     false},
    {"earshot_process_subscribers", "gauge", "Subscribers of this process.",
     COUNT_SUBSCRIBERS, NULL, TRANSPORTS, false},
    {"earshot_process_subscribers_behind", "gauge",
     "Those of them that read on from the queue.", COUNT_BEHIND, NULL, 1,
     false},
    {"earshot_process_connections", "gauge", "Connections of this process.",
     COUNT_CONNECTIONS, NULL, 1, false},
    {"process_cpu_seconds_total", "counter", "Processor time used.", -1, cpu_us,
     0, true},
    {"process_resident_memory_bytes", "gauge", "Resident memory.", -1,
     resident_bytes, 0, false},
    {"process_open_fds", "gauge", "Open descriptors.", -1, open_files, 0,
     false},
    {"process_max_fds", "gauge", "Descriptors that may be open.", -1, files_max,
     0, false},
    {"process_start_time_seconds", "gauge", "When it was started, since 1970.",
     -1, started_us, 0, true},
};

static void
append_column(struct bytes *text, const struct column *column,
              const struct figures_sum *sum, const int *pids)
{
    family(text, column->name, column->type, column->help);
    for (size_t i = 0; i < sum->process_count; i++) {
        const struct figures_process *process = &sum->processes[i];
        int64_t value = -1;
        if (column->value && pids[i])
            value = column->value(process, pids[i]);
        else if (!column->value)
            value = counts_several(process->values, column->at, column->places);
        if (value < 0)
            continue;
        bytes_append_string(text, column->name);
        label(text, "process", process->name);
        label(text, "program", process->program);
        if (column->is_us)
            seconds(text, value);
        else
            number(text, value);
    }
}

static void
append_processes(struct bytes *text, const struct figures_sum *sum)
{
    static const char info[] = "earshot_process_info";
    int *pids = xcalloc(sum->process_count + 1, sizeof *pids);
    plain(text, "earshot_processes", "gauge", "Processes that share the queue.",
          (int64_t)sum->process_count);
    family(text, info, "gauge", "A process that shares the queue.");
    for (size_t i = 0; i < sum->process_count; i++) {
        const struct figures_process *process = &sum->processes[i];
        pids[i] = counts_pid(process);
        bytes_append_string(text, info);
        label(text, "process", process->name);
        label(text, "program", process->program);
        label(text, "version", process->version);
        number(text, 1);
    }
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        append_column(text, &columns[i], sum, pids);
    free(pids);
}

void
metrics_append(struct bytes *text, struct server *server)
{
    static const char info[] = "earshot_build_info";
    struct figures_sum sum;
    counts_sum(server->counts, &sum);
    family(text, info, "gauge", "The program that answers.");
    bytes_append_string(text, info);
    label(text, "version", PACKAGE_VERSION);
    number(text, 1);
    append_totals(text, sum.totals);
    append_queue(text, server);
    append_processes(text, &sum);
    figures_sum_fini(&sum);
}

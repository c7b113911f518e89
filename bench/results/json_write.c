#include "results/json.h"

#include "base/bytes.h"
#include "measure/histogram.h"
#include "results/fields.h"
#include "results/figures.h"
#include "results/machine.h"
#include "results/put.h"

#include <math.h>

/* Eight neighbouring steps of a histogram are one. */
static int64_t
coarse(int64_t ns)
{
    int shift = 0;
    while (ns >> shift >= 256)
        shift++;
    return (ns >> shift) + ((int64_t)shift << 32);
}

/* Gathers neighbours into one step, whose value is their mean. */
struct gathering {
    int64_t key;
    double sum_ns;
    uint64_t count;
    int64_t before; /* the value that was written last */
    bool is_first;
};

static void
put_step(struct bytes *out, struct gathering *now)
{
    if (!now->count)
        return;
    int64_t value = llround(now->sum_ns / (double)now->count);
    bytes_printf(out, "%s%lld,%llu", now->is_first ? "" : ",",
                 (long long)(value - now->before),
                 (unsigned long long)now->count);
    now->before = value;
    now->is_first = false;
    now->sum_ns = 0;
    now->count = 0;
}

static void
put_steps(struct bytes *out, const struct histogram *histogram,
          enum results_detail detail)
{
    struct gathering now = {.is_first = true, .key = -1};
    uint32_t step = 0;
    int64_t ns;
    uint64_t count;
    bytes_append_string(out, ",\"steps\":[");
    while (histogram_walk(histogram, &step, &ns, &count)) {
        int64_t key = detail == RESULTS_WHOLE ? ns : coarse(ns);
        if (key != now.key)
            put_step(out, &now);
        now.key = key;
        now.sum_ns += (double)ns * (double)count;
        now.count += count;
    }
    put_step(out, &now);
    bytes_append_char(out, ']');
}

static const struct {
    const char *name;
    double share;
} quantiles[] = {
    {"p50", 0.5},
    {"p90", 0.9},
    {"p99", 0.99},
    {"p99.9", 0.999},
};

static void
put_histogram(struct bytes *out, const struct result *result,
              const struct field *field, enum results_detail detail)
{
    const struct histogram *histogram =
        *FIELD_IN(struct histogram *, result, field);
    double count = (double)histogram_count(histogram);
    double samples = field->kind == FIELD_OF_CONNECTIONS
                         ? count
                         : (double)result->messages_counted;
    bytes_printf(out, "{\"count\":%.0f", count);
    if (count > 0) {
        put_named(out, "min", (double)histogram_min(histogram) / 1e3);
        put_named(out, "mean", histogram_mean(histogram) / 1e3);
        for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
            double share = quantiles[i].share;
            bool may_say = samples * (1 - share) + 1e-6 >= RESULT_BEYOND;
            int64_t ns = histogram_quantile(histogram, share);
            put_named(out, quantiles[i].name, may_say ? (double)ns / 1e3 : NAN);
        }
        put_named(out, "max", (double)histogram_max(histogram) / 1e3);
        put_named(out, "stddev", histogram_deviation(histogram) / 1e3);
        put_steps(out, histogram, detail);
    }
    bytes_append_char(out, '}');
}

static void
put_field(struct bytes *out, const void *object, const struct field *field,
          enum results_detail detail)
{
    switch (field->kind) {
    case FIELD_STRING:
        put_string(out, *FIELD_IN(char *, object, field));
        break;
    case FIELD_INT:
        bytes_append_number(out, *FIELD_IN(int, object, field));
        break;
    case FIELD_COUNT:
        bytes_append_number(out, (int64_t)*FIELD_IN(uint64_t, object, field));
        break;
    case FIELD_SEED:
        bytes_printf(out, "\"%llu\"",
                     (unsigned long long)*FIELD_IN(uint64_t, object, field));
        break;
    case FIELD_DOUBLE:
        put_number(out, *FIELD_IN(double, object, field));
        break;
    case FIELD_BOOL:
        bytes_append_string(out,
                            *FIELD_IN(bool, object, field) ? "true" : "false");
        break;
    case FIELD_HISTOGRAM:
    case FIELD_OF_CONNECTIONS:
        put_histogram(out, object, field, detail);
        break;
    }
}

static void
put_fields(struct bytes *out, const void *object, const struct field *fields,
           enum results_detail detail)
{
    for (const struct field *field = fields; field->name; field++) {
        bytes_printf(out, "%s\"%s\":", field == fields ? "" : ",", field->name);
        put_field(out, object, field, detail);
    }
}

/* What follows from the rest: for who reads the file without us. */
static void
put_derived(struct bytes *out, const struct result *result)
{
    static const enum figure derived[] = {
        FIGURE_SERVER_CPU,
        FIGURE_SERVER_CPU_PUBLISH,
        FIGURE_SERVER_MEMORY,
        FIGURE_SERVER_SWITCHES,
        FIGURE_BYTES,
        FIGURE_SEGMENTS,
        FIGURE_REQUESTS,
        FIGURE_COMMITS_PER_S,
        FIGURE_MESSAGES_PER_COMMIT,
        FIGURE_CLIENT_CPU,
    };
    for (size_t i = 0; i < sizeof derived / sizeof *derived; i++)
        put_named(out, figure_about(derived[i])->name,
                  figure_of(result, derived[i]));
}

static void
put_run(struct bytes *out, const struct result *result,
        enum results_detail detail)
{
    bytes_append_char(out, '{');
    put_fields(out, result, fields_of_run, detail);
    put_derived(out, result);
    bytes_append_string(out, ",\"notes\":[");
    for (int i = 0; i < result->note_count; i++) {
        bytes_append_string(out, i ? ",{\"text\":" : "{\"text\":");
        put_string(out, result->notes[i]);
        put_named_string(out, "kind", result->note_kinds[i].word);
        put_named(out, "figure", result->note_kinds[i].figure);
        bytes_append_char(out, '}');
    }
    bytes_append_string(out, "],\"sides\":[");
    for (int i = 0; i < result->side_count; i++) {
        bytes_append_string(out, i ? ",{\"name\":" : "{\"name\":");
        put_string(out, result->sides[i].name);
        bytes_append_char(out, ',');
        put_fields(out, &result->sides[i], fields_of_side, detail);
        bytes_append_char(out, '}');
    }
    bytes_append_string(out, "],\"slots\":[");
    for (int i = 0; i < result->slot_count; i++) {
        bytes_append_string(out, i ? ",{" : "{");
        put_fields(out, &result->slots[i], fields_of_slot, detail);
        bytes_append_char(out, '}');
    }
    bytes_append_string(out, "]}");
}

static void
put_head(struct bytes *out, const struct results *results)
{
    bytes_append_string(out, "{\"schema\":1,\n\"machine\":{");
    put_fields(out, results->machine, fields_of_machine, RESULTS_WHOLE);
    bytes_append_string(out, "},\n\"settings\":{\"command_line\":");
    put_string(out, results->command_line);
    bytes_append_string(out, ",\"began\":");
    put_string(out, results->began);
    bytes_printf(out, ",\"seed\":\"%llu\"", (unsigned long long)results->seed);
    put_named(out, "calibration_cpu_us", results->calibration_cpu_us);
    put_named(out, "calibration_deliveries_per_s",
              results->calibration_deliveries_per_s);
    bytes_append_string(out, "},\n\"runs\":[");
}

static bool
flush(FILE *file, struct bytes *out)
{
    bool is_good = fwrite(out->data, 1, out->len, file) == out->len;
    bytes_consume(out, out->len);
    return is_good;
}

bool
results_write(FILE *file, const struct results *results,
              enum results_detail detail)
{
    struct bytes out = BYTES_EMPTY;
    put_head(&out, results);
    bool is_good = flush(file, &out);
    for (int i = 0; i < results->run_count && is_good; i++) {
        bytes_append_string(&out, i ? ",\n" : "\n");
        put_run(&out, results->runs[i], detail);
        is_good = flush(file, &out);
    }
    bytes_append_string(&out, "\n]}\n");
    is_good = flush(file, &out) && is_good;
    bytes_fini(&out);
    return is_good;
}

#include "results/hgrm.h"

#include "measure/histogram.h"
#include "result.h"
#include "results/fields.h"
#include "results/json.h"

#include <string.h>

/* "latency_us" is the histogram "latency". */
static void
print_head(FILE *file, const struct result *result, const char *name)
{
    fprintf(file,
            "#[Histogram = %.*s, scenario = %s, target = %s, transport = %s, "
            "way = %s, subscribers = %d, publishers = %d, rate = %g/s, "
            "poll interval = %g s, repeat = %d]\n",
            (int)(strlen(name) - strlen("_us")), name, result->scenario,
            result->target, result->transport, result->way, result->subscribers,
            result->publishers, result->rate_per_s, result->poll_interval_s,
            result->repeat);
}

static void
print_run(FILE *file, const struct result *result)
{
    for (const struct field *field = fields_of_run; field->name; field++) {
        if (field->kind != FIELD_HISTOGRAM &&
            field->kind != FIELD_OF_CONNECTIONS)
            continue;
        const struct histogram *histogram =
            *FIELD_IN(struct histogram *, result, field);
        if (!histogram_count(histogram))
            continue;
        print_head(file, result, field->name);
        histogram_print(histogram, file, 1e3);
        fputc('\n', file);
    }
}

void
hgrm_print(FILE *file, const struct results *results)
{
    for (int i = 0; i < results->run_count; i++)
        print_run(file, results->runs[i]);
}

#include "results/json.h"

#include "base/bytes.h"
#include "measure/histogram.h"
#include "results/fields.h"
#include "results/machine.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

/* Reading goes on until something is wrong; the first wrong thing is told. */
struct reader {
    const char *name; /* of the file */
    char where[64];   /* "runs[3]" */
    char *problem;
};

__attribute__((format(printf, 2, 3))) static void
complain(struct reader *reader, const char *format, ...)
{
    if (reader->problem)
        return;
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct bytes sentence = BYTES_EMPTY;
    bytes_printf(&sentence, "%s: %s%s%s", reader->name, reader->where,
                 *reader->where ? ": " : "", text);
    bytes_append_char(&sentence, '\0');
    reader->problem = sentence.data;
}

static bool
is_number_in(const cJSON *item, double low, double high)
{
    return cJSON_IsNumber(item) && item->valuedouble >= low &&
           item->valuedouble <= high;
}

static const double count_max = 9007199254740992.0; /* 2^53 */

static char *
take_string(struct reader *reader, const char *name, const cJSON *item)
{
    if (cJSON_IsString(item))
        return xstrdup(item->valuestring);
    if (!cJSON_IsNull(item))
        complain(reader, "\"%s\" must be a string", name);
    return NULL;
}

static uint64_t
take_seed(struct reader *reader, const char *name, const cJSON *item)
{
    const char *text = cJSON_IsString(item) ? item->valuestring : "";
    char *end;
    errno = 0;
    unsigned long long seed = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno)
        complain(reader, "\"%s\" must be a string of digits", name);
    return seed;
}

static bool
take_step(struct histogram *histogram, const cJSON *distance,
          const cJSON *count, double *ns)
{
    if (!is_number_in(distance, 0, count_max) ||
        !is_number_in(count, 1, count_max))
        return false;
    *ns += distance->valuedouble;
    if (*ns > count_max)
        return false;
    histogram_add_count(histogram, (int64_t)*ns, (uint64_t)count->valuedouble);
    return true;
}

static double
figure(const cJSON *item, const char *name)
{
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(item, name);
    return is_number_in(found, 0, count_max) ? found->valuedouble : 0;
}

static void
take_histogram(struct reader *reader, const char *name, const cJSON *item,
               struct histogram *histogram)
{
    const cJSON *steps = cJSON_GetObjectItemCaseSensitive(item, "steps");
    if (!cJSON_IsObject(item) || (steps && !cJSON_IsArray(steps))) {
        complain(reader, "\"%s\" must be a histogram", name);
        return;
    }
    double ns = 0;
    const cJSON *at = steps ? steps->child : NULL;
    for (; at; at = at->next->next)
        if (!at->next || !take_step(histogram, at, at->next, &ns)) {
            complain(reader, "the steps of \"%s\" are damaged", name);
            return;
        }
    if (histogram_count(histogram))
        histogram_restore(histogram, llround(figure(item, "min") * 1e3),
                          llround(figure(item, "max") * 1e3),
                          figure(item, "mean") * 1e3,
                          figure(item, "stddev") * 1e3);
}

static void
take_field(struct reader *reader, void *object, const struct field *field,
           const cJSON *item)
{
    switch (field->kind) {
    case FIELD_STRING:
        *FIELD_AT(char *, object, field) =
            take_string(reader, field->name, item);
        return;
    case FIELD_INT:
        if (is_number_in(item, 0, INT_MAX))
            *FIELD_AT(int, object, field) = (int)item->valuedouble;
        else
            complain(reader, "\"%s\" must be a whole number", field->name);
        return;
    case FIELD_COUNT:
        if (is_number_in(item, 0, count_max))
            *FIELD_AT(uint64_t, object, field) = (uint64_t)item->valuedouble;
        else
            complain(reader, "\"%s\" must be a whole number", field->name);
        return;
    case FIELD_SEED:
        *FIELD_AT(uint64_t, object, field) =
            take_seed(reader, field->name, item);
        return;
    case FIELD_DOUBLE:
        if (cJSON_IsNumber(item))
            *FIELD_AT(double, object, field) = item->valuedouble;
        else if (!cJSON_IsNull(item))
            complain(reader, "\"%s\" must be a number", field->name);
        return;
    case FIELD_BOOL:
        if (cJSON_IsBool(item))
            *FIELD_AT(bool, object, field) = cJSON_IsTrue(item);
        else
            complain(reader, "\"%s\" must be true or false", field->name);
        return;
    case FIELD_HISTOGRAM:
    case FIELD_OF_CONNECTIONS:
        take_histogram(reader, field->name, item,
                       *FIELD_AT(struct histogram *, object, field));
        return;
    }
}

/* What is missing stays as it is: an older file may not have it. */
static void
take_fields(struct reader *reader, void *object, const struct field *fields,
            const cJSON *json)
{
    for (const struct field *field = fields; field->name; field++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, field->name);
        if (item)
            take_field(reader, object, field, item);
    }
}

static void
take_notes(struct reader *reader, struct result *result, const cJSON *notes)
{
    const cJSON *note;
    cJSON_ArrayForEach(note, notes)
    {
        const cJSON *text = cJSON_GetObjectItem(note, "text");
        const cJSON *kind = cJSON_GetObjectItem(note, "kind");
        if (cJSON_IsString(text))
            result_note_kind(result,
                             cJSON_IsString(kind) ? kind->valuestring : "",
                             figure(note, "figure"), "%s", text->valuestring);
        else
            complain(reader, "a note must have a \"text\"");
    }
}

static void
take_sides(struct reader *reader, struct result *result, const cJSON *sides)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, sides)
    {
        if (result->side_count == RESULT_SIDES_MAX)
            break;
        struct result_side *side = &result->sides[result->side_count++];
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "name");
        if (!cJSON_IsString(name))
            complain(reader, "a side must have a \"name\"");
        else
            snprintf(side->name, sizeof side->name, "%s", name->valuestring);
        take_fields(reader, side, fields_of_side, item);
    }
}

static void
take_slots(struct reader *reader, struct result *result, const cJSON *slots)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, slots)
    {
        if (result->slot_count < RESULT_SLOTS_MAX)
            take_fields(reader, &result->slots[result->slot_count++],
                        fields_of_slot, item);
    }
}

static void
take_run(struct reader *reader, struct results *results, const cJSON *json)
{
    struct result *result = result_new();
    results_add(results, result);
    if (!cJSON_IsObject(json)) {
        complain(reader, "a run must be an object");
        return;
    }
    take_fields(reader, result, fields_of_run, json);
    take_notes(reader, result, cJSON_GetObjectItem(json, "notes"));
    take_sides(reader, result, cJSON_GetObjectItem(json, "sides"));
    take_slots(reader, result, cJSON_GetObjectItem(json, "slots"));
    if (!result->scenario || !result->transport || !result->target ||
        !result->way)
        complain(reader, "it must have \"scenario\", \"transport\", \"way\" "
                         "and \"target\"");
}

static void
take_settings(struct reader *reader, struct results *results, const cJSON *json)
{
    const cJSON *item = cJSON_GetObjectItem(json, "command_line");
    if (item)
        results->command_line = take_string(reader, "command_line", item);
    item = cJSON_GetObjectItem(json, "began");
    if (item)
        results->began = take_string(reader, "began", item);
    item = cJSON_GetObjectItem(json, "seed");
    if (item)
        results->seed = take_seed(reader, "seed", item);
    results->calibration_cpu_us = figure(json, "calibration_cpu_us");
    results->calibration_deliveries_per_s =
        figure(json, "calibration_deliveries_per_s");
}

static void
take_all(struct reader *reader, struct results *results, const cJSON *json)
{
    const cJSON *schema = cJSON_GetObjectItem(json, "schema");
    const cJSON *runs = cJSON_GetObjectItem(json, "runs");
    if (!cJSON_IsNumber(schema) || !cJSON_IsArray(runs)) {
        complain(reader, "these are no results of earshot-bench");
        return;
    }
    if (schema->valuedouble != 1) {
        complain(reader,
                 "it has schema %g, which a newer earshot-bench has written; "
                 "this one reads schema 1",
                 schema->valuedouble);
        return;
    }
    take_fields(reader, results->machine, fields_of_machine,
                cJSON_GetObjectItem(json, "machine"));
    take_settings(reader, results, cJSON_GetObjectItem(json, "settings"));
    const cJSON *run;
    cJSON_ArrayForEach(run, runs)
    {
        snprintf(reader->where, sizeof reader->where, "runs[%d]",
                 results->run_count);
        take_run(reader, results, run);
    }
}

struct results *
results_read(const char *name, const char *json, size_t len, char **problem)
{
    struct reader reader = {.name = name};
    cJSON *root = cJSON_ParseWithLength(json, len);
    struct results *results = results_new();
    if (root)
        take_all(&reader, results, root);
    else
        complain(&reader, "it is not JSON, or it was cut off");
    cJSON_Delete(root);
    if (!reader.problem)
        return results;
    results_free(results);
    *problem = reader.problem;
    return NULL;
}

static bool
read_all(FILE *file, struct bytes *text)
{
    size_t got;
    do {
        got = fread(bytes_reserve(text, 1 << 16), 1, 1 << 16, file);
        text->len += got;
    } while (got);
    return !ferror(file);
}

struct results *
results_read_file(const char *path, char **problem)
{
    struct reader reader = {.name = path};
    struct bytes text = BYTES_EMPTY;
    FILE *file = fopen(path, "re");
    if (!file || !read_all(file, &text))
        complain(&reader, "%s", strerror(errno));
    if (file)
        fclose(file);
    struct results *results = NULL;
    if (reader.problem)
        *problem = reader.problem;
    else
        results = results_read(path, text.data, text.len, problem);
    bytes_fini(&text);
    return results;
}

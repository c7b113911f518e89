#include "results/json.h"

#include "base/bytes.h"
#include "results/machine.h"
#include "results/save.h"

#include <stdlib.h>
#include <string.h>

struct results *
results_new(void)
{
    struct results *results = xcalloc(1, sizeof *results);
    results->machine = xcalloc(1, sizeof *results->machine);
    return results;
}

void
results_free(struct results *results)
{
    if (!results)
        return;
    for (int i = 0; i < results->run_count; i++)
        result_free(results->runs[i]);
    free(results->runs);
    machine_fini(results->machine);
    free(results->machine);
    free(results->command_line);
    free(results->began);
    free(results);
}

void
results_add(struct results *results, struct result *result)
{
    size_t count = (size_t)results->run_count + 1;
    results->runs = xrealloc(results->runs, count * sizeof(struct result *));
    results->runs[results->run_count++] = result;
}

static void
adopt(char **to, char **from)
{
    if (*to)
        return;
    *to = *from;
    *from = NULL;
}

/* Runs of another machine than the first file's must say so. */
static void
note_machine(struct result *run, const struct machine *machine)
{
    result_note(run, "Measured on another machine: %s, %d cores, %s.",
                machine->cpu ? machine->cpu : "processor unknown",
                machine->cores,
                machine->kernel ? machine->kernel : "kernel unknown");
}

static bool
is_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool
is_same_machine(const struct machine *a, const struct machine *b)
{
    return is_same_text(a->cpu, b->cpu) && a->cores == b->cores &&
           is_same_text(a->kernel, b->kernel);
}

void
results_merge(struct results *into, struct results *from)
{
    bool is_foreign = into->machine->kernel && from->machine->kernel &&
                      !is_same_machine(into->machine, from->machine);
    for (int i = 0; i < from->run_count; i++) {
        if (is_foreign)
            note_machine(from->runs[i], from->machine);
        results_add(into, from->runs[i]);
    }
    from->run_count = 0;
    if (!into->machine->kernel) {
        machine_fini(into->machine);
        *into->machine = *from->machine;
        *from->machine = (struct machine){0};
    }
    adopt(&into->command_line, &from->command_line);
    adopt(&into->began, &from->began);
    if (!into->seed)
        into->seed = from->seed;
    if (into->calibration_cpu_us <= 0) {
        into->calibration_cpu_us = from->calibration_cpu_us;
        into->calibration_deliveries_per_s = from->calibration_deliveries_per_s;
    }
    results_free(from);
}

static bool
is_same_number(double a, double b)
{
    double difference = a > b ? a - b : b - a;
    return difference <= 1e-9 * (a > b ? a : b);
}

static bool
is_same_load(const struct result *a, const struct result *b)
{
    bool finds_rate = is_same_text(a->scenario, "ramp");
    return a->subscribers == b->subscribers && a->publishers == b->publishers &&
           a->channels == b->channels && a->message_bytes == b->message_bytes &&
           a->is_poisson == b->is_poisson &&
           (finds_rate || is_same_number(a->rate_per_s, b->rate_per_s)) &&
           is_same_number(a->poll_interval_s, b->poll_interval_s);
}

bool
result_is_alike(const struct result *a, const struct result *b)
{
    return is_same_text(a->scenario, b->scenario) &&
           is_same_text(a->transport, b->transport) &&
           is_same_text(a->way, b->way) && is_same_text(a->target, b->target) &&
           is_same_text(a->publish_by, b->publish_by) && is_same_load(a, b);
}

const struct result *
results_find(const struct results *results, const struct result *like)
{
    for (int i = 0; i < results->run_count; i++) {
        const struct result *run = results->runs[i];
        if (run->is_complete && !run->problem && run->repeat == like->repeat &&
            result_is_alike(run, like))
            return run;
    }
    return NULL;
}

static bool
write_whole(FILE *file, const void *context)
{
    return results_write(file, context, RESULTS_WHOLE);
}

bool
results_save(const char *path, const struct results *results, char **problem)
{
    return save_file(path, write_whole, results, problem);
}

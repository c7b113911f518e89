#include "cost/limits.h"

#include "measure/histogram.h"
#include "result.h"

#include <unistd.h>

/* From where on something is told: shares of the whole. */
static const double busy_thread = 0.85;
static const double busy_machine = 0.9;
static const double near_the_most = 0.7;
static const double much_of_others = 0.05;
static const double much_of_latency = 0.1;
static const double long_turn_of_latency = 0.25;

/* Below this it is the machine's own unrest, and nobody's fault. */
static const double noise_us = 200;

static double
latency_p99_us(const struct result *result)
{
    return (double)histogram_quantile(result->latency, 0.99) / 1e3;
}

static void
judge_thread(struct result *result, const struct limits *limits)
{
    if (result->client_busy > busy_thread)
        result_note_kind(
            result, "busy", result->client_busy * 100,
            "The client was a bottleneck: a thread of earshot-bench "
            "was %.0f %% busy. What it found is its own limit as much "
            "as the server's.",
            result->client_busy * 100);
    if (limits && limits->deliveries_per_s > 0 &&
        result->deliveries_per_s > near_the_most * limits->deliveries_per_s)
        result_note_kind(result, "limit", result->deliveries_per_s,
                         "%.0f deliveries a second are near the %.0f that "
                         "earshot-bench can take here from a server that does "
                         "nothing else.",
                         result->deliveries_per_s, limits->deliveries_per_s);
}

static void
judge_schedule(struct result *result)
{
    double p99_us = latency_p99_us(result);
    if (result->rate_per_s > 0 && result->slip_p99_us > noise_us &&
        result->slip_p99_us > much_of_latency * p99_us)
        result_note_kind(
            result, "schedule", result->slip_p99_us / 1e3,
            "The schedule was not kept: messages left %.2f ms late "
            "(p99), and latency counts from when they were due (p99 "
            "%.2f ms).",
            result->slip_p99_us / 1e3, p99_us / 1e3);
    if (result->read_late_p99_us > noise_us &&
        result->read_late_p99_us > long_turn_of_latency * p99_us)
        result_note_kind(
            result, "reads", result->read_late_p99_us / 1e3,
            "Up to %.2f ms (p99) of a latency may be the client's own: "
            "as long it took to read what had arrived together.",
            result->read_late_p99_us / 1e3);
}

static void
judge_machine(struct result *result)
{
    double processors = (double)sysconf(_SC_NPROCESSORS_ONLN);
    double whole_s = processors * result->duration_s;
    double used_s = result->client_cpu_s;
    for (int i = 0; i < result->side_count; i++)
        used_s += result->sides[i].cpu_s;
    double used = whole_s > 0 ? used_s / whole_s : 0;
    if (result->others_cpu > much_of_others)
        result_note_kind(
            result, "others", result->others_cpu * 100,
            "Others took %.0f %% of the machine meanwhile: repeat this "
            "when it is quiet.",
            result->others_cpu * 100);
    if (used > busy_machine)
        result_note_kind(
            result, "full", (used < 1 ? used : 1) * 100,
            "The machine was full (%.0f %%), %.0f %% of it by "
            "earshot-bench: client and server waited for each other.",
            (used < 1 ? used : 1) * 100, 100 * result->client_cpu_s / whole_s);
}

void
limits_judge(struct result *result, const struct limits *limits)
{
    judge_thread(result, limits);
    judge_schedule(result);
    judge_machine(result);
}

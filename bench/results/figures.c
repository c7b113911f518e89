#include "results/figures.h"

#include "measure/histogram.h"
#include "measure/theory.h"
#include "result.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static const struct figure_about about[FIGURE_COUNT] = {
    [FIGURE_LATENCY_MEAN] = {"latency_mean_us", false},
    [FIGURE_LATENCY_P50] = {"latency_p50_us", false},
    [FIGURE_LATENCY_P90] = {"latency_p90_us", false},
    [FIGURE_LATENCY_P99] = {"latency_p99_us", false},
    [FIGURE_LATENCY_P999] = {"latency_p99.9_us", false},
    [FIGURE_LATENCY_MAX] = {"latency_max_us", false},
    [FIGURE_SENT_P50] = {"latency_sent_p50_us", false},
    [FIGURE_SENT_P99] = {"latency_sent_p99_us", false},
    [FIGURE_LAST_MEAN] = {"last_mean_us", false},
    [FIGURE_LAST_P50] = {"last_p50_us", false},
    [FIGURE_LAST_P90] = {"last_p90_us", false},
    [FIGURE_LAST_P99] = {"last_p99_us", false},
    [FIGURE_LAST_MAX] = {"last_max_us", false},
    [FIGURE_PUBLISH_P50] = {"publish_p50_us", false},
    [FIGURE_PUBLISH_P99] = {"publish_p99_us", false},
    [FIGURE_PUBLISHES_PER_S] = {"publishes_per_s", true},
    [FIGURE_DELIVERIES_PER_S] = {"deliveries_per_s", true},
    [FIGURE_SERVER_CPU] = {"server_cpu_s_per_million", false},
    [FIGURE_SERVER_CPU_PUBLISH] = {"server_cpu_s_per_million_publishes", false},
    [FIGURE_SERVER_MEMORY] = {"server_bytes_per_connection", false},
    [FIGURE_SERVER_SWITCHES] = {"server_switches_per_delivery", false},
    [FIGURE_BYTES] = {"bytes_per_message", false},
    [FIGURE_BYTES_DOWN] = {"bytes_down_per_message", false},
    [FIGURE_BYTES_UP] = {"bytes_up_per_message", false},
    [FIGURE_SEGMENTS] = {"segments_per_message", false},
    [FIGURE_REQUESTS] = {"requests_per_message", false},
    [FIGURE_COMMITS_PER_S] = {"commits_per_s", true},
    [FIGURE_MESSAGES_PER_COMMIT] = {"messages_per_commit", true},
    [FIGURE_CLIENT_CPU] = {"client_cpu_s_per_million", false},
    [FIGURE_THEORY] = {"theory_mean_us", false},
    [FIGURE_CONNECT_P50] = {"connect_p50_us", false},
    [FIGURE_CONNECT_P99] = {"connect_p99_us", false},
    [FIGURE_FIRST_P50] = {"first_p50_us", false},
    [FIGURE_RECOVER_P50] = {"recover_p50_us", false},
    [FIGURE_RECOVER_MAX] = {"recover_max_us", false},
};

const struct figure_about *
figure_about(enum figure figure)
{
    return &about[figure];
}

static double
ratio(double of, double per)
{
    return per > 0 && of >= 0 ? of / per : NAN;
}

/* Zero, where zero means that nobody counted. */
static double
counted(double value)
{
    return value > 0 ? value : NAN;
}

static double
mean_us(const struct histogram *histogram)
{
    return histogram_count(histogram) ? histogram_mean(histogram) / 1e3 : NAN;
}

static double
max_us(const struct histogram *histogram)
{
    return histogram_count(histogram) ? (double)histogram_max(histogram) / 1e3
                                      : NAN;
}

/* Of times that each message of the main phase has. */
static double
message_us(const struct result *result, const struct histogram *histogram,
           double share)
{
    if (!histogram_count(histogram) || !result_may_say(result, share))
        return NAN;
    return (double)histogram_quantile(histogram, share) / 1e3;
}

/* Of times that each connection has. */
static double
connection_us(const struct histogram *histogram, double share)
{
    double beyond = (double)histogram_count(histogram) * (1 - share);
    if (beyond + 1e-6 < RESULT_BEYOND)
        return NAN;
    return (double)histogram_quantile(histogram, share) / 1e3;
}

double
figure_side_cpu(const struct result *result, const struct result_side *side)
{
    if (!side->processes)
        return NAN;
    return ratio(side->cpu_s * 1e6, (double)result->deliveries_counted);
}

/* What a few connections take is lost among the pages of everything else. */
enum { MANY = 100 };

double
figure_side_memory(const struct result *result, const struct result_side *side)
{
    double held = side->resident_held - side->resident_before;
    if (!side->processes || side->resident_held <= 0 ||
        side->resident_before <= 0 || result->subscribers < MANY ||
        strcmp(result->scenario, "hold") != 0)
        return NAN;
    return ratio(held > 0 ? held : 0, result->subscribers);
}

/* The sum over all sides; NAN when there is none that says. */
static double
all_sides(const struct result *result,
          double (*of)(const struct result *, const struct result_side *))
{
    double sum = NAN;
    for (int i = 0; i < result->side_count; i++) {
        double value = of(result, &result->sides[i]);
        if (!isnan(value))
            sum = isnan(sum) ? value : sum + value;
    }
    return sum;
}

static double
side_cpu_publish(const struct result *result, const struct result_side *side)
{
    if (!side->processes)
        return NAN;
    return ratio(side->cpu_s * 1e6, (double)result->messages_counted);
}

static double
side_switches(const struct result *result, const struct result_side *side)
{
    if (!side->processes)
        return NAN;
    return ratio(side->context_switches, (double)result->deliveries_counted);
}

static double
latency_figure(const struct result *result, enum figure figure)
{
    switch ((int)figure) {
    case FIGURE_LATENCY_MEAN:
        return mean_us(result->latency);
    case FIGURE_LATENCY_P50:
        return message_us(result, result->latency, 0.5);
    case FIGURE_LATENCY_P90:
        return message_us(result, result->latency, 0.9);
    case FIGURE_LATENCY_P99:
        return message_us(result, result->latency, 0.99);
    case FIGURE_LATENCY_P999:
        return message_us(result, result->latency, 0.999);
    case FIGURE_LATENCY_MAX:
        return max_us(result->latency);
    case FIGURE_SENT_P50:
        return message_us(result, result->latency_sent, 0.5);
    case FIGURE_SENT_P99:
        return message_us(result, result->latency_sent, 0.99);
    case FIGURE_LAST_MEAN:
        return mean_us(result->last);
    case FIGURE_LAST_P50:
        return message_us(result, result->last, 0.5);
    case FIGURE_LAST_P90:
        return message_us(result, result->last, 0.9);
    case FIGURE_LAST_P99:
        return message_us(result, result->last, 0.99);
    case FIGURE_LAST_MAX:
        return max_us(result->last);
    case FIGURE_PUBLISH_P50:
        return message_us(result, result->publish, 0.5);
    case FIGURE_PUBLISH_P99:
        return message_us(result, result->publish, 0.99);
    default:
        return NAN;
    }
}

static double
theory_us(const struct result *result)
{
    struct polling polling = {
        .interval_us = result->poll_interval_s * 1e6,
        .latency = result->latency,
        .publish = result->publish,
        .messages = result->messages_counted,
        .is_poisson = result->is_poisson,
    };
    struct polling_theory theory;
    if (strcmp(result->transport, "poll") != 0 ||
        result->poll_interval_s <= 0 || !theory_of_polling(&polling, &theory))
        return NAN;
    return theory.expected_us;
}

static double
cost_figure(const struct result *result, enum figure figure)
{
    double delivered = (double)result->deliveries_counted;
    switch ((int)figure) {
    case FIGURE_PUBLISHES_PER_S:
        return counted(result->publishes_per_s);
    case FIGURE_DELIVERIES_PER_S:
        return counted(result->deliveries_per_s);
    case FIGURE_SERVER_CPU:
        return all_sides(result, figure_side_cpu);
    case FIGURE_SERVER_CPU_PUBLISH:
        return all_sides(result, side_cpu_publish);
    case FIGURE_SERVER_MEMORY:
        return all_sides(result, figure_side_memory);
    case FIGURE_SERVER_SWITCHES:
        return all_sides(result, side_switches);
    case FIGURE_BYTES:
        return ratio(counted(result->bytes_down + result->bytes_up), delivered);
    case FIGURE_BYTES_DOWN:
        return ratio(counted(result->bytes_down), delivered);
    case FIGURE_BYTES_UP:
        return ratio(result->bytes_up, delivered);
    case FIGURE_SEGMENTS:
        return ratio(counted(result->segments_down + result->segments_up),
                     delivered);
    case FIGURE_REQUESTS:
        return ratio(result->requests, delivered);
    case FIGURE_COMMITS_PER_S:
        return ratio(counted(result->commits), result->duration_s);
    case FIGURE_MESSAGES_PER_COMMIT:
        return ratio((double)result->messages_counted, result->commits);
    case FIGURE_CLIENT_CPU:
        return ratio(counted(result->client_cpu_s) * 1e6, delivered);
    case FIGURE_THEORY:
        return theory_us(result);
    default:
        return NAN;
    }
}

static double
connection_figure(const struct result *result, enum figure figure)
{
    switch ((int)figure) {
    case FIGURE_CONNECT_P50:
        return connection_us(result->connect, 0.5);
    case FIGURE_CONNECT_P99:
        return connection_us(result->connect, 0.99);
    case FIGURE_FIRST_P50:
        return connection_us(result->first, 0.5);
    case FIGURE_RECOVER_P50:
        return connection_us(result->recover, 0.5);
    case FIGURE_RECOVER_MAX:
        return max_us(result->recover);
    default:
        return NAN;
    }
}

double
figure_of(const struct result *result, enum figure figure)
{
    if (figure <= FIGURE_PUBLISH_P99)
        return latency_figure(result, figure);
    if (figure <= FIGURE_THEORY)
        return cost_figure(result, figure);
    return connection_figure(result, figure);
}

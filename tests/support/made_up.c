#include "made_up.h"

#include "base/bytes.h"
#include "measure/histogram.h"
#include "results/json.h"
#include "results/machine.h"

#include <math.h>
#include <stdio.h>

static double or (double value, double usual)
{
    return value > 0 ? value : usual;
}

/* The quantiles of a distribution with the middle MIDDLE_US and a p99 that is
 * SPREAD times as much: log-logistic, so that its tail is long. For polls: even
 * over the interval. */
static double
quantile_us(const struct made_up *wish, double share)
{
    if (wish->poll_interval_s > 0)
        return share * wish->poll_interval_s * 1e6 + wish->typical_us;
    double shape = log(99) / log(or (wish->spread, 3));
    return wish->typical_us * pow(share / (1 - share), 1 / shape);
}

static void
fill(struct histogram *histogram, const struct made_up *wish, int count,
     double factor)
{
    for (int i = 0; i < count; i++) {
        double us = quantile_us(wish, (i + 0.5) / count) * factor;
        histogram_add(histogram, (int64_t)(us * 1e3));
    }
}

static void
fill_times(struct result *result, const struct made_up *wish)
{
    int deliveries = (int)result->deliveries_counted;
    int messages = (int)result->messages_counted;
    fill(result->latency, wish, deliveries < 20000 ? deliveries : 20000, 1);
    fill(result->latency_sent, wish, deliveries < 20000 ? deliveries : 20000,
         0.97);
    fill(result->last, wish, messages, 1.4);
    struct made_up publish = *wish;
    publish.poll_interval_s = 0;
    fill(result->publish, &publish, messages, 0.8);
    fill(result->publish_sent, &publish, messages, 0.78);
    fill(result->connect, &publish, result->subscribers, 2);
    fill(result->first, wish, result->subscribers, 2.5);
    publish.typical_us = wish->recover_us;
    if (wish->recover_us > 0)
        fill(result->recover, &publish, result->subscribers, 1);
}

static void
fill_slots(struct result *result, const struct made_up *wish)
{
    for (int i = 0; i < 30; i++) {
        double wave = 1 + 0.1 * sin(i * 0.7) + (i == 20 ? 0.8 : 0);
        result->slots[result->slot_count++] = (struct result_slot){
            .at_s = (i + 0.5) * result->duration_s / 30,
            .deliveries = result->deliveries_counted / 30,
            .p50_us = quantile_us(wish, 0.5) * wave,
            .p99_us = quantile_us(wish, 0.99) * wave,
            .max_us = quantile_us(wish, 0.999) * wave,
        };
    }
}

static void
fill_cost(struct result *result, const struct made_up *wish)
{
    double deliveries = (double)result->deliveries_counted;
    double bytes = or (wish->bytes, 150) * deliveries;
    double cpu_s = or (wish->cpu_us, 20) * 1e-6 * deliveries;
    double memory = or (wish->memory_bytes, 2000) * result->subscribers;
    result->bytes_down = bytes * (wish->requests > 0.5 ? 0.6 : 0.98);
    result->bytes_up = bytes - result->bytes_down;
    result->segments_down = deliveries;
    result->segments_up = deliveries * 0.4;
    result->requests = wish->requests * deliveries;
    if (wish->poll_interval_s > 0)
        result->poll_round_trip_us = wish->typical_us;
    result->sides[0] =
        (struct result_side){"web server",      1,   cpu_s * 0.7,
                             deliveries * 0.01, 4e6, 4e6 + memory * 0.8};
    result->sides[1] = (struct result_side){
        "program", 1, cpu_s * 0.3, deliveries * 0.008, 5e6, 5e6 + memory * 0.2};
    result->side_count = 2;
    result->client_cpu_s = deliveries * 8e-6;
    result->client_busy = 0.3;
    result->client_bytes_held = 15000;
    result->slip_p99_us = 80;
    result->others_cpu = 0.02;
    result->commits = (double)result->messages_counted / 3;
}

static void
fill_counts(struct result *result, const struct made_up *wish)
{
    uint64_t messages = (uint64_t) or (wish->messages, 2000);
    result->messages_counted = messages;
    result->published = messages + messages / 10;
    result->expected = result->published * (uint64_t)result->subscribers;
    result->lost = wish->lost;
    result->delivered = result->expected - wish->lost;
    result->deliveries_counted = messages * (uint64_t)result->subscribers;
    result->publishes_per_s = or (wish->publishes_per_s, 100);
    result->deliveries_per_s = result->publishes_per_s * result->subscribers;
    result->duration_s = (double)messages / result->publishes_per_s;
}

struct result *
made_up(struct made_up wish)
{
    struct result *result = result_new();
    wish.typical_us = or (wish.typical_us, 500);
    result->scenario = xstrdup(wish.scenario ? wish.scenario : "latency");
    result->transport = xstrdup(wish.transport ? wish.transport : "sse");
    result->way = xstrdup(wish.way ? wish.way : "lighttpd");
    result->target = xstrdup(wish.target ? wish.target : "Earshot");
    result->publish_url = xstrdup("http://127.0.0.1:8080/earshot/bench");
    result->publish_by = xstrdup("post");
    result->durability = xstrdup("on disk before it is answered");
    result->repeat = wish.repeat;
    result->subscribers = wish.subscribers ? wish.subscribers : 1;
    result->publishers = wish.publishers ? wish.publishers : 1;
    result->channels = 1;
    result->is_poisson = true;
    result->seed = 42 + (uint64_t)wish.repeat;
    result->message_bytes = 64;
    result->poll_interval_s = wish.poll_interval_s;
    result->is_complete = true;
    fill_counts(result, &wish);
    if (!wish.is_closed_loop)
        result->rate_per_s = result->publishes_per_s;
    fill_times(result, &wish);
    fill_slots(result, &wish);
    fill_cost(result, &wish);
    return result;
}

/* The approaches as they may come out: a way, what a delivery takes. */
static const struct made_up approaches[] = {
    {.transport = "poll",
     .poll_interval_s = 1,
     .cpu_us = 160,
     .bytes = 5200,
     .requests = 11},
    {.transport = "long-poll",
     .cpu_us = 70,
     .bytes = 640,
     .requests = 1.02,
     .typical_us = 520},
    {.transport = "sse", .cpu_us = 21, .bytes = 160, .typical_us = 430},
    {.transport = "sse",
     .way = "direct",
     .cpu_us = 10,
     .bytes = 150,
     .typical_us = 270},
    {.transport = "ws", .cpu_us = 29, .bytes = 215, .typical_us = 450},
    {.transport = "ws",
     .way = "direct",
     .cpu_us = 11,
     .bytes = 205,
     .typical_us = 265},
};
enum { APPROACHES = sizeof approaches / sizeof *approaches, REPEATS = 3 };

/* The repeats differ a little, each approach in its own way. */
static double
shaken(double value, int approach, int repeat)
{
    return value * (1 + 0.03 * sin(approach * 2.1 + repeat * 3.3));
}

static void
add_scenario(struct results *results, struct made_up like)
{
    for (int repeat = 0; repeat < REPEATS; repeat++)
        for (int i = 0; i < APPROACHES; i++) {
            struct made_up wish = approaches[i];
            wish.scenario = like.scenario;
            wish.subscribers = like.subscribers;
            wish.publishers = like.publishers;
            wish.messages = like.messages;
            wish.is_closed_loop = like.is_closed_loop;
            wish.publishes_per_s = shaken(like.publishes_per_s, i, repeat);
            if (!like.is_closed_loop)
                wish.publishes_per_s = like.publishes_per_s;
            wish.typical_us = shaken(
                or (wish.typical_us, 500) * or (like.typical_us, 1), i, repeat);
            wish.cpu_us = shaken(wish.cpu_us, i + 1, repeat);
            wish.recover_us = like.recover_us;
            wish.memory_bytes = wish.cpu_us * 90;
            wish.repeat = repeat;
            results_add(results, made_up(wish));
        }
}

static void
add_intervals(struct results *results)
{
    static const double intervals[] = {0.1, 0.2, 0.5, 1, 2, 5, 10};
    for (size_t i = 0; i < sizeof intervals / sizeof *intervals; i++)
        for (int repeat = 0; repeat < REPEATS; repeat++)
            results_add(results, made_up((struct made_up){
                                     .scenario = "poll-interval",
                                     .transport = "poll",
                                     .subscribers = 20,
                                     .messages = 400,
                                     .publishes_per_s = 10,
                                     .poll_interval_s = intervals[i],
                                     .requests = 0.1 / intervals[i],
                                     .bytes = 64 + 40 / intervals[i],
                                     .typical_us = 600 + 20 * repeat,
                                     .repeat = repeat}));
}

static void
add_troubles(struct results *results)
{
    struct result *lossy = made_up((struct made_up){
        .scenario = "slow", .transport = "ws", .subscribers = 100, .lost = 1});
    result_note_kind(lossy, "busy", 97, "The client was a bottleneck");
    result_note(lossy, "Another server had its port.");
    results_add(results, lossy);
    struct result *broken =
        made_up((struct made_up){.scenario = "slow", .transport = "sse"});
    result_problem(broken, "the server answered 404 with HTML: <script>alert"
                           "(1)</script>\xe2\x80\xa8<!--");
    broken->is_complete = false;
    results_add(results, broken);
    struct result *cut =
        made_up((struct made_up){.scenario = "slow", .transport = "long-poll"});
    cut->is_complete = false;
    results_add(results, cut);
}

struct results *
made_up_results(void)
{
    struct results *results = results_new();
    *results->machine = (struct machine){
        .cpu = xstrdup("Made-up CPU @ 3.00GHz"),
        .cores = 2,
        .memory_bytes = 8e9,
        .kernel = xstrdup("Linux 6.1.0 x86_64"),
        .distribution = xstrdup("Debian GNU/Linux 12 (bookworm)"),
        .virtualised = xstrdup("virtual machine"),
        .earshot = xstrdup("0.1.0"),
        .libcurl = xstrdup("7.88.1"),
        .libevent = xstrdup("2.1.12-stable"),
        .disk_path = xstrdup("/var/lib/earshot"),
        .disk_system = xstrdup("ext4"),
        .fdatasync_p50_us = 430,
        .fdatasync_p99_us = 900,
    };
    results->command_line = xstrdup("earshot-bench --all --repeat 3");
    results->began = xstrdup("2026-11-23T08:15:00Z");
    results->seed = 18446744073709551615u;
    add_scenario(results, (struct made_up){.scenario = "latency",
                                           .publishes_per_s = 100});
    add_scenario(results, (struct made_up){.scenario = "fanout",
                                           .subscribers = 1000,
                                           .messages = 1200,
                                           .publishes_per_s = 10,
                                           .typical_us = 14});
    add_scenario(results, (struct made_up){.scenario = "hold",
                                           .subscribers = 1000,
                                           .messages = 10,
                                           .publishes_per_s = 1,
                                           .typical_us = 14});
    add_scenario(results, (struct made_up){.scenario = "resume",
                                           .subscribers = 200,
                                           .messages = 1500,
                                           .publishes_per_s = 50,
                                           .recover_us = 180e3});
    for (int publishers = 1; publishers <= 64; publishers *= 4)
        add_scenario(results, (struct made_up){.scenario = "publish",
                                               .publishers = publishers,
                                               .messages = 20000,
                                               .publishes_per_s =
                                                   3000 * sqrt(publishers),
                                               .is_closed_loop = true});
    add_intervals(results);
    add_troubles(results);
    return results;
}

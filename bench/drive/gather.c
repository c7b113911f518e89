#include "drive/stage.h"

#include "drive/faults.h"
#include "measure/histogram.h"
#include "measure/ledger.h"
#include "plan.h"
#include "result.h"
#include "target/target.h"

#include <string.h>

static void
gather_histograms(struct result *result, const struct tally *tally)
{
    histogram_merge(result->latency, tally->latency);
    histogram_merge(result->latency_sent, tally->latency_sent);
    histogram_merge(result->publish, tally->publish);
    histogram_merge(result->publish_sent, tally->publish_sent);
    histogram_merge(result->connect, tally->connect);
    histogram_merge(result->first, tally->first);
    histogram_merge(result->recover, tally->recover);
}

static void
gather_counts(struct result *result, const struct tally *tally)
{
    result->expected += tally->owed;
    result->lost += tally->lost;
    result->repeated += tally->repeated;
    result->reordered += tally->reordered;
    result->refused += tally->refused;
    result->told_lost += tally->told_lost;
    result->messages_counted += tally->counted;
    result->requests += (double)tally->requests_main;
}

/* When the last of all subscribers had it. */
static void
gather_last(struct stage *stage)
{
    uint32_t count = messages_count(stage->run.messages);
    for (uint32_t number = 0; number < count; number++) {
        struct last last = {0};
        for (int i = 0; i < stage->crowd_count; i++) {
            const struct tally *tally = &stage->crowds[i].worker.tally;
            if (number < tally->last_count &&
                tally->lasts[number].read_ns > last.read_ns)
                last = tally->lasts[number];
        }
        if (last.read_ns)
            histogram_add(stage->result->last, last.read_ns - last.due_ns);
    }
}

static double
share_us(struct stage *stage, bool is_turn)
{
    struct histogram *all = histogram_new();
    for (int i = 0; i < stage_worker_count(stage); i++) {
        const struct tally *tally = &stage_worker(stage, i)->tally;
        histogram_merge(all, is_turn ? tally->turn : tally->slip);
    }
    double us = (double)histogram_quantile(all, 0.99) / 1000;
    histogram_free(all);
    return us;
}

static bool
is_short_poll(const struct plan *plan)
{
    return strcmp(plan->subscribe->transport, "poll") == 0;
}

static void
gather_rates(struct stage *stage)
{
    struct result *result = stage->result;
    uint64_t answers = 0;
    uint64_t deliveries = 0;
    double round_trip_ns = 0;
    uint64_t round_trips = 0;
    for (int i = 0; i < stage_worker_count(stage); i++) {
        const struct tally *tally = &stage_worker(stage, i)->tally;
        answers += tally->answers_main;
        deliveries += tally->deliveries_main;
        round_trip_ns += tally->round_trip_ns;
        round_trips += tally->round_trips;
    }
    result->deliveries_counted = deliveries;
    int64_t main_ns = atomic_load(&stage->run.main_ns);
    int64_t end_ns = atomic_load(&stage->run.end_ns);
    result->duration_s =
        main_ns == INT64_MAX ? 0 : (double)(end_ns - main_ns) / 1e9;
    if (result->duration_s > 0) {
        result->publishes_per_s = (double)answers / result->duration_s;
        result->deliveries_per_s = (double)deliveries / result->duration_s;
    }
    if (round_trips && is_short_poll(stage->run.plan))
        result->poll_round_trip_us = round_trip_ns / (double)round_trips / 1000;
}

static void
gather_traffic(struct stage *stage)
{
    struct result *result = stage->result;
    result->bytes_down = stage->traffic.down;
    result->bytes_up = stage->traffic.up;
    result->segments_down = stage->traffic.segments_down;
    result->segments_up = stage->traffic.segments_up;
}

void
gather(struct stage *stage)
{
    struct result *result = stage->result;
    for (int i = 0; i < stage_worker_count(stage); i++) {
        gather_histograms(result, &stage_worker(stage, i)->tally);
        gather_counts(result, &stage_worker(stage, i)->tally);
    }
    gather_last(stage);
    gather_rates(stage);
    gather_traffic(stage);
    result->published = messages_accepted_count(stage->run.messages);
    result->delivered = result->expected - result->lost;
    result->slip_p99_us = share_us(stage, false);
    result->read_late_p99_us = share_us(stage, true);
    slots_tell(&stage->run.slots, result);
    faults_tell(stage->run.faults, result);
}

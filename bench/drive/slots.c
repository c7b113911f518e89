#include "drive/slots.h"

#include "measure/histogram.h"

/* Slices shorter than that would hold too little to say anything. */
static const int64_t length_least_ns = 250000000;

enum { SLOTS_WANTED = 120 };

void
slots_init(struct slots *slots, int64_t duration_ns, int workers)
{
    *slots = (struct slots){.workers = workers};
    pthread_mutex_init(&slots->mutex, NULL);
    slots->length_ns = duration_ns / SLOTS_WANTED;
    if (slots->length_ns < length_least_ns)
        slots->length_ns = length_least_ns;
    int64_t count = (duration_ns + slots->length_ns - 1) / slots->length_ns;
    slots->count = count < 1                  ? 1
                   : count > RESULT_SLOTS_MAX ? RESULT_SLOTS_MAX
                                              : (int)count;
    slots->so_far = histogram_new();
}

void
slots_fini(struct slots *slots)
{
    for (int i = 0; i < slots->count; i++)
        histogram_free(slots->open[i].latency);
    histogram_free(slots->so_far);
    pthread_mutex_destroy(&slots->mutex);
}

int
slots_at(const struct slots *slots, int64_t since_ns)
{
    int64_t number = since_ns / slots->length_ns;
    return number < slots->count ? (int)number : slots->count - 1;
}

static double
us(int64_t ns)
{
    return (double)ns / 1000;
}

static void
finish(struct slots *slots, int number)
{
    struct histogram *latency = slots->open[number].latency;
    double seconds = (double)slots->length_ns / 1e9;
    slots->done[number] = (struct result_slot){
        .at_s = (number + 0.5) * seconds,
        .deliveries = histogram_count(latency),
        .p50_us = us(histogram_quantile(latency, 0.5)),
        .p99_us = us(histogram_quantile(latency, 0.99)),
        .max_us = us(histogram_max(latency)),
    };
    histogram_free(latency);
    slots->open[number].latency = NULL;
}

void
slots_give(struct slots *slots, int number, struct histogram *latency)
{
    pthread_mutex_lock(&slots->mutex);
    struct slot_open *open = &slots->open[number];
    if (!open->latency)
        open->latency = histogram_new();
    histogram_merge(open->latency, latency);
    histogram_merge(slots->so_far, latency);
    if (++open->given == slots->workers)
        finish(slots, number);
    pthread_mutex_unlock(&slots->mutex);
    histogram_clear(latency);
}

void
slots_so_far(struct slots *slots, double *p50_us, double *p99_us)
{
    pthread_mutex_lock(&slots->mutex);
    *p50_us = us(histogram_quantile(slots->so_far, 0.5));
    *p99_us = us(histogram_quantile(slots->so_far, 0.99));
    pthread_mutex_unlock(&slots->mutex);
}

void
slots_tell(const struct slots *slots, struct result *result)
{
    result->slot_count = 0;
    for (int i = 0; i < slots->count; i++)
        if (slots->done[i].at_s > 0)
            result->slots[result->slot_count++] = slots->done[i];
}

#include "drive/slots.h"

#include "check.h"
#include "measure/histogram.h"

static const int64_t second_ns = 1000000000;

TEST(a_phase_is_cut_into_slices_that_hold_something)
{
    struct slots slots;
    slots_init(&slots, 2 * second_ns, 1);
    assert_int_equal(slots_at(&slots, 0), 0);
    assert_int_equal(slots_at(&slots, second_ns / 4), 1);
    assert_int_equal(slots_at(&slots, 2 * second_ns - 1), 7);
    slots_fini(&slots);

    slots_init(&slots, 1200 * second_ns, 1);
    assert_int_equal(slots_at(&slots, 11 * second_ns), 1);
    assert_int_equal(slots_at(&slots, 1200 * second_ns - 1), 119);
    slots_fini(&slots);
}

TEST(what_is_later_than_the_phase_belongs_to_its_last_slice)
{
    struct slots slots;
    slots_init(&slots, second_ns, 1);
    assert_int_equal(slots_at(&slots, 3600 * second_ns), 3);
    slots_fini(&slots);
    slots_init(&slots, 0, 1);
    assert_int_equal(slots_at(&slots, second_ns), 0);
    slots_fini(&slots);
}

TEST(a_slice_is_told_when_all_workers_have_given_it)
{
    struct slots slots;
    struct result *result = result_new();
    struct histogram *latency = histogram_new();
    slots_init(&slots, second_ns, 2);
    histogram_add(latency, 1000000);
    slots_give(&slots, 1, latency);
    assert_int_equal(histogram_count(latency), 0);
    slots_tell(&slots, result);
    assert_int_equal(result->slot_count, 0);

    histogram_add(latency, 3000000);
    slots_give(&slots, 1, latency);
    slots_tell(&slots, result);
    assert_int_equal(result->slot_count, 1);
    assert_int_equal(result->slots[0].deliveries, 2);
    assert_true(result->slots[0].at_s > 0.37 && result->slots[0].at_s < 0.38);
    assert_true(result->slots[0].max_us == 3000);
    double p50_us = 0;
    double p99_us = 0;
    slots_so_far(&slots, &p50_us, &p99_us);
    assert_true(p50_us > 998 && p50_us < 1002);
    slots_fini(&slots);
    histogram_free(latency);
    result_free(result);
}

RUN(LISTED(a_phase_is_cut_into_slices_that_hold_something),
    LISTED(what_is_later_than_the_phase_belongs_to_its_last_slice),
    LISTED(a_slice_is_told_when_all_workers_have_given_it))

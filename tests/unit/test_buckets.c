#include "base/buckets.h"

#include "check.h"

static int64_t
total(const struct buckets *buckets)
{
    int64_t sum = 0;
    for (int i = 0; i < BUCKETS; i++)
        sum += buckets->counts[i];
    return sum;
}

TEST(a_duration_is_in_the_first_bucket_whose_bound_it_does_not_pass)
{
    for (int i = 0; i < BUCKETS - 1; i++) {
        struct buckets buckets = {0};
        buckets_add(&buckets, buckets_bounds_us[i], 1);
        assert_int_equal(buckets.counts[i], 1);
        buckets_add(&buckets, buckets_bounds_us[i] + 1, 1);
        assert_int_equal(buckets.counts[i], 1);
        assert_int_equal(buckets.counts[i + 1], 1);
        assert_int_equal(total(&buckets), 2);
        assert_int_equal(buckets.sum_us, 2 * buckets_bounds_us[i] + 1);
    }
}

TEST(bounds_only_grow)
{
    for (int i = 1; i < BUCKETS - 1; i++)
        assert_true(buckets_bounds_us[i] > buckets_bounds_us[i - 1]);
}

TEST(what_took_less_than_nothing_took_nothing)
{
    struct buckets buckets = {0};
    buckets_add(&buckets, -5000000, 3);
    assert_int_equal(buckets.counts[0], 3);
    assert_int_equal(buckets.sum_us, 0);
}

TEST(several_at_once_are_several)
{
    struct buckets buckets = {0};
    buckets_add(&buckets, 700, 1000);
    assert_int_equal(buckets.counts[3], 1000);
    assert_int_equal(buckets.sum_us, 700000);
    buckets_add(&buckets, INT64_C(3600000000), 2);
    assert_int_equal(buckets.counts[BUCKETS - 1], 2);
}

TEST(a_quantile_lies_in_its_bucket)
{
    struct buckets buckets = {0};
    assert_true(buckets_quantile_us(&buckets, 0.5) < 0);
    buckets_add(&buckets, 900, 50);  /* 500 to 1000 */
    buckets_add(&buckets, 4000, 50); /* 2500 to 5000 */
    assert_true(buckets_quantile_us(&buckets, 0.25) == 750);
    assert_true(buckets_quantile_us(&buckets, 0.5) == 1000);
    assert_true(buckets_quantile_us(&buckets, 0.75) == 3750);
    assert_true(buckets_quantile_us(&buckets, 1) == 5000);
    buckets_add(&buckets, 60000000, 1000);
    assert_true(buckets_quantile_us(&buckets, 0.99) == 10000000);
}

RUN(LISTED(a_duration_is_in_the_first_bucket_whose_bound_it_does_not_pass),
    LISTED(bounds_only_grow), LISTED(what_took_less_than_nothing_took_nothing),
    LISTED(several_at_once_are_several), LISTED(a_quantile_lies_in_its_bucket))

#include "measure/histogram.h"

#include "check.h"
#include "measure/schedule.h"

#include <math.h>

enum { SAMPLES = 20001 };
static const double shares[] = {0,    0.001, 0.07,   0.25,    0.5, 0.9,
                                0.99, 0.999, 0.9999, 0.99999, 1};

static int
compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

/* By definition: the smallest that SHARE of all do not exceed. */
static int64_t
exact_quantile(const int64_t *sorted, size_t count, double share)
{
    size_t rank = (size_t)ceil(share * (double)count - 1e-9);
    return sorted[rank ? rank - 1 : 0];
}

static void
assert_near(double found, double exact, double off)
{
    if (fabs(found - exact) > off * fabs(exact))
        fail_msg("%.17g is not %.17g", found, exact);
}

static double
deviation_of(const int64_t *values, size_t count)
{
    long double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    for (size_t i = 0; i < count; i++)
        squares += (values[i] - sum / count) * (values[i] - sum / count);
    return sqrt((double)(squares / count));
}

static void
assert_histogram_is_of(struct histogram *histogram, int64_t *values,
                       size_t count)
{
    qsort(values, count, sizeof *values, compare);
    long double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    assert_int_equal(histogram_count(histogram), count);
    assert_int_equal(histogram_min(histogram), values[0]);
    assert_int_equal(histogram_max(histogram), values[count - 1]);
    assert_near(histogram_mean(histogram), (double)(sum / count), 1e-9);
    assert_near(histogram_deviation(histogram), deviation_of(values, count),
                1e-6);
    for (size_t i = 0; i < COUNT_OF(shares); i++)
        assert_near((double)histogram_quantile(histogram, shares[i]),
                    (double)exact_quantile(values, count, shares[i]), 0.001);
}

static double
normal(struct dice *dice)
{
    return sqrt(-2 * log1p(-dice_share(dice))) *
           cos(6.2831853 * dice_share(dice));
}

static int64_t
draw(struct dice *dice, int distribution)
{
    switch (distribution) {
    case 0: /* one value */
        return 123456789;
    case 1: /* uniform, small: exact */
        return (int64_t)(dice_share(dice) * 900);
    case 2: /* uniform, over the edges of several powers */
        return (int64_t)(dice_share(dice) * 10e6);
    case 3: /* exponential, 1 ms */
        return (int64_t)(-log1p(-dice_share(dice)) * 1e6);
    case 4: /* lognormal around 200 us, with a long tail */
        return (int64_t)exp(12.2 + 1.5 * normal(dice));
    case 5: /* two humps: fast, and a stall of 2 s now and then */
        return dice_share(dice) < 0.99 ? 50000 + (int64_t)(1e3 * normal(dice))
                                       : 2000000000;
    case 6: /* Pareto: up to minutes */
        return (int64_t)(1000 / pow(1 - dice_share(dice), 1.2));
    default: /* far away and close together: what loses sums of squares */
        return INT64_C(3600000000000) + (int64_t)(100 * normal(dice));
    }
}
enum { DISTRIBUTIONS = 8 };

static int64_t
fill(struct histogram *histogram, int64_t *values, int distribution)
{
    struct dice dice;
    dice_init(&dice, 42);
    for (size_t i = 0; i < SAMPLES; i++) {
        values[i] = draw(&dice, distribution);
        histogram_add(histogram, values[i]);
    }
    return 0;
}

TEST(its_answers_are_those_of_sorted_samples)
{
    static int64_t values[SAMPLES];
    for (int d = 0; d < DISTRIBUTIONS; d++) {
        struct histogram *histogram = histogram_new();
        fill(histogram, values, d);
        assert_histogram_is_of(histogram, values, SAMPLES);
        histogram_free(histogram);
    }
}

TEST(a_share_that_is_a_whole_number_of_values_is_taken_as_that)
{
    struct histogram *histogram = histogram_new();
    for (int i = 1; i <= 100; i++)
        histogram_add(histogram, i);
    for (int i = 1; i <= 100; i++)
        assert_int_equal(histogram_quantile(histogram, i / 100.0), i);
    histogram_free(histogram);
}

/* Each value alone, between a smaller and a larger one so that neither minimum
 * nor maximum helps. */
static void
assert_kept(struct histogram *histogram, int64_t ns)
{
    histogram_clear(histogram);
    histogram_add(histogram, 0);
    histogram_add_count(histogram, ns, 3);
    histogram_add(histogram, INT64_C(1) << 42);
    assert_near((double)histogram_quantile(histogram, 0.5), (double)ns, 0.0005);
}

TEST(no_value_at_the_edge_of_any_step_is_more_than_a_thousandth_off)
{
    struct histogram *histogram = histogram_new();
    for (int64_t ns = 0; ns < 4200; ns++)
        assert_kept(histogram, ns);
    for (int power = 11; power < 42; power++) {
        int64_t width = INT64_C(1) << (power - 10);
        for (int64_t step = 0; step < 1024; step += step < 3 ? 1 : 73) {
            int64_t low = (INT64_C(1) << power) + step * width;
            assert_kept(histogram, low - 1);
            assert_kept(histogram, low);
            assert_kept(histogram, low + width / 2);
            assert_kept(histogram, low + width - 1);
        }
    }
    histogram_free(histogram);
}

TEST(two_steps_side_by_side_are_told_apart)
{
    struct histogram *histogram = histogram_new();
    histogram_add(histogram, 1 << 20);
    histogram_add(histogram, (1 << 20) + 1023);
    histogram_add(histogram, (1 << 20) + 1024);
    uint32_t step = 0;
    int64_t ns;
    uint64_t count;
    assert_true(histogram_walk(histogram, &step, &ns, &count));
    assert_int_equal(count, 2);
    assert_int_equal(ns, (1 << 20) + 511);
    assert_true(histogram_walk(histogram, &step, &ns, &count));
    assert_int_equal(count, 1);
    assert_false(histogram_walk(histogram, &step, &ns, &count));
    assert_false(histogram_walk(histogram, &step, &ns, &count));
    histogram_free(histogram);
}

TEST(what_lies_outside_its_range_is_counted_at_the_ends)
{
    struct histogram *histogram = histogram_new();
    int64_t day_ns = INT64_C(86400000000000);
    for (int i = 0; i < 10; i++)
        histogram_add(histogram, day_ns);
    histogram_add(histogram, -17);
    assert_int_equal(histogram_count(histogram), 11);
    assert_int_equal(histogram_min(histogram), 0);
    assert_int_equal(histogram_max(histogram), day_ns);
    assert_near((double)histogram_quantile(histogram, 0.5),
                (double)(INT64_C(1) << 42), 0.001);
    assert_int_equal(histogram_quantile(histogram, 1), day_ns);
    assert_near(histogram_mean(histogram), (double)day_ns * 10 / 11, 1e-9);
    histogram_free(histogram);
}

TEST(an_empty_one_answers_nothing)
{
    struct histogram *histogram = histogram_new();
    uint32_t step = 0;
    int64_t ns;
    uint64_t count;
    histogram_add_count(histogram, 5, 0);
    assert_int_equal(histogram_count(histogram), 0);
    assert_int_equal(histogram_min(histogram), 0);
    assert_int_equal(histogram_max(histogram), 0);
    assert_int_equal(histogram_quantile(histogram, 0.5), 0);
    assert_true(histogram_mean(histogram) == 0);
    assert_true(histogram_deviation(histogram) == 0);
    assert_false(histogram_walk(histogram, &step, &ns, &count));
    histogram_free(histogram);
}

TEST(merged_ones_are_what_one_would_have_been)
{
    static int64_t values[SAMPLES];
    for (int d = 0; d < DISTRIBUTIONS; d++) {
        struct histogram *parts[3], *merged = histogram_new();
        for (int i = 0; i < 3; i++)
            parts[i] = histogram_new();
        struct dice dice;
        dice_init(&dice, 9);
        for (size_t i = 0; i < SAMPLES; i++) {
            values[i] = draw(&dice, d);
            histogram_add(parts[i < 100 ? 0 : 1 + i % 2], values[i]);
        }
        for (int i = 0; i < 3; i++) {
            histogram_merge(merged, parts[i]);
            histogram_free(parts[i]);
        }
        struct histogram *empty = histogram_new();
        histogram_merge(merged, empty);
        histogram_free(empty);
        assert_histogram_is_of(merged, values, SAMPLES);
        histogram_free(merged);
    }
}

TEST(a_count_is_as_many_single_values)
{
    struct histogram *once = histogram_new(), *often = histogram_new();
    histogram_add_count(once, 1000000, 5000);
    histogram_add_count(once, 3000000, 2500);
    for (int i = 0; i < 7500; i++)
        histogram_add(often, i < 5000 ? 1000000 : 3000000);
    assert_int_equal(histogram_count(once), histogram_count(often));
    assert_near(histogram_mean(once), histogram_mean(often), 1e-9);
    assert_near(histogram_deviation(once), histogram_deviation(often), 1e-9);
    histogram_free(once);
    histogram_free(often);
}

TEST(one_that_was_walked_can_be_made_again)
{
    static int64_t values[SAMPLES];
    struct histogram *first = histogram_new(), *again = histogram_new();
    fill(first, values, 4);
    uint32_t step = 0;
    int64_t ns;
    uint64_t count;
    while (histogram_walk(first, &step, &ns, &count))
        histogram_add_count(again, ns, count);
    histogram_restore(again, histogram_min(first), histogram_max(first),
                      histogram_mean(first), histogram_deviation(first));
    assert_histogram_is_of(again, values, SAMPLES);
    /* Nonsense from a file changes nothing. */
    histogram_restore(again, histogram_max(first), histogram_min(first), NAN,
                      INFINITY);
    assert_histogram_is_of(again, values, SAMPLES);
    histogram_free(first);
    histogram_free(again);
}

static char *
printed(const struct histogram *histogram, double unit_ns)
{
    char *text = NULL;
    size_t len;
    FILE *file = open_memstream(&text, &len);
    histogram_print(histogram, file, unit_ns);
    fclose(file);
    return text;
}

/* The example in HdrHistogram's documentation, in full. */
TEST(it_prints_the_text_that_tools_for_hdrhistogram_read)
{
    struct histogram *histogram = histogram_new();
    histogram_add(histogram, 25);
    histogram_add(histogram, 50);
    histogram_add(histogram, 75);
    char *text = printed(histogram, 1);
    assert_string_equal(
        text, "       Value     Percentile TotalCount 1/(1-Percentile)\n"
              "\n"
              "      25.000 0.000000000000          1           1.00\n"
              "      25.000 0.100000000000          1           1.11\n"
              "      25.000 0.200000000000          1           1.25\n"
              "      25.000 0.300000000000          1           1.43\n"
              "      50.000 0.400000000000          2           1.67\n"
              "      50.000 0.500000000000          2           2.00\n"
              "      50.000 0.550000000000          2           2.22\n"
              "      50.000 0.600000000000          2           2.50\n"
              "      50.000 0.650000000000          2           2.86\n"
              "      75.000 0.700000000000          3           3.33\n"
              "      75.000 1.000000000000          3\n"
              "#[Mean    =       50.000, StdDeviation   =       20.412]\n"
              "#[Max     =       75.000, Total count    =            3]\n"
              "#[Buckets =           32, SubBuckets     =         2048]\n");
    free(text);
    histogram_free(histogram);
}

TEST(what_is_printed_is_in_its_unit_and_rises_to_the_maximum)
{
    static int64_t values[SAMPLES];
    struct histogram *histogram = histogram_new();
    fill(histogram, values, 3);
    char *text = printed(histogram, 1e6);
    double value, percentile, last_value = 0, last_percentile = -1;
    unsigned long long total, last_total = 0;
    int lines = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        if (sscanf(line, "%lf %lf %llu", &value, &percentile, &total) != 3)
            continue;
        assert_true(value >= last_value && percentile > last_percentile &&
                    total >= last_total);
        assert_true((double)total >= percentile * SAMPLES - 1e-6);
        last_value = value, last_percentile = percentile, last_total = total;
        lines++;
    }
    assert_int_equal(last_total, SAMPLES);
    assert_near(last_percentile, 1, 1e-12);
    assert_near(last_value, (double)histogram_max(histogram) / 1e6, 0.001);
    assert_in_range(lines, 60, 100);
    free(text);
    histogram_free(histogram);
}

RUN(LISTED(its_answers_are_those_of_sorted_samples),
    LISTED(a_share_that_is_a_whole_number_of_values_is_taken_as_that),
    LISTED(no_value_at_the_edge_of_any_step_is_more_than_a_thousandth_off),
    LISTED(two_steps_side_by_side_are_told_apart),
    LISTED(what_lies_outside_its_range_is_counted_at_the_ends),
    LISTED(an_empty_one_answers_nothing),
    LISTED(merged_ones_are_what_one_would_have_been),
    LISTED(a_count_is_as_many_single_values),
    LISTED(one_that_was_walked_can_be_made_again),
    LISTED(it_prints_the_text_that_tools_for_hdrhistogram_read),
    LISTED(what_is_printed_is_in_its_unit_and_rises_to_the_maximum))

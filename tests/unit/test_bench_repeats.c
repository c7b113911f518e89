#include "measure/repeats.h"

#include "check.h"
#include "measure/schedule.h"

#include <math.h>

static double
normal(struct dice *dice)
{
    return sqrt(-2 * log1p(-dice_share(dice))) *
           cos(2 * M_PI * dice_share(dice));
}

TEST(figures_that_do_not_vary_have_an_interval_without_width)
{
    double a[10], b[10];
    for (int i = 0; i < 10; i++)
        a[i] = 200, b[i] = 220;
    struct change change = repeats_change(a, b, 10, 1);
    assert_true(fabs(change.ratio - 1.1) < 1e-12);
    assert_true(change.low == change.ratio && change.high == change.ratio);
}

/* Skewed noise, and a drift of the machine that both share. */
static void
draw_pairs(struct dice *dice, double *a, double *b, int count, double ratio)
{
    for (int i = 0; i < count; i++) {
        double drift = 1 + 0.02 * i;
        a[i] = 300 * drift * exp(0.05 * normal(dice));
        b[i] = 300 * drift * exp(0.05 * normal(dice)) * ratio;
    }
}

TEST(its_interval_holds_the_truth_as_often_as_it_says)
{
    static const int counts[] = {10, 15, 30};
    static const double ratios[] = {1, 1.1, 0.5};
    enum { TRIALS = 200 };
    for (size_t c = 0; c < COUNT_OF(counts); c++) {
        struct dice dice;
        dice_init(&dice, c);
        int held = 0;
        for (int trial = 0; trial < TRIALS; trial++) {
            double a[30], b[30], ratio = ratios[trial % 3];
            draw_pairs(&dice, a, b, counts[c], ratio);
            struct change change =
                repeats_change(a, b, counts[c], (uint64_t)trial);
            held += change.low <= ratio && ratio <= change.high;
            assert_true(change.low <= change.ratio &&
                        change.ratio <= change.high);
        }
        /* 95 % are 190; and three standard deviations are 9. */
        assert_in_range(held, 181, 199);
    }
}

TEST(the_same_seed_gives_the_same_interval)
{
    struct dice dice;
    dice_init(&dice, 3);
    double a[12], b[12];
    draw_pairs(&dice, a, b, 12, 1.05);
    struct change first = repeats_change(a, b, 12, 9);
    struct change again = repeats_change(a, b, 12, 9);
    assert_memory_equal(&first, &again, sizeof first);
}

/* FIGURES figures of COUNT pairs; the first SLOWER of them are 10 % worse.
 * Half of a pair's noise is common to all its figures. */
enum { FIGURES_MAX = 60, COUNT_MAX = 20 };
static double worse[FIGURES_MAX * COUNT_MAX];
static bool is_beyond[FIGURES_MAX];

static void
draw_figures(struct dice *dice, int figures, int count, double noise,
             int slower)
{
    for (int i = 0; i < count; i++) {
        double common = normal(dice);
        for (int f = 0; f < figures; f++)
            worse[f * count + i] =
                (f < slower ? log(1.1) : 0) + noise * (common + normal(dice));
    }
}

static int
judged_worse(int figures)
{
    int count = 0;
    for (int f = 0; f < figures; f++)
        count += is_beyond[f];
    return count;
}

static int
alarms(int figures, int count, double noise, double bound, int slower)
{
    int alarmed = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct dice dice;
        dice_init(&dice, seed + 1000);
        draw_figures(&dice, figures, count, noise, slower);
        repeats_judge(worse, figures, count, bound, 0.05, seed, is_beyond);
        alarmed += judged_worse(figures) > 0;
    }
    return alarmed;
}

/* Without a bound, so that nothing but the correction holds alarms back. */
TEST(of_forty_comparisons_of_one_source_at_most_five_alarm)
{
    static const int figures[] = {1, 60};
    for (size_t i = 0; i < COUNT_OF(figures); i++) {
        assert_in_range(alarms(figures[i], 10, 0.02, 0, 0), 0, 5);
        assert_in_range(alarms(figures[i], 10, 0.3, 0.05, 0), 0, 5);
    }
}

TEST(without_the_correction_many_would)
{
    int alarmed = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct dice dice;
        dice_init(&dice, seed);
        draw_figures(&dice, 60, 10, 0.02, 0);
        bool any = false;
        for (int f = 0; f < 60; f++) {
            repeats_judge(worse + f * 10, 1, 10, 0, 0.05, seed, is_beyond);
            any |= is_beyond[0];
        }
        alarmed += any;
    }
    assert_in_range(alarmed, 12, 40);
}

TEST(a_slowdown_of_ten_per_cent_is_found)
{
    assert_int_equal(alarms(30, 10, 0.01, 0.05, 30), 40);
    assert_int_equal(alarms(20, 20, 0.02, 0.05, 20), 40);
    assert_in_range(alarms(30, 10, 0.02, 0.05, 30), 30, 40);
    /* One figure of sixty is enough, and it alone is named. */
    struct dice dice;
    dice_init(&dice, 1);
    draw_figures(&dice, 60, 10, 0.007, 1);
    repeats_judge(worse, 60, 10, 0.05, 0.05, 1, is_beyond);
    assert_true(is_beyond[0]);
    assert_int_equal(judged_worse(60), 1);
}

TEST(what_is_worse_by_less_than_the_bound_is_no_alarm)
{
    assert_in_range(alarms(30, 10, 0.01, 0.12, 30), 0, 5);
    assert_in_range(alarms(20, 20, 0.001, 0.101, 20), 0, 5);
}

TEST(figures_that_only_count_are_judged_without_noise)
{
    for (int i = 0; i < 10; i++) {
        worse[i] = log(1.06); /* bytes: always 6 % more */
        worse[10 + i] = log(1.04);
        worse[20 + i] = 0;
    }
    repeats_judge(worse, 3, 10, 0.05, 0.05, 1, is_beyond);
    assert_true(is_beyond[0]);
    assert_false(is_beyond[1]);
    assert_false(is_beyond[2]);
}

RUN(LISTED(figures_that_do_not_vary_have_an_interval_without_width),
    LISTED(its_interval_holds_the_truth_as_often_as_it_says),
    LISTED(the_same_seed_gives_the_same_interval),
    LISTED(of_forty_comparisons_of_one_source_at_most_five_alarm),
    LISTED(without_the_correction_many_would),
    LISTED(a_slowdown_of_ten_per_cent_is_found),
    LISTED(what_is_worse_by_less_than_the_bound_is_no_alarm),
    LISTED(figures_that_only_count_are_judged_without_noise))

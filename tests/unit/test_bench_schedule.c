#include "measure/schedule.h"

#include "check.h"

#include <math.h>

enum { DRAWN = 200000 };

TEST(the_generator_gives_the_published_numbers)
{
    /* xoshiro256** from the state 1, 2, 3, 4. */
    static const uint64_t expected[] = {11520, 0, 1509978240,
                                        UINT64_C(1215971899390074240)};
    struct dice dice = {{1, 2, 3, 4}};
    for (size_t i = 0; i < COUNT_OF(expected); i++)
        assert_int_equal(dice_roll(&dice), expected[i]);
}

TEST(shares_lie_evenly_between_nothing_and_one)
{
    struct dice dice;
    dice_init(&dice, 0);
    unsigned tenths[10] = {0};
    for (int i = 0; i < DRAWN; i++) {
        double share = dice_share(&dice);
        assert_true(share >= 0 && share < 1);
        tenths[(int)(share * 10)]++;
    }
    double wrong = 0; /* chi squared, nine degrees of freedom */
    for (int i = 0; i < 10; i++)
        wrong += pow(tenths[i] - DRAWN / 10.0, 2) / (DRAWN / 10.0);
    assert_true(wrong < 27.9); /* p = 0.001 */
}

TEST(the_same_seed_gives_the_same_times_and_another_does_not)
{
    struct schedule a, b, c;
    schedule_init(&a, 11, 100, true, 5);
    schedule_init(&b, 11, 100, true, 5);
    schedule_init(&c, 12, 100, true, 5);
    int same = 0;
    for (int i = 0; i < 1000; i++) {
        int64_t due_ns = schedule_take(&a);
        assert_int_equal(due_ns, schedule_take(&b));
        same += due_ns == schedule_take(&c);
    }
    assert_true(same < 5);
}

TEST(a_poisson_streams_gaps_have_its_mean_and_its_variance)
{
    static const double rates[] = {0.5, 100, 20000};
    for (size_t r = 0; r < COUNT_OF(rates); r++) {
        struct schedule schedule;
        schedule_init(&schedule, 3, rates[r], true, 1000);
        double last = 1000, sum = 0, squares = 0, mean = 1e9 / rates[r];
        for (int i = 0; i < DRAWN; i++) {
            double due = (double)schedule_take(&schedule);
            assert_true(due >= last);
            sum += due - last;
            squares += (due - last) * (due - last);
            last = due;
        }
        /* Five standard errors: 1 / sqrt(n) and sqrt(8 / n). */
        assert_true(fabs(sum / DRAWN / mean - 1) < 5 / sqrt(DRAWN));
        double variance = squares / DRAWN - pow(sum / DRAWN, 2);
        assert_true(fabs(variance / mean / mean - 1) < 5 * sqrt(8.0 / DRAWN));
    }
}

/* What a Poisson stream is chosen for: a poll timer of any period meets it at
 * every phase alike. */
TEST(a_poisson_stream_locks_step_with_nothing)
{
    struct schedule schedule;
    schedule_init(&schedule, 8, 10, true, 0);
    unsigned phases[10] = {0};
    for (int i = 0; i < DRAWN; i++)
        phases[schedule_take(&schedule) % 100000000 / 10000000]++;
    for (int i = 0; i < 10; i++)
        assert_true(fabs(phases[i] - DRAWN / 10.0) < 5 * sqrt(DRAWN / 10.0));
}

TEST(fixed_spacing_does_not_drift)
{
    /* Thirds of a microsecond: summed up one by one they would be off. */
    struct schedule schedule;
    schedule_init(&schedule, 1, 3000, false, 77);
    for (int64_t i = 0; i < 3000000; i++) {
        int64_t due_ns = schedule_peek(&schedule);
        assert_int_equal(schedule_take(&schedule), due_ns);
        int64_t exact_ns = 77 + i * 1000000 / 3;
        assert_true(llabs(due_ns - exact_ns) <= 1);
    }
}

RUN(LISTED(the_generator_gives_the_published_numbers),
    LISTED(shares_lie_evenly_between_nothing_and_one),
    LISTED(the_same_seed_gives_the_same_times_and_another_does_not),
    LISTED(a_poisson_streams_gaps_have_its_mean_and_its_variance),
    LISTED(a_poisson_stream_locks_step_with_nothing),
    LISTED(fixed_spacing_does_not_drift))

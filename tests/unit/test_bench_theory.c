#include "measure/theory.h"

#include "check.h"
#include "measure/histogram.h"
#include "measure/schedule.h"

#include <math.h>

struct trial {
    struct histogram *latency;
    struct histogram *publish;
};

/* MESSAGES at RATE to POLLERS that ask every INTERVAL, each at a phase of its
 * own; a way takes 300 us and a little, and a poll that looks SLOW us later
 * than it should is a fault to be seen. */
static void
simulate(struct trial *trial, uint64_t seed, int messages, double rate,
         bool is_poisson, int pollers, double interval_us, double slow_us)
{
    struct schedule schedule;
    struct dice dice;
    dice_init(&dice, seed + 1);
    double phases[50];
    for (int p = 0; p < pollers; p++)
        phases[p] = dice_share(&dice) * interval_us;
    schedule_init(&schedule, seed, rate, is_poisson, 0);
    histogram_clear(trial->latency);
    histogram_clear(trial->publish);
    for (int i = 0; i < messages; i++) {
        double due_us = (double)schedule_take(&schedule) / 1e3;
        double there_us = due_us + 300 + 50 * dice_share(&dice);
        double back_us = 300 + 50 * dice_share(&dice);
        histogram_add(trial->publish,
                      (int64_t)((there_us + back_us - due_us) * 1e3));
        for (int p = 0; p < pollers; p++) {
            double since_us = fmod(there_us - phases[p], interval_us);
            double wait_us = since_us < 0 ? -since_us : interval_us - since_us;
            double delay_us = there_us + wait_us + back_us + slow_us - due_us;
            histogram_add(trial->latency, (int64_t)(delay_us * 1e3));
        }
    }
}

static struct polling_theory
theory_of(const struct trial *trial, int messages, bool is_poisson,
          double interval_us)
{
    struct polling polling = {.interval_us = interval_us,
                              .latency = trial->latency,
                              .publish = trial->publish,
                              .messages = (uint64_t)messages,
                              .is_poisson = is_poisson};
    struct polling_theory theory;
    assert_true(theory_of_polling(&polling, &theory));
    return theory;
}

static struct trial
trial_new(void)
{
    return (struct trial){histogram_new(), histogram_new()};
}

static void
trial_free(struct trial *trial)
{
    histogram_free(trial->latency);
    histogram_free(trial->publish);
}

TEST(polling_as_it_should_be_agrees_as_often_as_it_says)
{
    static const int pollers[] = {1, 5, 50};
    static const double intervals_us[] = {1e5, 1e6, 1e7};
    struct trial trial = trial_new();
    int within = 0, agreed = 0, trials = 0;
    for (uint64_t seed = 0; seed < 300; seed++, trials++) {
        double interval_us = intervals_us[seed % 3];
        simulate(&trial, seed, 200, 10, true, pollers[seed / 3 % 3],
                 interval_us, 0);
        struct polling_theory theory =
            theory_of(&trial, 200, true, interval_us);
        double off_us = fabs(theory.measured_us - theory.expected_us);
        within += off_us <= theory.uncertain_us;
        agreed += theory.agrees;
    }
    /* Many pollers at phases of their own are surer than one, and that is not
     * claimed; so 95 % or more. */
    assert_in_range(within, 272, trials);
    assert_in_range(agreed, 297, trials);
    trial_free(&trial);
}

TEST(its_uncertainty_is_no_larger_than_one_pollers_need_be)
{
    struct trial trial = trial_new();
    simulate(&trial, 1, 400, 10, true, 1, 1e6, 0);
    struct polling_theory theory = theory_of(&trial, 400, true, 1e6);
    /* 1.96 standard errors of a value that is uniform over a second. */
    double expected_us = 1.96 * 1e6 / sqrt(12) / sqrt(400);
    assert_true(fabs(theory.uncertain_us / expected_us - 1) < 0.1);
    assert_true(fabs(theory.expected_us - 500650) < 10);
    trial_free(&trial);
}

TEST(ten_pollers_are_not_ten_times_as_many_samples)
{
    struct trial trial = trial_new();
    simulate(&trial, 1, 400, 10, true, 10, 1e6, 0);
    double uncertain_us = theory_of(&trial, 400, true, 1e6).uncertain_us;
    simulate(&trial, 1, 400, 10, true, 1, 1e6, 0);
    double of_one_us = theory_of(&trial, 400, true, 1e6).uncertain_us;
    assert_true(fabs(uncertain_us / of_one_us - 1) < 0.1);
    trial_free(&trial);
}

TEST(polls_that_look_too_late_are_found)
{
    struct trial trial = trial_new();
    simulate(&trial, 2, 2000, 10, true, 10, 1e6, 1e5);
    assert_false(theory_of(&trial, 2000, true, 1e6).agrees);
    /* Twice as seldom as was said. */
    simulate(&trial, 2, 2000, 10, true, 10, 2e6, 0);
    assert_false(theory_of(&trial, 2000, true, 1e6).agrees);
    trial_free(&trial);
}

TEST(fixed_spacing_may_lock_step_and_claims_no_more_than_that)
{
    struct trial trial = trial_new();
    int wrong = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        simulate(&trial, seed, 500, 10, false, 1, 1e5, 0);
        assert_true(theory_of(&trial, 500, false, 1e5).agrees);
        wrong += !theory_of(&trial, 500, true, 1e5).agrees;
    }
    assert_true(wrong > 15);
    trial_free(&trial);
}

TEST(without_samples_there_is_no_answer)
{
    struct trial trial = trial_new();
    struct polling polling = {.interval_us = 1e6,
                              .latency = trial.latency,
                              .publish = trial.publish,
                              .messages = 10};
    struct polling_theory theory;
    assert_false(theory_of_polling(&polling, &theory));
    histogram_add(trial.latency, 1000);
    assert_false(theory_of_polling(&polling, &theory));
    histogram_add(trial.publish, 1000);
    assert_true(theory_of_polling(&polling, &theory));
    polling.messages = 0;
    assert_false(theory_of_polling(&polling, &theory));
    trial_free(&trial);
}

TEST(a_quantiles_interval_holds_it_as_often_as_it_says)
{
    static const double shares[] = {0.5, 0.9, 0.99};
    struct histogram *histogram = histogram_new();
    struct dice dice;
    dice_init(&dice, 6);
    for (size_t s = 0; s < COUNT_OF(shares); s++) {
        int held = 0;
        double truth_ns = -log1p(-shares[s]) * 1e6;
        for (int trial = 0; trial < 300; trial++) {
            histogram_clear(histogram);
            for (int i = 0; i < 1000; i++)
                histogram_add(histogram,
                              (int64_t)(-log1p(-dice_share(&dice)) * 1e6));
            double low, high;
            theory_of_quantile(shares[s], 1000, &low, &high);
            held += (double)histogram_quantile(histogram, low) <= truth_ns &&
                    truth_ns <= (double)histogram_quantile(histogram, high);
        }
        assert_in_range(held, 274, 297); /* 95 %: 285 */
    }
    histogram_free(histogram);
}

TEST(a_quantile_of_nothing_may_lie_anywhere)
{
    double low, high;
    theory_of_quantile(0.5, 0, &low, &high);
    assert_true(low == 0 && high == 1);
    theory_of_quantile(0.5, 1, &low, &high);
    assert_true(low == 0 && high == 1);
    theory_of_quantile(0.999, 100, &low, &high);
    assert_true(low > 0.98 && high == 1);
}

RUN(LISTED(polling_as_it_should_be_agrees_as_often_as_it_says),
    LISTED(its_uncertainty_is_no_larger_than_one_pollers_need_be),
    LISTED(ten_pollers_are_not_ten_times_as_many_samples),
    LISTED(polls_that_look_too_late_are_found),
    LISTED(fixed_spacing_may_lock_step_and_claims_no_more_than_that),
    LISTED(without_samples_there_is_no_answer),
    LISTED(a_quantiles_interval_holds_it_as_often_as_it_says),
    LISTED(a_quantile_of_nothing_may_lie_anywhere))

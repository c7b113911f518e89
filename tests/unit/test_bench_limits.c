#include "cost/limits.h"
#include "measure/histogram.h"
#include "result.h"

#include "check.h"

/* A run of which nothing is to be said: latencies of 10 ms, a quiet client. */
static struct result *
quiet_run(void)
{
    struct result *result = result_new();
    histogram_add_count(result->latency, 10000000, 1000);
    result->subscribers = 1000;
    result->rate_per_s = 10;
    result->duration_s = 10;
    result->deliveries_per_s = 10000;
    result->client_cpu_s = 0.5;
    result->client_busy = 0.1;
    result->slip_p99_us = 100;
    result->read_late_p99_us = 100;
    return result;
}

static const struct limits limits = {.cpu_us_per_delivery = 8,
                                     .deliveries_per_s = 1000000};

/* Judged, RESULT has one note, with WORDS in it. It is freed. */
static void
assert_note(struct result *result, const char *words)
{
    limits_judge(result, &limits);
    if (result->note_count != 1)
        fail_msg("%d notes", result->note_count);
    if (!strstr(result->notes[0], words))
        fail_msg("\"%s\" does not say \"%s\"", result->notes[0], words);
    result_free(result);
}

TEST(of_a_quiet_run_nothing_is_said)
{
    struct result *result = quiet_run();
    limits_judge(result, &limits);
    assert_int_equal(result->note_count, 0);
    result_free(result);
}

TEST(a_busy_thread_is_told)
{
    struct result *result = quiet_run();
    result->client_busy = 0.93;
    assert_note(result, "93 % busy");
}

TEST(a_rate_near_the_clients_own_most_is_told)
{
    struct result *result = quiet_run();
    result->deliveries_per_s = 800000;
    assert_note(result, "800000 deliveries a second are near the 1000000");
}

TEST(without_limits_no_rate_is_near_them)
{
    const struct limits none = {0};
    struct result *result = quiet_run();
    result->deliveries_per_s = 800000;
    limits_judge(result, &none);
    limits_judge(result, NULL);
    assert_int_equal(result->note_count, 0);
    result_free(result);
}

TEST(a_schedule_that_was_not_kept_is_told)
{
    struct result *result = quiet_run();
    result->slip_p99_us = 2500;
    assert_note(result, "2.50 ms late");
}

TEST(a_closed_loop_has_no_schedule)
{
    struct result *result = quiet_run();
    result->rate_per_s = 0;
    result->slip_p99_us = 2500;
    limits_judge(result, &limits);
    assert_int_equal(result->note_count, 0);
    result_free(result);
}

TEST(long_turns_of_the_clients_loop_are_told)
{
    struct result *result = quiet_run();
    result->read_late_p99_us = 6000;
    assert_note(result, "6.00 ms (p99) of a latency may be the client's own");
}

TEST(others_on_the_machine_are_told)
{
    struct result *result = quiet_run();
    result->others_cpu = 0.95; /* which others filled, not we */
    assert_note(result, "Others took 95 % of the machine");
}

TEST(a_note_has_its_kind_and_figure)
{
    struct result *result = quiet_run();
    result->others_cpu = 0.25;
    limits_judge(result, &limits);
    assert_string_equal(result->note_kinds[0].word, "others");
    assert_true(result->note_kinds[0].figure == 25);
    result_free(result);
}

TEST(a_full_machine_is_told)
{
    struct result *result = quiet_run();
    result->client_cpu_s = 10000;
    assert_note(result, "The machine was full (100 %)");
}

RUN(LISTED(of_a_quiet_run_nothing_is_said), LISTED(a_busy_thread_is_told),
    LISTED(a_rate_near_the_clients_own_most_is_told),
    LISTED(without_limits_no_rate_is_near_them),
    LISTED(a_schedule_that_was_not_kept_is_told),
    LISTED(a_closed_loop_has_no_schedule),
    LISTED(long_turns_of_the_clients_loop_are_told),
    LISTED(others_on_the_machine_are_told),
    LISTED(a_note_has_its_kind_and_figure), LISTED(a_full_machine_is_told))

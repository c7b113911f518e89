#include "results/table.h"

#include "../support/made_up.h"
#include "base/bytes.h"
#include "result.h"
#include "results/cells.h"
#include "results/json.h"
#include "results/machine.h"
#include "results/text.h"

#include "check.h"

#include <math.h>

/* -- help --------------------------------------------------------------- */

static char *
printed_with(const struct results *results, bool with_colour)
{
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    assert_non_null(file);
    table_print(file, results, with_colour);
    assert_int_equal(fclose(file), 0);
    assert_non_null(text);
    return text;
}

static char *
printed(const struct results *results)
{
    return printed_with(results, false);
}

static void
assert_says(const struct results *results, const char *expected)
{
    char *text = printed(results);
    if (!strstr(text, expected))
        fail_msg("no \"%s\" in:\n%s", expected, text);
    free(text);
}

static void
assert_keeps_silent(const struct results *results, const char *word)
{
    char *text = printed(results);
    if (strstr(text, word))
        fail_msg("\"%s\" in:\n%s", word, text);
    free(text);
}

static struct results *
one(struct made_up wish)
{
    struct results *results = results_new();
    results_add(results, made_up(wish));
    return results;
}

/* -- numbers ------------------------------------------------------------ */

static void
assert_number(double number, const char *expected)
{
    struct bytes text = BYTES_EMPTY;
    text_number(&text, number);
    assert_bytes(text.data, text.len, expected);
    bytes_fini(&text);
}

TEST(a_number_is_read_at_a_glance)
{
    assert_number(NAN, "–");
    assert_number(0, "0");
    assert_number(0.00001, "0");
    assert_number(0.0012, "0.0012");
    assert_number(0.0312, "0.031");
    assert_number(0.994, "0.994");
    assert_number(0.9961, "1.00");
    assert_number(9.994, "9.99");
    assert_number(9.996, "10.0");
    assert_number(99.94, "99.9");
    assert_number(99.96, "100");
    assert_number(1234567.4, "1,234,567");
}

static void
assert_duration(double us, const char *expected)
{
    struct bytes text = BYTES_EMPTY;
    text_duration(&text, us);
    assert_bytes(text.data, text.len, expected);
    bytes_fini(&text);
}

TEST(a_duration_has_the_unit_that_fits)
{
    assert_duration(0.4, "0.400 µs");
    assert_duration(999.4, "999 µs");
    assert_duration(999.6, "1.00 ms");
    assert_duration(999400, "999 ms");
    assert_duration(999600, "1.00 s");
}

TEST(the_median_of_an_even_number_lies_between_the_middle_two)
{
    double values[] = {4, 1, 3, 2};
    struct spread spread = spread_of(values, 4);
    assert_true(spread.median == 2.5 && spread.low == 1 && spread.high == 4);
    double with_gap[] = {1, NAN};
    assert_true(isnan(spread_of(with_gap, 2).median));
    assert_true(isnan(spread_of(with_gap, 0).median));
}

TEST(long_text_is_broken_between_words_and_shown_without_control_characters)
{
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    text_wrap(file, "one two three\033[31m\xc2\x9b f\xc3\xb6ur", 13, 2, "* ");
    fclose(file);
    assert_string_equal(text, "* one two\n  three?[31m?\n  f\xc3\xb6ur\n");
    free(text);
}

/* -- what is told ------------------------------------------------------- */

TEST(who_lost_a_message_says_so_before_all_else)
{
    struct results *results = one((struct made_up){.transport = "sse"});
    results_add(results, made_up((struct made_up){
                             .transport = "ws", .subscribers = 10, .lost = 3}));
    char *text = printed(results);
    static const char expected[] =
        "LOST latency, ws · lighttpd: 3 of 22,000 deliveries";
    assert_true(strncmp(text, expected, strlen(expected)) == 0);
    assert_null(strstr(text, "none was lost"));
    assert_non_null(strstr(text, "3 lost, 0 repeated, 0 out of order"));
    free(text);
    results_free(results);
}

TEST(who_lost_nothing_does_not_cry)
{
    struct results *results = one((struct made_up){0});
    assert_keeps_silent(results, "LOST");
    assert_says(results, "none was lost, repeated or out of order");
    results_free(results);
}

TEST(a_percentile_with_too_few_messages_beyond_it_is_a_dash)
{
    struct results *results = one((struct made_up){.messages = 1000});
    char *text = printed(results);
    char *row = strstr(text, "\nsse · lighttpd");
    *strchr(row + 1, '\n') = '\0';
    assert_non_null(strstr(row, "0.500"));
    assert_non_null(strstr(row, "1.48"));    /* p99 */
    assert_non_null(strstr(row, "      –")); /* p99.9 */
    free(text);
    results->runs[0]->messages_counted = 999;
    assert_keeps_silent(results, "1.48");
    results_free(results);
}

TEST(repeats_are_their_median_and_their_range)
{
    struct results *results = results_new();
    static const double typical[] = {700, 100, 400};
    for (int i = 0; i < 3; i++)
        results_add(results, made_up((struct made_up){.typical_us = typical[i],
                                                      .repeat = i}));
    assert_says(results, "3 runs: the median, the range below it");
    assert_says(results, "0.400");
    assert_says(results, "0.100–0.700");
    results_free(results);
}

TEST(an_interrupted_repeat_does_not_move_the_median)
{
    struct results *results = one((struct made_up){.typical_us = 100});
    struct result *cut =
        made_up((struct made_up){.typical_us = 9e5, .repeat = 1});
    cut->is_complete = false;
    results_add(results, cut);
    assert_says(results, "INTERRUPTED latency, sse · lighttpd: that run is "
                         "left out");
    assert_says(results, "0.100");
    results->runs[0]->is_complete = false;
    assert_says(results, "its figures are of the part that was run");
    results_free(results);
}

TEST(a_run_with_a_problem_has_a_sentence_and_no_figures)
{
    struct results *results = one((struct made_up){.typical_us = 123000});
    result_problem(results->runs[0], "the server answered 404");
    assert_says(results,
                "NO RESULT latency, sse · lighttpd: the server answered 404");
    assert_keeps_silent(results, "123");
    results_free(results);
}

TEST(what_differs_between_rows_is_a_column_and_what_does_not_is_said_once)
{
    struct results *results = one((struct made_up){
        .scenario = "publish", .publishers = 4, .is_closed_loop = true});
    assert_says(results, "4 publishers, closed loop, 64 bytes, published by "
                         "POST to");
    results_add(results, made_up((struct made_up){.scenario = "publish",
                                                  .publishers = 16,
                                                  .is_closed_loop = true}));
    assert_says(results, "1 subscriber, closed loop, 64 bytes");
    assert_says(results, "publishers  publishes");
    results_free(results);
}

TEST(targets_are_named_when_there_are_several)
{
    struct results *results = one((struct made_up){0});
    assert_keeps_silent(results, "Earshot · sse");
    results_add(results, made_up((struct made_up){.target = "nchan"}));
    assert_says(results, "\nEarshot · sse · lighttpd ");
    assert_says(results, "\nnchan · sse · lighttpd ");
    results_free(results);
}

TEST(polling_stands_beside_what_theory_says)
{
    struct results *results = one((struct made_up){.scenario = "poll-interval",
                                                   .transport = "poll",
                                                   .poll_interval_s = 2,
                                                   .typical_us = 1000});
    assert_says(results, "\npoll 2 s · lighttpd  1,001   1,001 ");
    results_free(results);
}

TEST(a_note_is_said_once_with_all_whom_it_concerns)
{
    struct results *results = one((struct made_up){.transport = "sse"});
    results_add(results, made_up((struct made_up){.transport = "ws"}));
    results_add(results, made_up((struct made_up){.transport = "poll"}));
    result_note(results->runs[0], "the client was busy");
    result_note(results->runs[1], "the client was busy");
    result_note(results->runs[1], "\033[2Jit said");
    assert_says(results,
                "  * sse · lighttpd, ws · lighttpd: the client was busy\n"
                "  * ws · lighttpd: ?[2Jit said\n");
    results_free(results);
}

TEST(notes_of_one_kind_are_one_sentence_with_their_range)
{
    struct results *results = results_new();
    for (int i = 0; i < 4; i++) {
        struct result *run = made_up((struct made_up){.repeat = i});
        if (i < 3)
            result_note_kind(run, "others", 20.4 + 35 * i, "others: %d", i);
        results_add(results, run);
    }
    assert_says(results, "  * Others took 20–90 % of the machine in 3 of 4 "
                         "runs: repeat this when it is quiet.\n");
    assert_keeps_silent(results, "others:");
    results_free(results);
}

TEST(repeats_of_a_note_that_differ_in_their_figures_are_said_once)
{
    struct results *results = results_new();
    for (int i = 0; i < 3; i++) {
        struct result *run = made_up((struct made_up){.repeat = i});
        result_note(run, "theory says %d.%d ms", i, i);
        results_add(results, run);
    }
    assert_says(results, "  * sse · lighttpd: theory says 0.0 ms\n");
    assert_keeps_silent(results, "1.1 ms");
    results_free(results);
}

TEST(dozens_of_notes_do_not_drown_the_table)
{
    struct results *results = results_new();
    for (int i = 0; i < 20; i++) {
        struct result *run = made_up((struct made_up){.subscribers = i + 1});
        result_note(run, "it answered %d", i);
        results_add(results, run);
    }
    assert_says(results, ": it answered 11\n  * 8 more notes stand in the "
                         "JSON.\n");
    assert_keeps_silent(results, "it answered 12");
    results_free(results);
}

TEST(memory_of_a_connection_is_told_where_a_server_has_just_started)
{
    struct results *results = one((struct made_up){
        .scenario = "hold", .subscribers = 1000, .memory_bytes = 2222 * 1024});
    assert_says(results, "2,222");
    free(results->runs[0]->scenario);
    results->runs[0]->scenario = xstrdup("fanout");
    assert_keeps_silent(results, "2,222");
    results_free(results);
}

static void
take_machine(struct results *results, const char *system)
{
    results->machine->kernel = xstrdup("Linux 6.1");
    results->machine->cores = 2;
    results->machine->disk_system = xstrdup(system);
    results->machine->fdatasync_p50_us = 430;
    results->machine->fdatasync_p99_us = 900;
}

TEST(the_machine_and_its_disk_are_named)
{
    struct results *results = one((struct made_up){0});
    take_machine(results, "ext4");
    assert_says(results, "2 cores, Linux 6.1");
    assert_says(results, "Queue on ext4: fdatasync takes 430 µs");
    assert_says(results, "(p99). Earshot: on disk before");
    results_free(results);
}

TEST(on_a_tmpfs_nothing_is_called_durable)
{
    struct results *results = one((struct made_up){0});
    take_machine(results, "tmpfs");
    assert_says(results, "On a tmpfs nothing is durable.");
    assert_keeps_silent(results, "on disk before");
    results_free(results);
}

TEST(what_an_interrupted_run_had_not_delivered_is_not_lost)
{
    struct results *results = one((struct made_up){.lost = 7});
    assert_says(results, "LOST");
    results->runs[0]->is_complete = false;
    assert_keeps_silent(results, "LOST");
    results_free(results);
}

TEST(a_side_that_no_run_knows_costs_nothing_that_is_said)
{
    struct results *results =
        one((struct made_up){.scenario = "slow", .cpu_us = 77.7});
    assert_says(results, "77.7");
    results->runs[0]->sides[0].processes = 0;
    results->runs[0]->sides[1].processes = 0;
    assert_keeps_silent(results, "77.7");
    results_free(results);
}

TEST(no_line_is_wider_than_a_hundred_columns)
{
    struct results *results = made_up_results();
    char *text = printed(results);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (text_width(line) > 100)
            fail_msg("%d: %s", text_width(line), line);
    free(text);
    results_free(results);
}

TEST(colours_are_for_terminals_alone)
{
    struct results *results = made_up_results();
    char *plain = printed(results);
    assert_null(strchr(plain, '\033'));
    char *coloured = printed_with(results, true);
    assert_true(strncmp(coloured, "\033[1;31mLOST\033[0m ", 16) == 0);
    free(plain);
    free(coloured);
    results_free(results);
}

TEST(nothing_measured_is_nothing_said)
{
    struct results *results = results_new();
    char *text = printed(results);
    assert_string_equal(text, "");
    free(text);
    results_free(results);
}

RUN(LISTED(a_number_is_read_at_a_glance),
    LISTED(a_duration_has_the_unit_that_fits),
    LISTED(the_median_of_an_even_number_lies_between_the_middle_two),
    LISTED(
        long_text_is_broken_between_words_and_shown_without_control_characters),
    LISTED(who_lost_a_message_says_so_before_all_else),
    LISTED(who_lost_nothing_does_not_cry),
    LISTED(a_percentile_with_too_few_messages_beyond_it_is_a_dash),
    LISTED(repeats_are_their_median_and_their_range),
    LISTED(an_interrupted_repeat_does_not_move_the_median),
    LISTED(a_run_with_a_problem_has_a_sentence_and_no_figures),
    LISTED(
        what_differs_between_rows_is_a_column_and_what_does_not_is_said_once),
    LISTED(targets_are_named_when_there_are_several),
    LISTED(polling_stands_beside_what_theory_says),
    LISTED(a_note_is_said_once_with_all_whom_it_concerns),
    LISTED(notes_of_one_kind_are_one_sentence_with_their_range),
    LISTED(repeats_of_a_note_that_differ_in_their_figures_are_said_once),
    LISTED(dozens_of_notes_do_not_drown_the_table),
    LISTED(memory_of_a_connection_is_told_where_a_server_has_just_started),
    LISTED(the_machine_and_its_disk_are_named),
    LISTED(on_a_tmpfs_nothing_is_called_durable),
    LISTED(what_an_interrupted_run_had_not_delivered_is_not_lost),
    LISTED(a_side_that_no_run_knows_costs_nothing_that_is_said),
    LISTED(no_line_is_wider_than_a_hundred_columns),
    LISTED(colours_are_for_terminals_alone),
    LISTED(nothing_measured_is_nothing_said))

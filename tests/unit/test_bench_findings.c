#include "results/findings.h"

#include "../support/made_up.h"
#include "result.h"
#include "results/cells.h"
#include "results/contrast.h"
#include "results/json.h"

#include "check.h"

/* -- help --------------------------------------------------------------- */

static struct results *results;

static int
begin(void **state)
{
    (void)state;
    results = results_new();
    return 0;
}

static int
end(void **state)
{
    (void)state;
    results_free(results);
    return 0;
}

/* REPEATS runs, whose delays lie SPREAD (0.05: 5 %) apart in all. */
static void
add(struct made_up wish, int repeats, double spread)
{
    double typical = wish.typical_us > 0 ? wish.typical_us : 500;
    double cpu = wish.cpu_us > 0 ? wish.cpu_us : 20;
    for (int i = 0; i < repeats; i++) {
        double share = repeats > 1 ? (double)i / (repeats - 1) - 0.5 : 0;
        wish.repeat = i;
        wish.typical_us = typical * (1 + spread * share);
        wish.cpu_us = cpu * (1 + spread * share);
        results_add(results, made_up(wish));
    }
}

/* Of what was added: the sentence NUMBER, or "" when there are fewer. */
static char *
finding(int number, bool is_en)
{
    static char text[1024];
    struct cells *cells = cells_new(results);
    struct findings *findings = findings_new(cells);
    const char *found = "";
    if (number < findings->count)
        found = is_en ? findings->list[number].en : findings->list[number].zh;
    snprintf(text, sizeof text, "%s", found);
    findings_free(findings);
    cells_free(cells);
    return text;
}

static void
assert_finding(int number, const char *en, const char *zh)
{
    assert_string_equal(finding(number, true), en);
    assert_string_equal(finding(number, false), zh);
}

static void
assert_has(int number, const char *part)
{
    if (!strstr(finding(number, true), part))
        fail_msg("no \"%s\" in: %s", part, finding(number, true));
}

/* Its cells are gone; its figures are not. */
static struct contrast
contrast_of(enum factor factor, enum figure figure)
{
    struct contrast contrast;
    struct cells *cells = cells_new(results);
    assert_true(
        contrast_make(cells, &cells->cells[0], factor, figure, &contrast));
    cells_free(cells);
    return contrast;
}

#define NTH (1e-6)
#define assert_near(a, b) assert_true(fabs((a) / (b)-1) < 0.002)

/* -- delays ------------------------------------------------------------- */

TEST(the_quicker_approach_is_named_first_with_ranges)
{
    add((struct made_up){.transport = "sse", .typical_us = 400}, 3, 0.1);
    add((struct made_up){.transport = "ws", .typical_us = 800}, 3, 0.1);
    assert_finding(0,
                   "Through lighttpd to 1 subscriber: the median delay is "
                   "lowest with SSE, 0.400 ms (0.380–0.420), and highest with "
                   "WebSocket, 0.800 ms (0.760–0.840), 1.81 to 2.21 times as "
                   "much.",
                   "经 lighttpd、1 位订阅者：延迟中位数以 SSE 最低，为 0.400 "
                   "毫秒（0.380–0.420）；以 WebSocket 最高，为 0.800 毫秒"
                   "（0.760–0.840），是前者的 1.81 至 2.21 倍。");
}

TEST(when_the_numbers_turn_round_so_does_the_sentence)
{
    add((struct made_up){.transport = "sse", .typical_us = 800}, 3, 0.1);
    add((struct made_up){.transport = "ws", .typical_us = 400}, 3, 0.1);
    assert_has(0, "lowest with WebSocket, 0.400 ms");
    assert_has(0, "highest with SSE, 0.800 ms");
    assert_non_null(strstr(finding(0, false), "以 WebSocket 最低"));
}

TEST(where_ranges_overlap_no_difference_is_claimed)
{
    add((struct made_up){.transport = "sse", .typical_us = 400}, 3, 0.1);
    add((struct made_up){.transport = "ws", .typical_us = 420}, 3, 0.1);
    add((struct made_up){.transport = "long-poll", .typical_us = 410}, 3, 0.1);
    assert_has(0, "no difference in the median delay can be told between SSE, "
                  "long-polling and WebSocket, about 0.400 ms (0.380–0.441).");
    assert_non_null(strstr(finding(0, false),
                           "SSE、长轮询和 WebSocket 的延迟中位数看不出差别，约 "
                           "0.400 毫秒（0.380–0.441）。"));
}

TEST(who_cannot_be_told_from_the_best_is_named)
{
    add((struct made_up){.transport = "sse", .typical_us = 400}, 3, 0.1);
    add((struct made_up){.transport = "ws", .typical_us = 420}, 3, 0.1);
    add((struct made_up){.transport = "long-poll", .typical_us = 900}, 3, 0.1);
    assert_has(0, "highest with long-polling");
    assert_has(0, "; between SSE and WebSocket no difference can be told.");
    assert_non_null(
        strstr(finding(0, false), "；SSE 和 WebSocket 之间看不出差别。"));
}

TEST(a_wide_range_hides_a_large_difference)
{
    add((struct made_up){.transport = "sse", .typical_us = 400}, 3, 0.1);
    add((struct made_up){.transport = "ws", .typical_us = 800}, 3, 1.2);
    assert_has(0, "no difference in");
}

TEST(those_between_the_best_and_the_worst_have_their_figures)
{
    add((struct made_up){.target = "A", .typical_us = 100}, 3, 0.1);
    add((struct made_up){.target = "B", .typical_us = 400}, 3, 0.1);
    add((struct made_up){.target = "C", .typical_us = 200}, 3, 0.1);
    add((struct made_up){.target = "D", .typical_us = 300}, 3, 0.1);
    assert_has(0, "lowest with A");
    assert_has(0, "highest with B");
    assert_has(0, "times as much; between them C 0.200 ms, D 0.300 ms.");
    assert_non_null(strstr(finding(0, false),
                           "；其间有 C（0.200 毫秒）、D（0.300 毫秒）。"));
}

/* What varies so much that it may be as quick as the best is not called the
 * slowest, and nobody else is called slowest in its place. */
TEST(an_unsure_one_is_neither_the_worst_nor_hides_who_is_worse)
{
    add((struct made_up){.transport = "sse", .typical_us = 400}, 3, 0.1);
    add((struct made_up){.transport = "ws", .typical_us = 900}, 3, 1.4);
    add((struct made_up){.transport = "long-poll", .typical_us = 600}, 3, 0.1);
    assert_has(0, "lowest with SSE, 0.400 ms (0.380–0.420), and clearly higher "
                  "with long-polling, 0.600 ms");
    assert_has(0, "between SSE and WebSocket no difference can be told.");
    struct contrast contrast =
        contrast_of(FACTOR_TRANSPORT, FIGURE_LATENCY_P50);
    assert_int_equal(contrast.alike, 2);
    assert_true(contrast.intervals[1].value > contrast.intervals[2].value);
}

TEST(where_more_is_better_the_highest_comes_first)
{
    struct made_up wish = {.scenario = "publish",
                           .target = "A",
                           .publishers = 16,
                           .is_closed_loop = true,
                           .publishes_per_s = 5000};
    add(wish, 3, 0);
    wish.target = "B";
    wish.publishes_per_s = 12000;
    add(wish, 3, 0);
    assert_finding(
        0,
        "SSE through lighttpd with 16 publishers: the rate of "
        "publishing is highest with B, 12,000 a second, and lowest "
        "with A, 5,000 a second; the former is 2.40 times the "
        "latter.",
        "SSE，经 lighttpd、16 个发布者：发布速率以 B 最高，为 12,000 "
        "条/秒；以 A 最低，为 5,000 条/秒；前者是后者的 2.40 倍。");
}

TEST(a_rate_that_was_asked_for_is_no_finding)
{
    struct made_up wish = {.scenario = "publish", .publishes_per_s = 100};
    add(wish, 3, 0.1);
    wish.target = "B";
    wish.publishes_per_s = 300;
    add(wish, 3, 0.1);
    assert_null(strstr(finding(0, true), "rate of publishing"));
}

TEST(one_run_is_as_sure_as_its_messages_make_it)
{
    add((struct made_up){.transport = "sse", .messages = 2000}, 1, 0);
    add((struct made_up){.transport = "ws", .messages = 2000}, 1, 0);
    struct contrast many = contrast_of(FACTOR_TRANSPORT, FIGURE_LATENCY_P50);
    results_free(results);
    results = results_new();
    add((struct made_up){.transport = "sse", .messages = 100}, 1, 0);
    add((struct made_up){.transport = "ws", .messages = 100}, 1, 0);
    struct contrast few = contrast_of(FACTOR_TRANSPORT, FIGURE_LATENCY_P50);
    assert_true(many.intervals[0].low < 500 && many.intervals[0].high > 500);
    assert_true(few.intervals[0].low < many.intervals[0].low);
    assert_true(few.intervals[0].high > many.intervals[0].high);
    assert_false(few.intervals[0].is_guess);
}

TEST(short_polling_is_not_blamed_for_the_interval_it_was_given)
{
    add((struct made_up){.transport = "sse"}, 3, 0.1);
    add((struct made_up){.transport = "ws"}, 3, 0.1);
    add((struct made_up){.transport = "poll", .poll_interval_s = 1}, 3, 0.1);
    assert_null(strstr(finding(0, true), "polling"));
}

TEST(a_run_in_which_all_were_cut_tells_nothing_of_usual_delays)
{
    add((struct made_up){.scenario = "resume", .recover_us = 2e5}, 3, 0.1);
    add((struct made_up){.scenario = "resume",
                         .transport = "ws",
                         .typical_us = 9000,
                         .recover_us = 2e5},
        3, 0.1);
    assert_null(strstr(finding(0, true), "median delay"));
}

/* -- costs -------------------------------------------------------------- */

TEST(the_most_telling_cost_is_chosen_by_the_numbers)
{
    struct made_up sse = {.scenario = "fanout",
                          .transport = "sse",
                          .subscribers = 100,
                          .messages = 100,
                          .bytes = 150,
                          .cpu_us = 10};
    struct made_up ws = sse;
    ws.transport = "ws";
    ws.bytes = 300;
    ws.cpu_us = 50;
    add(sse, 3, 0.1);
    add(ws, 3, 0.1);
    assert_finding(
        1,
        "Through lighttpd to 100 subscribers: the server's CPU time for a "
        "delivery is lowest with SSE, 10.0 µs (9.50–10.5), and highest with "
        "WebSocket, 50.0 µs (47.5–52.5), 4.52 to 5.53 times as much.",
        "经 lighttpd、100 位订阅者：服务器每次送达的 CPU 时间以 SSE 最低，为 "
        "10.0 微秒（9.50–10.5）；以 WebSocket 最高，为 50.0 微秒（47.5–52.5），"
        "是前者的 4.52 至 5.53 倍。");
    results_free(results);
    results = results_new();
    ws.bytes = 3000;
    add(sse, 3, 0.1);
    add(ws, 3, 0.1);
    assert_has(1, "the traffic for a delivered message is lowest with SSE, "
                  "150 bytes, and highest with WebSocket, 3,000 bytes, 20.0 "
                  "times as much.");
}

TEST(one_run_tells_no_cost_that_differs_by_less_than_a_half)
{
    struct made_up wish = {.scenario = "fanout",
                           .subscribers = 100,
                           .messages = 100,
                           .bytes = 150,
                           .memory_bytes = 2000};
    wish.cpu_us = 10;
    add(wish, 1, 0);
    wish.transport = "ws";
    wish.cpu_us = 14.9;
    add(wish, 1, 0);
    assert_has(1, "no difference");
    assert_has(1, "one run each shows no difference smaller than a half.");
    results->runs[1]->sides[0].cpu_s *= 4;
    assert_has(1, "WebSocket, 46.2 µs, about 4.6 times as much (one run "
                  "each).");
}

TEST(cpu_of_a_single_reader_is_the_publishings_and_is_not_told)
{
    add((struct made_up){.cpu_us = 10, .memory_bytes = 1000}, 3, 0.1);
    add((struct made_up){.transport = "ws", .cpu_us = 900}, 3, 0.1);
    assert_null(strstr(finding(1, true), "CPU"));
    assert_null(strstr(finding(1, true), "memory"));
}

/* -- targets and ways --------------------------------------------------- */

TEST(targets_are_set_beside_each_other_by_the_same_transport)
{
    add((struct made_up){.target = "Earshot", .typical_us = 500}, 3, 0.1);
    add((struct made_up){.target = "Bun", .typical_us = 300}, 3, 0.1);
    assert_has(0, "SSE through lighttpd to 1 subscriber: the median delay is "
                  "lowest with Bun, 0.300 ms");
    assert_has(0, "highest with Earshot, 0.500 ms");
    assert_non_null(strstr(finding(0, false),
                           "SSE，经 lighttpd、1 位订阅者：延迟中位数以 Bun "
                           "最低"));
}

TEST(approaches_that_differ_in_two_things_are_not_set_beside_each_other)
{
    add((struct made_up){.transport = "sse", .way = "lighttpd"}, 3, 0.1);
    add((struct made_up){.transport = "ws", .way = "direct"}, 3, 0.1);
    assert_string_equal(finding(0, true), "");
}

TEST(without_polling_the_way_is_told)
{
    add((struct made_up){.way = "lighttpd", .typical_us = 500}, 3, 0.1);
    add((struct made_up){.way = "direct", .typical_us = 250}, 3, 0.1);
    assert_has(0, "SSE to 1 subscriber: the median delay is lowest directly, "
                  "0.250 ms");
    assert_has(0, "and highest through lighttpd, 0.500 ms");
}

/* -- polling ------------------------------------------------------------ */

static void
add_interval(double interval_s)
{
    add((struct made_up){.scenario = "poll-interval",
                         .transport = "poll",
                         .subscribers = 20,
                         .messages = 400,
                         .poll_interval_s = interval_s,
                         .requests = 0.1 / interval_s,
                         .typical_us = 600},
        3, 0);
}

TEST(what_polling_trades_is_said_with_what_theory_says)
{
    add_interval(10);
    add_interval(1);
    add_interval(0.1);
    assert_finding(
        0,
        "Polling every 0.1 s brings a message after 50.6 ms on average and "
        "costs 1.00 requests a message, polling every 10 s brings a message "
        "after 5.00 s on average and costs 0.010 requests a message; its mean "
        "delay agrees with theory (half the interval and a round trip) at all "
        "3 intervals.",
        "每 0.1 秒轮询，消息平均 50.6 毫秒后到达，每条 1.00 个请求；每 10 秒"
        "轮询，消息平均 5.00 秒后到达，每条 0.010 个请求；平均延迟与理论（半个"
        "间隔加一次往返）相符，全部 3 个间隔皆然。");
}

TEST(polling_that_is_not_as_theory_says_is_told)
{
    add_interval(10);
    add_interval(1);
    for (int i = 3; i < 6; i++) {
        /* Its delays are those of 5 s. */
        struct result *run = made_up((struct made_up){
            .transport = "poll", .poll_interval_s = 5, .subscribers = 20});
        struct histogram *right = results->runs[i]->latency;
        results->runs[i]->latency = run->latency;
        run->latency = right;
        result_free(run);
    }
    assert_has(0, "its mean delay is not what theory says (half the interval "
                  "and a round trip) at 1 of 2 intervals.");
}

/* -- what counts more than all of it ------------------------------------ */

TEST(a_loss_is_the_first_finding)
{
    add((struct made_up){.transport = "sse"}, 3, 0.1);
    add((struct made_up){.transport = "ws", .lost = 2}, 3, 0.1);
    assert_finding(0,
                   "6 of 13,200 deliveries that were owed never came, most of "
                   "them in latency with WebSocket through lighttpd at "
                   "Earshot: until that is understood, nothing else here "
                   "counts.",
                   "应有的送达中有 6 次没有到来（共 13,200 次），最多的是场景 "
                   "latency 中的 WebSocket（经 lighttpd，Earshot）：弄清原因之"
                   "前，其余数字都不作数。");
    assert_has(1, "the median delay");
}

TEST(other_work_on_the_machine_is_told_with_what_it_spoils)
{
    add((struct made_up){.transport = "sse"}, 3, 0.1);
    add((struct made_up){.transport = "ws"}, 3, 0.1);
    assert_null(strstr(finding(0, true), "meanwhile"));
    results->runs[4]->others_cpu = 0.63;
    assert_has(0, " Other work took up to 63 % of the machine meanwhile.");
    assert_non_null(
        strstr(finding(0, false), "。期间其他程序占用机器最多达 63 %。"));
    results->runs[1]->client_busy = 0.97;
    assert_has(0, " earshot-bench itself was up to 97 % busy: the true "
                  "difference may be larger.");
}

TEST(runs_with_a_problem_have_no_say)
{
    add((struct made_up){.transport = "sse"}, 3, 0.1);
    add((struct made_up){.transport = "ws", .typical_us = 9e5}, 3, 0.1);
    for (int i = 3; i < 6; i++)
        result_problem(results->runs[i], "it answered 404");
    assert_string_equal(finding(0, true), "");
}

TEST(nothing_measured_is_nothing_found)
{
    assert_string_equal(finding(0, true), "");
}

TEST(there_are_three_findings_and_each_is_a_sentence_in_both_languages)
{
    results_free(results);
    results = made_up_results();
    for (int i = 0; i < FINDINGS_MAX; i++) {
        const char *en = finding(i, true);
        assert_true(strlen(en) > 60);
        assert_int_equal(en[strlen(en) - 1], '.');
        const char *zh = finding(i, false);
        assert_string_equal(zh + strlen(zh) - strlen("。"), "。");
        assert_null(strstr(zh, "  "));
        assert_null(strstr(zh, "difference"));
    }
}

#define FOUND(name) cmocka_unit_test_setup_teardown(name, begin, end)

RUN(FOUND(the_quicker_approach_is_named_first_with_ranges),
    FOUND(when_the_numbers_turn_round_so_does_the_sentence),
    FOUND(where_ranges_overlap_no_difference_is_claimed),
    FOUND(who_cannot_be_told_from_the_best_is_named),
    FOUND(a_wide_range_hides_a_large_difference),
    FOUND(those_between_the_best_and_the_worst_have_their_figures),
    FOUND(an_unsure_one_is_neither_the_worst_nor_hides_who_is_worse),
    FOUND(where_more_is_better_the_highest_comes_first),
    FOUND(a_rate_that_was_asked_for_is_no_finding),
    FOUND(one_run_is_as_sure_as_its_messages_make_it),
    FOUND(short_polling_is_not_blamed_for_the_interval_it_was_given),
    FOUND(a_run_in_which_all_were_cut_tells_nothing_of_usual_delays),
    FOUND(the_most_telling_cost_is_chosen_by_the_numbers),
    FOUND(one_run_tells_no_cost_that_differs_by_less_than_a_half),
    FOUND(cpu_of_a_single_reader_is_the_publishings_and_is_not_told),
    FOUND(targets_are_set_beside_each_other_by_the_same_transport),
    FOUND(approaches_that_differ_in_two_things_are_not_set_beside_each_other),
    FOUND(without_polling_the_way_is_told),
    FOUND(what_polling_trades_is_said_with_what_theory_says),
    FOUND(polling_that_is_not_as_theory_says_is_told),
    FOUND(a_loss_is_the_first_finding),
    FOUND(other_work_on_the_machine_is_told_with_what_it_spoils),
    FOUND(runs_with_a_problem_have_no_say),
    FOUND(nothing_measured_is_nothing_found),
    FOUND(there_are_three_findings_and_each_is_a_sentence_in_both_languages))

#include "compare/compare.h"

#include "../support/made_up.h"
#include "base/bytes.h"
#include "check.h"
#include "measure/schedule.h"
#include "results/json.h"

#include <math.h>
#include <unistd.h>

/* What a session may find, repeat after repeat, of one program: three
 * scenarios with noise of their own, and noise that a whole repeat shares. */
struct session {
    int repeats;
    uint64_t seed;
    double noise;
    double slower;            /* B: 1.1 is 10 % slower, in time and CPU */
    uint64_t lost;            /* by each run of B */
    bool one_after_the_other; /* all of A, then all of B */
};

static double
normal(struct dice *dice)
{
    return sqrt(-2 * log1p(-dice_share(dice))) *
           cos(2 * M_PI * dice_share(dice));
}

static const struct made_up kinds[] = {
    {.scenario = "latency", .typical_us = 250, .cpu_us = 300},
    {.scenario = "fanout",
     .subscribers = 5,
     .typical_us = 9000,
     .publishes_per_s = 10},
    {.scenario = "publish",
     .publishers = 16,
     .typical_us = 1300,
     .publishes_per_s = 12000,
     .is_closed_loop = true},
};

static void
add_run(struct results *results, const struct session *session,
        struct made_up like, struct dice *dice, double common, double began_s)
{
    like.typical_us = like.typical_us > 0 ? like.typical_us : 500;
    like.cpu_us = like.cpu_us > 0 ? like.cpu_us : 20;
    like.messages = 1000; /* the fewest that have a p99 */
    double time = exp(session->noise * (common + normal(dice)));
    like.typical_us *= time;
    like.spread = 3 * exp(3 * session->noise * normal(dice));
    like.cpu_us *= exp(session->noise * (common + normal(dice)) / 2);
    if (like.is_closed_loop)
        like.publishes_per_s /= time;
    struct result *run = made_up(like);
    run->began_s = began_s;
    results_add(results, run);
}

static struct made_up
slowed(const struct session *session, struct made_up like)
{
    like.typical_us =
        (like.typical_us > 0 ? like.typical_us : 500) * session->slower;
    like.cpu_us = (like.cpu_us > 0 ? like.cpu_us : 20) * session->slower;
    if (like.is_closed_loop)
        like.publishes_per_s /= session->slower;
    like.lost = session->lost;
    return like;
}

static struct comparison *
compare(struct session session, struct results **a, struct results **b)
{
    struct dice dice;
    dice_init(&dice, session.seed);
    session.slower = session.slower > 0 ? session.slower : 1;
    session.noise = session.noise > 0 ? session.noise : 0.02;
    *a = results_new();
    *b = results_new();
    double now_s = 1e9;
    for (int repeat = 0; repeat < session.repeats; repeat++) {
        double common = normal(&dice);
        for (size_t i = 0; i < COUNT_OF(kinds); i++, now_s += 1) {
            struct made_up like = kinds[i];
            like.repeat = repeat;
            add_run(*a, &session, like, &dice, common, now_s);
            double later_s = session.one_after_the_other ? 1e5 : 10;
            add_run(*b, &session, slowed(&session, like), &dice, common,
                    now_s + later_s);
        }
        now_s += 30;
    }
    return comparison_new(*a, *b, 0.05);
}

static void
done(struct comparison *comparison, struct results *a, struct results *b)
{
    comparison_free(comparison);
    results_free(a);
    results_free(b);
}

static int
regressions(struct session session)
{
    struct results *a, *b;
    struct comparison *comparison = compare(session, &a, &b);
    int found = comparison_regressions(comparison);
    done(comparison, a, b);
    return found;
}

static char *
told(struct session session)
{
    struct results *a, *b;
    struct comparison *comparison = compare(session, &a, &b);
    char *text = NULL;
    size_t len;
    FILE *file = open_memstream(&text, &len);
    comparison_print(file, comparison, "a.json", "b.json", false);
    fclose(file);
    done(comparison, a, b);
    return text;
}

TEST(of_forty_comparisons_of_one_program_with_itself_at_most_five_alarm)
{
    int alarms = 0;
    for (uint64_t seed = 1; seed <= 40; seed++)
        alarms += regressions((struct session){
                      .repeats = 10, .seed = seed, .noise = 0.1}) > 0;
    assert_in_range(alarms, 0, 5);
}

TEST(a_slowdown_of_ten_per_cent_is_found_each_time)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        assert_true(regressions((struct session){
                        .repeats = 10, .seed = seed, .slower = 1.1}) > 0);
        assert_true(
            regressions((struct session){
                .repeats = 16, .seed = seed, .noise = 0.03, .slower = 1.1}) >
            0);
    }
}

TEST(a_program_that_has_become_faster_is_no_regression)
{
    struct session session = {.repeats = 10, .seed = 3, .slower = 0.8};
    assert_int_equal(regressions(session), 0);
    char *text = told(session);
    assert_non_null(strstr(text, "better"));
    assert_null(strstr(text, "WORSE"));
    free(text);
}

TEST(with_fewer_than_ten_repeats_there_are_ranges_and_no_verdict)
{
    struct session session = {.repeats = 9, .seed = 1, .slower = 3};
    assert_int_equal(regressions(session), 0);
    char *text = told(session);
    assert_non_null(strstr(text, "median (range)"));
    assert_non_null(strstr(text, "No verdict on 3 of 3 measurements"));
    assert_null(strstr(text, "95 % interval"));
    assert_null(strstr(text, "REGRESSION"));
    free(text);
}

TEST(repeats_that_were_not_run_in_turn_prove_nothing)
{
    struct session session = {
        .repeats = 12, .seed = 1, .slower = 3, .one_after_the_other = true};
    assert_int_equal(regressions(session), 0);
    char *text = told(session);
    assert_non_null(strstr(text, "not in turn"));
    assert_non_null(strstr(text, "No verdict on 3 of 3 measurements"));
    free(text);
}

TEST(the_verdict_says_how_many_figures_were_judged)
{
    char *text = told((struct session){.repeats = 10, .seed = 2});
    assert_non_null(strstr(text, "No regression: none of "));
    assert_non_null(strstr(text, "latency_p50_us"));
    assert_non_null(strstr(text, "95 % interval"));
    free(text);
    text = told((struct session){.repeats = 10, .seed = 2, .slower = 1.3});
    assert_non_null(strstr(text, "REGRESSION: "));
    assert_non_null(strstr(text, "WORSE"));
    free(text);
}

TEST(lost_messages_need_no_statistics)
{
    struct session session = {.repeats = 1, .seed = 1, .lost = 1};
    assert_int_equal(regressions(session), (int)COUNT_OF(kinds));
    char *text = told(session);
    assert_non_null(strstr(text, "lost messages: 0 in A, 1 in B"));
    free(text);
}

TEST(only_what_both_files_have_is_compared)
{
    struct results *a = results_new(), *b = results_new();
    results_add(a, made_up((struct made_up){.transport = "sse"}));
    results_add(a, made_up((struct made_up){.transport = "poll"}));
    results_add(b, made_up((struct made_up){.transport = "sse"}));
    results_add(
        b, made_up((struct made_up){.transport = "sse", .subscribers = 2}));
    struct comparison *comparison = comparison_new(a, b, 0.05);
    assert_int_equal(comparison_measurements(comparison), 1);
    assert_int_equal(comparison_judged(comparison), 0);
    done(comparison, a, b);
}

static char *
save(const struct results *results, const char *name)
{
    const char *folder = getenv("TMPDIR");
    char path[200];
    snprintf(path, sizeof path, "%s/earshot-compare-%ld-%s.json",
             folder ? folder : "/tmp", (long)getpid(), name);
    char *problem = NULL;
    assert_true(results_save(path, results, &problem));
    return xstrdup(path);
}

/* By the files, as the command does it. */
TEST(the_command_exits_with_three_when_it_finds_a_regression)
{
    static const struct {
        double slower;
        int status;
    } cases[] = {{1, COMPARE_NO_REGRESSION}, {1.2, COMPARE_REGRESSION}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct results *a, *b;
        struct comparison *comparison = compare(
            (struct session){
                .repeats = 10, .seed = 7, .slower = cases[i].slower},
            &a, &b);
        char *paths[] = {save(a, "a"), save(b, "b")};
        FILE *nowhere = fopen("/dev/null", "w");
        assert_int_equal(
            compare_command(paths[0], paths[1], 5, nowhere, nowhere),
            cases[i].status);
        assert_int_equal(
            compare_command(paths[0], paths[1], 40, nowhere, nowhere),
            COMPARE_NO_REGRESSION);
        fclose(nowhere);
        for (int file = 0; file < 2; file++) {
            remove(paths[file]);
            free(paths[file]);
        }
        done(comparison, a, b);
    }
}

TEST(a_file_that_is_not_there_is_a_problem)
{
    FILE *nowhere = fopen("/dev/null", "w");
    char *text = NULL;
    size_t len;
    FILE *problems = open_memstream(&text, &len);
    assert_int_equal(
        compare_command("/nowhere/a.json", "/b", 5, nowhere, problems),
        COMPARE_PROBLEM);
    fclose(problems);
    fclose(nowhere);
    assert_non_null(strstr(text, "/nowhere/a.json"));
    free(text);
}

RUN(LISTED(of_forty_comparisons_of_one_program_with_itself_at_most_five_alarm),
    LISTED(a_slowdown_of_ten_per_cent_is_found_each_time),
    LISTED(a_program_that_has_become_faster_is_no_regression),
    LISTED(with_fewer_than_ten_repeats_there_are_ranges_and_no_verdict),
    LISTED(repeats_that_were_not_run_in_turn_prove_nothing),
    LISTED(the_verdict_says_how_many_figures_were_judged),
    LISTED(lost_messages_need_no_statistics),
    LISTED(only_what_both_files_have_is_compared),
    LISTED(the_command_exits_with_three_when_it_finds_a_regression),
    LISTED(a_file_that_is_not_there_is_a_problem))

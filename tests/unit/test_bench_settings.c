#include "command/settings.h"

#include "../support/command_line.h"
#include "check.h"
#include "drive/drive.h"
#include "command/nearest.h"
#include "plan.h"
#include "session/progress.h"
#include "scenarios/scenario.h"
#include "command/settings_table.h"
#include "target/target.h"

TEST(without_a_word_the_scenarios_decide)
{
    assert_true(read_settings((const char *const[]){NULL}));
    assert_int_equal(settings.command, COMMAND_RUN);
    assert_int_equal(settings.scenarios.count, 0);
    assert_true(settings.subscribers == SETTING_FREE);
    assert_true(settings.rate_per_s == SETTING_FREE);
    assert_true(settings.seed == SETTING_FREE);
    assert_true(settings.repeat == 1);
    assert_true(settings.threads == 1);
    assert_int_equal(settings.publish_by, PUBLISH_BY_POST);
    assert_int_equal(settings.spacing, SPACING_POISSON);
    assert_int_equal(settings.format, FORMAT_TABLE);
    assert_true(words_allow(&settings.transports, "sse"));
    assert_false(words_have(&settings.transports, "sse"));
}

TEST(options_and_scenarios_stand_in_any_order)
{
    GOOD("--rate=250.5", "fanout", "--subscribers", "20", "latency", "fanout",
         "--transport", "sse,ws", "--way=direct", "-o", "out.json", "--format",
         "json", "--publish-by", "ws", "--verbose");
    assert_int_equal(settings.scenarios.count, 2);
    assert_string_equal(settings.scenarios.items[0], "fanout");
    assert_true(settings.rate_per_s == 250.5);
    assert_true(settings.subscribers == 20);
    assert_true(words_allow(&settings.transports, "ws"));
    assert_false(words_allow(&settings.transports, "poll"));
    assert_true(words_allow(&settings.ways, "direct"));
    assert_string_equal(settings.output, "out.json");
    assert_int_equal(settings.format, FORMAT_JSON);
    assert_int_equal(settings.publish_by, PUBLISH_BY_WS);
    assert_true(settings.verbose);
}

TEST(the_ending_of_the_output_chooses_the_format_that_was_not_given)
{
    const struct {
        const char *name;
        int format;
    } rows[] = {{"out.json", FORMAT_JSON},
                {"a.b/out.hgrm", FORMAT_HGRM},
                {"out.html", FORMAT_PAGE},
                {"out.txt", FORMAT_TABLE},
                {"out", FORMAT_TABLE}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        GOOD("latency", "-o", rows[i].name);
        assert_int_equal(settings.format, rows[i].format);
    }
    GOOD("latency", "-o", "out.json", "--format", "hgrm");
    assert_int_equal(settings.format, FORMAT_HGRM);
    GOOD("report", "a.json", "-o", "b.json");
    assert_int_equal(settings.format, FORMAT_JSON);
    GOOD("report", "a.json", "-o", "page");
    assert_int_equal(settings.format, FORMAT_PAGE);
}

TEST(what_may_be_given_several_times_is_gathered)
{
    GOOD("--target", "a.json", "--target=run:node", "--pid", "web server=12",
         "--pid=program=13", "--set", "base=http://h/?a=b");
    assert_int_equal(settings.targets.count, 2);
    assert_string_equal(settings.targets.items[1], "run:node");
    assert_string_equal(settings.pids.items[0], "web server=12");
    assert_string_equal(settings.sets.items[0], "base=http://h/?a=b");
}

TEST(compare_and_report_have_their_own_words)
{
    GOOD("compare", "a.json", "b.json", "--bound", "10");
    assert_int_equal(settings.command, COMMAND_COMPARE);
    assert_int_equal(settings.files.count, 2);
    assert_true(settings.regression == 10);
    GOOD("report", "a.json", "b.json", "c.json", "-o", "x.html");
    assert_int_equal(settings.command, COMMAND_REPORT);
    assert_int_equal(settings.files.count, 3);
    assert_int_equal(settings.format, FORMAT_PAGE);
    BAD("compare takes two files of results: earshot-bench compare "
        "before.json after.json",
        "compare", "a.json");
    BAD("report takes files of results: earshot-bench report results.json -o "
        "report.html",
        "report");
    BAD("--rate is no option of compare; see --help", "compare", "--rate", "3",
        "a", "b");
    BAD("--bound is no option of a run; see --help", "--bound", "3");
}

TEST(numbers_are_whole_and_within_their_range)
{
    BAD("--subscribers is a whole number from 1 to 1000000, not \"0\"",
        "--subscribers", "0");
    BAD("--subscribers is a whole number from 1 to 1000000, not \"1.5\"",
        "--subscribers=1.5");
    BAD("--subscribers is a whole number from 1 to 1000000, not \"12x\"",
        "--subscribers", "12x");
    BAD("--rate is a number from 0.01 to 1000000, not \"1e3\"", "--rate",
        "1e3");
    BAD("--rate is a number from 0.01 to 1000000, not \"-3\"", "--rate", "-3");
    BAD("--size is a whole number from 52 to 1048576, not \"51\"", "--size",
        "51");
    BAD("--seconds is a number from 0.1 to 86400, not \"\"", "--seconds", "");
    GOOD("--seed", "9007199254740991");
    BAD("--seed is a whole number from 0 to 9007199254740991, not "
        "\"9007199254740992\"",
        "--seed", "9007199254740992");
}

TEST(every_number_keeps_to_both_ends_of_its_range)
{
    for (size_t i = 0; i < settings_table_size; i++) {
        const struct option *option = &settings_table[i];
        if (option->kind != OPTION_WHOLE && option->kind != OPTION_DECIMAL)
            continue;
        double ends[] = {option->low, option->high, option->low - 0.001,
                         option->high + 1};
        for (int end = 0; end < 4; end++) {
            char text[128];
            snprintf(text, sizeof text, "--%s=%.17g", option->name, ends[end]);
            if (option->commands == OF_COMPARE)
                read_settings(ARGUMENTS("compare", "a", "b", text));
            else
                read_settings(ARGUMENTS(text));
            assert_int_equal(complaint[0] == '\0', end < 2);
        }
    }
}

TEST(a_mistyped_word_is_told_what_it_is_near_to)
{
    BAD("there is no option --subscriber; did you mean --subscribers?",
        "--subscriber", "3");
    BAD("there is no option --warmup; did you mean --warm-up?", "--warmup=1");
    BAD("there is no option --frobnicate; --help names them all",
        "--frobnicate");
    BAD("there is no option --n; --help names them all", "-n");
    BAD("there is no scenario \"latncy\"; did you mean latency?", "latncy");
    BAD("there is no scenario \"fan-out\"; did you mean fanout?", "fan-out");
    BAD("there is no scenario \"room\"; there are latency, fanout, publish, "
        "poll-interval, hold, churn, slow, resume, ramp",
        "room");
    BAD("--transport is of poll|long-poll|sse|ws|socket.io, not \"websocket\"",
        "--transport", "sse,websocket");
    BAD("--format is table|json|hgrm, not \"xml\"", "--format", "xml");
}

TEST(what_is_incomplete_is_refused)
{
    BAD("--rate needs N behind it", "--rate");
    BAD("--all stands alone, without \"=yes\"", "--all=yes");
    BAD("--output is empty; give it FILE", "--output=");
    BAD("--set takes WORD=VALUE, not \"base\"", "--set", "base");
    BAD("--pid takes SIDE=PID, not \"=3\"", "--pid", "=3");
    BAD("--pid takes SIDE=PID, the number of a process, not \"program=x\"",
        "--pid", "program=x");
    BAD("--transport takes words with commas between, not \"sse,\"",
        "--transport", "sse,");
}

TEST(what_contradicts_itself_is_refused)
{
    BAD("--all runs every scenario; leave out \"fanout\", or leave out --all",
        "fanout", "--all");
    BAD("--self and --url each name a server; give one of them, or --target "
        "for several",
        "--self", "--url", "http://a");
    BAD("over WebSocket a connection publishes to the one channel that it "
        "follows; leave out --channels, or --publish-by",
        "--publish-by", "ws", "--channels", "2");
}

TEST(help_and_version_ask_for_nothing_else)
{
    GOOD("--help", "--frobnicate");
    assert_true(settings.help);
    GOOD("compare", "--version");
    assert_true(settings.version);
    GOOD("-h");
    assert_true(settings.help);
}

TEST(help_names_every_option_and_scenario_in_80_columns)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    settings_help(file);
    fclose(file);
    for (size_t i = 0; i < settings_table_size; i++) {
        char name[64];
        snprintf(name, sizeof name, "--%s", settings_table[i].name);
        assert_non_null(strstr(text, name));
    }
    for (size_t i = 0; i < scenario_count; i++)
        assert_non_null(strstr(text, scenarios[i].word));
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
        int columns = 0;
        for (const char *c = line; *c && *c != '\n'; c++)
            columns += (*c & 0xc0) != 0x80;
        assert_true(columns <= 80);
    }
    free(text);
}

TEST(the_nearest_word_counts_letters_changed_added_left_out_and_exchanged)
{
    static const char *const words[] = {"rate", "repeat", "report", "resume"};
    const struct {
        const char *typed, *meant;
    } rows[] = {
        {"rate", "rate"},     {"raet", "rate"},    {"rates", "rate"},
        {"repaet", "repeat"}, {"reprt", "report"}, {"resume!", "resume"},
        {"rep", "repeat"},    {"", NULL},          {"zzzz", NULL}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *found =
            nearest_word(rows[i].typed, strlen(rows[i].typed), words, 4);
        if (rows[i].meant)
            assert_string_equal(found, rows[i].meant);
        else
            assert_null(found);
    }
}

TEST(the_live_line_says_what_is_known_and_is_no_wider_than_the_terminal)
{
    struct entrance entrance = {.transport = (char[]){"sse"},
                                .way = (char[]){"lighttpd"}};
    struct plan plan = {
        .scenario = "fanout", .subscribe = &entrance, .subscribers = 1000};
    struct drive_progress so_far = {.phase = PHASE_MAIN,
                                    .left_s = 6.2,
                                    .publishes_per_s = 10,
                                    .deliveries_per_s = 9990.4,
                                    .p50_us = 1234,
                                    .p99_us = 56000};
    char line[400];
    progress_line(line, sizeof line, 200, &plan, &so_far);
    assert_string_equal(line, "fanout sse lighttpd  7 s left  10 -> 9990/s  "
                              "p50 1.23 p99 56.0 ms");
    progress_line(line, sizeof line, 30, &plan, &so_far);
    assert_string_equal(line, "fanout sse lighttpd  7 s left");
    so_far = (struct drive_progress){
        .phase = PHASE_CONNECT, .left_s = -1, .subscribed = 12};
    progress_line(line, sizeof line, 200, &plan, &so_far);
    assert_string_equal(
        line, "fanout sse lighttpd  connecting  12 of 1000 subscribed");
}

/* Gathers the plans that a scenario makes. */
static struct plan made[8];
static size_t made_count;

static void
take_plan(struct plans *plans, const struct plan *plan)
{
    (void)plans;
    assert_true(made_count < COUNT_OF(made));
    made[made_count++] = *plan;
}

static void
make_plans(const char *word, const struct plan *base)
{
    struct plans plans = {take_plan};
    const struct scenario *scenario = scenario_find(word);
    assert_non_null(scenario);
    made_count = 0;
    scenario->vary(base, &settings, &plans);
}

TEST(publish_asks_for_four_numbers_of_publishers_or_the_one_that_is_given)
{
    struct plan base = {.scenario = "publish", .publishers = 7};
    assert_true(read_settings((const char *const[]){NULL}));
    make_plans("publish", &base);
    assert_int_equal(made_count, 4);
    assert_int_equal(made[0].publishers, 1);
    assert_int_equal(made[3].publishers, 64);
    GOOD("--publishers", "7");
    make_plans("publish", &base);
    assert_int_equal(made_count, 1);
    assert_int_equal(made[0].publishers, 7);
}

TEST(poll_interval_asks_for_five_and_measures_each_for_long_enough)
{
    struct plan base = {.main_us = 6000000, .poll_interval_us = 250000};
    assert_true(read_settings((const char *const[]){NULL}));
    make_plans("poll-interval", &base);
    assert_int_equal(made_count, 5);
    assert_int_equal(made[0].poll_interval_us, 100000);
    assert_int_equal(made[0].main_us, 6000000);
    assert_int_equal(made[4].poll_interval_us, 10000000);
    assert_int_equal(made[4].main_us, 12000000);
    assert_int_equal(made[4].warm_up_us, 10000000);
    GOOD("--poll-interval", "0.25");
    make_plans("poll-interval", &base);
    assert_int_equal(made_count, 1);
    assert_int_equal(made[0].poll_interval_us, 250000);
}

TEST(ramp_lets_polling_ask_as_often_as_the_bound_needs)
{
    struct entrance poll = {.transport = (char[]){"poll"}};
    struct entrance sse = {.transport = (char[]){"sse"}};
    struct plan base = {.subscribe = &poll, .poll_interval_us = 1000000};
    GOOD("--bound-ms", "80");
    make_plans("ramp", &base);
    assert_int_equal(made[0].poll_interval_us, 40000);
    base.subscribe = &sse;
    make_plans("ramp", &base);
    assert_int_equal(made[0].poll_interval_us, 1000000);
}

RUN(CLEAN(without_a_word_the_scenarios_decide),
    CLEAN(options_and_scenarios_stand_in_any_order),
    CLEAN(the_ending_of_the_output_chooses_the_format_that_was_not_given),
    CLEAN(what_may_be_given_several_times_is_gathered),
    CLEAN(compare_and_report_have_their_own_words),
    CLEAN(numbers_are_whole_and_within_their_range),
    CLEAN(every_number_keeps_to_both_ends_of_its_range),
    CLEAN(a_mistyped_word_is_told_what_it_is_near_to),
    CLEAN(what_is_incomplete_is_refused),
    CLEAN(what_contradicts_itself_is_refused),
    CLEAN(help_and_version_ask_for_nothing_else),
    CLEAN(help_names_every_option_and_scenario_in_80_columns),
    CLEAN(publish_asks_for_four_numbers_of_publishers_or_the_one_that_is_given),
    CLEAN(poll_interval_asks_for_five_and_measures_each_for_long_enough),
    CLEAN(ramp_lets_polling_ask_as_often_as_the_bound_needs),
    LISTED(
        the_nearest_word_counts_letters_changed_added_left_out_and_exchanged),
    LISTED(the_live_line_says_what_is_known_and_is_no_wider_than_the_terminal))

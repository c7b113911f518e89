#include "measure/histogram.h"
#include "results/fields.h"
#include "results/json.h"

#include "base/bytes.h"
#include "../support/made_up.h"

#include "check.h"

#include <cjson/cJSON.h>
#include <math.h>

/* -- help --------------------------------------------------------------- */

static char *
written(const struct results *results, enum results_detail detail)
{
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    assert_true(results_write(file, results, detail));
    fclose(file);
    assert_int_equal(strlen(text), len);
    return text;
}

static struct results *
reread(const struct results *results)
{
    char *text = written(results, RESULTS_WHOLE);
    char *problem = NULL;
    struct results *again =
        results_read("x.json", text, strlen(text), &problem);
    if (!again)
        fail_msg("%s", problem);
    free(text);
    return again;
}

static struct results *
one_run(struct made_up wish)
{
    struct results *results = results_new();
    results_add(results, made_up(wish));
    return results;
}

static void
assert_same_text(const char *a, const char *b)
{
    if (a && b)
        assert_string_equal(a, b);
    else
        assert_ptr_equal(a, b);
}

static void
assert_same_number(double a, double b)
{
    assert_true(fabs(a - b) <= 1e-8 * fabs(a));
}

static void
assert_same_histogram(const struct histogram *a, const struct histogram *b)
{
    uint32_t step_a = 0, step_b = 0;
    int64_t ns_a, ns_b;
    uint64_t count_a, count_b;
    assert_int_equal(histogram_count(a), histogram_count(b));
    assert_same_number(histogram_mean(a), histogram_mean(b));
    assert_same_number(histogram_deviation(a), histogram_deviation(b));
    assert_true(llabs(histogram_min(a) - histogram_min(b)) <= 1);
    assert_true(llabs(histogram_max(a) - histogram_max(b)) <= 1);
    while (histogram_walk(a, &step_a, &ns_a, &count_a)) {
        assert_true(histogram_walk(b, &step_b, &ns_b, &count_b));
        assert_int_equal(ns_a, ns_b);
        assert_int_equal(count_a, count_b);
    }
}

static void
assert_same_field(const void *a, const void *b, const struct field *field)
{
    switch (field->kind) {
    case FIELD_STRING:
        assert_same_text(*FIELD_IN(char *, a, field),
                         *FIELD_IN(char *, b, field));
        break;
    case FIELD_INT:
        assert_int_equal(*FIELD_IN(int, a, field), *FIELD_IN(int, b, field));
        break;
    case FIELD_COUNT:
    case FIELD_SEED:
        assert_true(*FIELD_IN(uint64_t, a, field) ==
                    *FIELD_IN(uint64_t, b, field));
        break;
    case FIELD_DOUBLE:
        assert_same_number(*FIELD_IN(double, a, field),
                           *FIELD_IN(double, b, field));
        break;
    case FIELD_BOOL:
        assert_int_equal(*FIELD_IN(bool, a, field), *FIELD_IN(bool, b, field));
        break;
    case FIELD_HISTOGRAM:
    case FIELD_OF_CONNECTIONS:
        assert_same_histogram(*FIELD_IN(struct histogram *, a, field),
                              *FIELD_IN(struct histogram *, b, field));
        break;
    }
}

static void
assert_same_fields(const void *a, const void *b, const struct field *fields)
{
    for (const struct field *field = fields; field->name; field++)
        assert_same_field(a, b, field);
}

static void
assert_same_run(const struct result *a, const struct result *b)
{
    assert_same_fields(a, b, fields_of_run);
    assert_int_equal(a->note_count, b->note_count);
    for (int i = 0; i < a->note_count; i++) {
        assert_string_equal(a->notes[i], b->notes[i]);
        assert_string_equal(a->note_kinds[i].word, b->note_kinds[i].word);
        assert_same_number(a->note_kinds[i].figure, b->note_kinds[i].figure);
    }
    assert_int_equal(a->side_count, b->side_count);
    for (int i = 0; i < a->side_count; i++) {
        assert_string_equal(a->sides[i].name, b->sides[i].name);
        assert_same_fields(&a->sides[i], &b->sides[i], fields_of_side);
    }
    assert_int_equal(a->slot_count, b->slot_count);
    for (int i = 0; i < a->slot_count; i++)
        assert_same_fields(&a->slots[i], &b->slots[i], fields_of_slot);
}

/* -- there and back ----------------------------------------------------- */

TEST(what_is_written_is_read_again_whole)
{
    struct results *results = made_up_results();
    struct results *again = reread(results);
    assert_string_equal(results->command_line, again->command_line);
    assert_string_equal(results->began, again->began);
    assert_true(results->seed == again->seed);
    assert_same_fields(results->machine, again->machine, fields_of_machine);
    assert_int_equal(results->run_count, again->run_count);
    for (int i = 0; i < results->run_count; i++)
        assert_same_run(results->runs[i], again->runs[i]);
    results_free(results);
    results_free(again);
}

TEST(a_file_read_and_written_again_is_the_same_bytes)
{
    struct results *results = one_run((struct made_up){.recover_us = 1e5});
    struct results *again = reread(results);
    char *first = written(results, RESULTS_WHOLE);
    char *second = written(again, RESULTS_WHOLE);
    assert_string_equal(first, second);
    free(first);
    free(second);
    results_free(results);
    results_free(again);
}

/* The members of struct result that the table of fields does not name are
 * exactly these; one that is added later must be put into one or the other. */
TEST(no_member_of_a_result_is_forgotten)
{
    size_t known = sizeof((struct result *)0)->notes + sizeof(int) +
                   sizeof((struct result *)0)->note_kinds +
                   sizeof((struct result *)0)->sides + sizeof(int) +
                   sizeof((struct result *)0)->slots + sizeof(int);
    static const size_t sizes[] = {
        [FIELD_STRING] = sizeof(char *),
        [FIELD_INT] = sizeof(int),
        [FIELD_COUNT] = sizeof(uint64_t),
        [FIELD_SEED] = sizeof(uint64_t),
        [FIELD_DOUBLE] = sizeof(double),
        [FIELD_BOOL] = sizeof(bool),
        [FIELD_HISTOGRAM] = sizeof(struct histogram *),
        [FIELD_OF_CONNECTIONS] = sizeof(struct histogram *),
    };
    for (const struct field *field = fields_of_run; field->name; field++)
        known += sizes[field->kind];
    /* Padding, where pointers and longs have 64 bits. */
    assert_int_equal(sizeof(struct result) - known, 30);
}

TEST(names_are_those_that_were_promised)
{
    static const char *const promised[] = {"scenario",
                                           "transport",
                                           "way",
                                           "target",
                                           "subscribers",
                                           "delivered",
                                           "expected",
                                           "lost",
                                           "repeated",
                                           "reordered",
                                           "latency_us",
                                           "last_us",
                                           "publish_us",
                                           "publishes_per_s",
                                           "deliveries_per_s",
                                           "server_cpu_s_per_million",
                                           "bytes_per_message"};
    struct results *results = one_run((struct made_up){.cpu_us = 20});
    char *text = written(results, RESULTS_WHOLE);
    cJSON *root = cJSON_Parse(text);
    cJSON *run = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "runs"), 0);
    assert_int_equal(cJSON_GetObjectItem(root, "schema")->valueint, 1);
    for (size_t i = 0; i < COUNT_OF(promised); i++)
        if (!cJSON_GetObjectItemCaseSensitive(run, promised[i]))
            fail_msg("%s is missing", promised[i]);
    cJSON *latency = cJSON_GetObjectItem(run, "latency_us");
    assert_true(cJSON_IsNumber(cJSON_GetObjectItem(latency, "p99")));
    assert_true(
        fabs(cJSON_GetObjectItem(run, "server_cpu_s_per_million")->valuedouble -
             20) < 0.001);
    cJSON_Delete(root);
    free(text);
    results_free(results);
}

TEST(a_percentile_that_may_not_be_said_is_null)
{
    struct results *results = one_run((struct made_up){.messages = 999});
    char *text = written(results, RESULTS_WHOLE);
    cJSON *root = cJSON_Parse(text);
    cJSON *latency = cJSON_GetObjectItem(
        cJSON_GetArrayItem(cJSON_GetObjectItem(root, "runs"), 0), "latency_us");
    assert_true(cJSON_IsNumber(cJSON_GetObjectItem(latency, "p90")));
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(latency, "p99")));
    cJSON_Delete(root);
    free(text);
    results_free(results);
}

/* Of a thousand subscribers' deliveries each message is one sample. */
TEST(a_percentile_needs_ten_messages_beyond_it_and_not_deliveries)
{
    struct result *result =
        made_up((struct made_up){.messages = 1000, .subscribers = 1000});
    assert_true(result_may_say(result, 0.99));
    assert_false(result_may_say(result, 0.991));
    result->messages_counted = 999;
    assert_false(result_may_say(result, 0.99));
    result->messages_counted = 20;
    assert_true(result_may_say(result, 0.5));
    result->messages_counted = 19;
    assert_false(result_may_say(result, 0.5));
    result->messages_counted = 0;
    assert_false(result_may_say(result, 0));
    result_free(result);
}

TEST(coarse_histograms_keep_all_counts_within_a_hundredth)
{
    struct results *results = one_run((struct made_up){.messages = 20000});
    char *whole = written(results, RESULTS_WHOLE);
    char *text = written(results, RESULTS_COARSE);
    assert_true(strlen(text) * 3 < strlen(whole));
    char *problem = NULL;
    struct results *again = results_read("x", text, strlen(text), &problem);
    assert_non_null(again);
    const struct histogram *fine = results->runs[0]->latency;
    const struct histogram *coarse = again->runs[0]->latency;
    assert_int_equal(histogram_count(fine), histogram_count(coarse));
    for (double share = 0.001; share < 1; share += 0.001) {
        double is = (double)histogram_quantile(coarse, share);
        double was = (double)histogram_quantile(fine, share);
        assert_true(fabs(is - was) <= 0.01 * was);
    }
    free(whole);
    free(text);
    results_free(results);
    results_free(again);
}

TEST(a_servers_bytes_in_a_note_do_no_harm)
{
    struct results *results = one_run((struct made_up){0});
    result_note(results->runs[0], "it said \xff\xfe\"\\\n<b>");
    struct results *again = reread(results);
    assert_string_equal(again->runs[0]->notes[0], "it said ??\"\\\n<b>");
    results_free(results);
    results_free(again);
}

/* -- what is not good --------------------------------------------------- */

static void
assert_refused(const char *json, const char *expected)
{
    char *problem = NULL;
    assert_null(results_read("x.json", json, strlen(json), &problem));
    assert_non_null(strstr(problem, expected));
    assert_non_null(strstr(problem, "x.json"));
    free(problem);
}

#define RUN_OF(members)                                                        \
    "{\"schema\":1,\"runs\":[{\"scenario\":\"a\",\"transport\":\"b\","         \
    "\"way\":\"c\",\"target\":\"d\"," members "}]}"

TEST(other_files_are_refused_with_a_sentence_that_says_where)
{
    assert_refused("", "not JSON");
    assert_refused("{\"schema\":1,\"runs\":[", "cut off");
    assert_refused("[]", "no results of earshot-bench");
    assert_refused("{\"runs\":[]}", "no results of earshot-bench");
    assert_refused("{\"schema\":2,\"runs\":[]}", "newer");
    assert_refused("{\"schema\":1,\"runs\":[3]}", "runs[0]: a run must be");
    assert_refused("{\"schema\":1,\"runs\":[{}]}", "\"scenario\"");
    assert_refused(RUN_OF("\"lost\":-1"), "runs[0]: \"lost\"");
    assert_refused(RUN_OF("\"lost\":\"1\""), "\"lost\"");
    assert_refused(RUN_OF("\"subscribers\":3e9"), "\"subscribers\"");
    assert_refused(RUN_OF("\"complete\":1"), "\"complete\"");
    assert_refused(RUN_OF("\"seed\":\"-1\""), "\"seed\"");
    assert_refused(RUN_OF("\"seed\":\"99999999999999999999\""), "\"seed\"");
    assert_refused(RUN_OF("\"latency_us\":3"), "\"latency_us\"");
    assert_refused(RUN_OF("\"latency_us\":{\"steps\":[1]}"), "damaged");
    assert_refused(RUN_OF("\"latency_us\":{\"steps\":[1,-2]}"), "damaged");
    assert_refused(RUN_OF("\"latency_us\":{\"steps\":[9e15,1,9e15,1]}"),
                   "damaged");
    assert_refused(RUN_OF("\"notes\":[1]"), "note");
}

TEST(a_file_without_all_members_is_read)
{
    static const char json[] = RUN_OF("\"lost\":3,\"from_the_future\":[1]");
    char *problem = NULL;
    struct results *results = results_read("x", json, strlen(json), &problem);
    assert_non_null(results);
    assert_int_equal(results->runs[0]->lost, 3);
    assert_int_equal(histogram_count(results->runs[0]->latency), 0);
    results_free(results);
}

TEST(more_notes_sides_and_slots_than_there_is_room_for_are_left_out)
{
    struct bytes json = BYTES_EMPTY;
    bytes_append_string(&json, "{\"schema\":1,\"runs\":[{\"scenario\":\"a\","
                               "\"transport\":\"b\",\"way\":\"c\",\"target\":"
                               "\"d\",\"notes\":[{\"text\":\"n\"}");
    for (int i = 0; i < 300; i++)
        bytes_append_string(&json, ",{\"text\":\"n\"}");
    bytes_append_string(&json, "],\"sides\":[{\"name\":\"a name of more than "
                               "twenty-four bytes\"}");
    for (int i = 0; i < 300; i++)
        bytes_append_string(&json, ",{\"name\":\"s\"}");
    bytes_append_string(&json, "],\"slots\":[{}");
    for (int i = 0; i < 300; i++)
        bytes_append_string(&json, ",{}");
    bytes_append_string(&json, "]}]}");
    char *problem = NULL;
    struct results *results = results_read("x", json.data, json.len, &problem);
    assert_non_null(results);
    assert_int_equal(results->runs[0]->note_count, RESULT_NOTES_MAX);
    assert_int_equal(results->runs[0]->side_count, RESULT_SIDES_MAX);
    assert_int_equal(results->runs[0]->slot_count, RESULT_SLOTS_MAX);
    assert_int_equal(strlen(results->runs[0]->sides[0].name), 23);
    results_free(results);
    bytes_fini(&json);
}

RUN(LISTED(what_is_written_is_read_again_whole),
    LISTED(a_file_read_and_written_again_is_the_same_bytes),
    LISTED(no_member_of_a_result_is_forgotten),
    LISTED(names_are_those_that_were_promised),
    LISTED(a_percentile_that_may_not_be_said_is_null),
    LISTED(a_percentile_needs_ten_messages_beyond_it_and_not_deliveries),
    LISTED(coarse_histograms_keep_all_counts_within_a_hundredth),
    LISTED(a_servers_bytes_in_a_note_do_no_harm),
    LISTED(other_files_are_refused_with_a_sentence_that_says_where),
    LISTED(a_file_without_all_members_is_read),
    LISTED(more_notes_sides_and_slots_than_there_is_room_for_are_left_out))

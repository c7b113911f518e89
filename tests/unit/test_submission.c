#include "reference/submission.h"

#include "check.h"
#include "options.h"
#include "problem.h"

static const struct options limits = {.event_max = 16, .message_max = 32};

static struct submission submission;
static struct refusal refusal;

static bool
read_json(const char *text)
{
    size_t len = strlen(text);
    char *copy = malloc(len ? len : 1); /* of exactly its size */
    memcpy(copy, text, len);
    submission_fini(&submission);
    bool good = submission_read_json(&submission, copy, len, &limits, &refusal);
    free(copy);
    return good;
}

static int
end(void **state)
{
    (void)state;
    submission_fini(&submission);
    return 0;
}

static void
assert_message(const char *event, const char *from, enum queue_type type,
               const char *data)
{
    const struct queue_message *message = &submission.message;
    assert_string_equal(message->event, event);
    if (from)
        assert_string_equal(message->from, from);
    else
        assert_null(message->from);
    assert_int_equal(message->type, type);
    assert_bytes(message->data, message->size_bytes, data);
}

TEST(data_alone_is_enough)
{
    assert_true(read_json("{\"data\":\"hello\"}"));
    assert_message("message", NULL, QUEUE_TEXT, "hello");
    assert_null(submission.key);
}

TEST(each_member_has_its_place)
{
    assert_true(read_json("{\"key\":\"k-1\",\"from\":\"ann\",\"event\":"
                          "\"news\",\"data\":{\"a\": [1, 2.50]}}"));
    assert_message("news", "ann", QUEUE_JSON, "{\"a\": [1, 2.50]}");
    assert_string_equal(submission.key, "k-1");
    assert_int_equal(submission.kind, RULES_JSON);
}

TEST(the_senders_own_word_counts_where_the_frame_has_none)
{
    assert_true(read_json("{\"data\":\"x\"}"));
    submission_address(&submission, "room", "ann");
    assert_message("message", "ann", QUEUE_TEXT, "x");
    assert_string_equal(submission.message.channel, "room");
    assert_true(read_json("{\"data\":\"x\",\"from\":\"ben\"}"));
    submission_address(&submission, "room", "ann");
    assert_message("message", "ben", QUEUE_TEXT, "x");
}

TEST(what_is_wrong_has_a_code)
{
    static const struct {
        const char *text, *code;
    } cases[] = {
        {"", "bad_request"},
        {"hello", "bad_request"},
        {"[]", "bad_request"},
        {"{}", "bad_request"},
        {"{\"data\":1} x", "bad_request"},
        {"{\"data\":1,\"data\":2}", "bad_request"},
        {"{\"data\":\"a\\u0000b\"}", "bad_request"},
        {"{\"data\":\"x\",\"channel\":\"room\"}", "bad_request"},
        {"{\"data\":\"x\",\"event\":1}", "bad_request"},
        {"{\"data\":\"x\",\"event\":\"\"}", "bad_event"},
        {"{\"data\":\"x\",\"event\":\"earshot.open\"}", "bad_event"},
        {"{\"data\":\"x\",\"event\":\"a\\nb\"}", "bad_event"},
        {"{\"data\":\"x\",\"event\":\"12345678901234567\"}", "bad_event"},
        {"{\"data\":\"x\",\"from\":\"a b\"}", "bad_from"},
        {"{\"data\":\"x\",\"key\":\"\"}", "bad_key"},
        {"{\"data\":\"x\",\"key\":\"a b\"}", "bad_key"},
        {"{\"data\":\"123456789012345678901234567890123\"}", "too_large"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (read_json(cases[i].text))
            fail_msg("taken: %s", cases[i].text);
        assert_string_equal(problem_code(refusal.problem), cases[i].code);
        assert_in_range(strlen(refusal.sentence), 20, 300);
    }
}

TEST(what_is_refused_is_known_by_its_key)
{
    assert_false(read_json("{\"data\":\"x\",\"event\":\"\",\"key\":\"k\"}"));
    assert_string_equal(submission.key, "k");
    assert_false(read_json("{\"key\":\"k\"}"));
    assert_string_equal(submission.key, "k");
    /* Nothing is sent back that is no key: it may be of any size. */
    assert_false(read_json("{\"data\":\"x\",\"key\":\"no key\"}"));
    assert_null(submission.key);
    assert_false(read_json("{\"key\":\"no key\"}"));
    assert_null(submission.key);
}

TEST(a_message_of_the_largest_size_fits_whatever_its_spelling)
{
    struct bytes json = BYTES_EMPTY;
    bytes_append_string(&json, "{\"data\":\"");
    for (int64_t i = 0; i < limits.message_max; i++)
        bytes_append_string(&json, "\\u0001");
    bytes_append_string(&json, "\"}");
    assert_true(json.len <= submission_max((size_t)limits.message_max, false));
    assert_true(submission_read_json(&submission, json.data, json.len, &limits,
                                     &refusal));
    assert_int_equal(submission.message.size_bytes, limits.message_max);
    bytes_fini(&json);
    assert_int_equal(submission_max(32, true), 32);
}

TEST(data_alone_is_taken_as_it_is)
{
    assert_true(submission_read_raw(&submission, true, "{\"data\":1}", 10,
                                    &limits, &refusal));
    assert_message("message", NULL, QUEUE_TEXT, "{\"data\":1}");
    assert_int_equal(submission.kind, RULES_TEXT);
    submission_fini(&submission);
    assert_true(
        submission_read_raw(&submission, false, "\xff", 1, &limits, &refusal));
    assert_message("message", NULL, QUEUE_BINARY, "\xff");
    submission_fini(&submission);
    static const char data[33];
    assert_false(
        submission_read_raw(&submission, false, data, 33, &limits, &refusal));
}

#define ENDED(name) cmocka_unit_test_teardown(name, end)

RUN(ENDED(data_alone_is_enough), ENDED(each_member_has_its_place),
    ENDED(the_senders_own_word_counts_where_the_frame_has_none),
    ENDED(what_is_wrong_has_a_code), ENDED(what_is_refused_is_known_by_its_key),
    ENDED(a_message_of_the_largest_size_fits_whatever_its_spelling),
    ENDED(data_alone_is_taken_as_it_is))

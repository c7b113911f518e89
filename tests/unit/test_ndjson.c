#include "ndjson.h"

#include "check.h"
#include "options.h"

static const struct options limits = {
    .batch_lines = 4, .event_max = 16, .message_max = 32};

static struct batch batch;
static char sentence[256];

static enum batch_problem
read_batch(const char *text)
{
    size_t len = strlen(text);
    char *copy = malloc(len ? len : 1); /* of exactly its size */
    memcpy(copy, text, len);
    sentence[0] = '\0';
    enum batch_problem problem = batch_read(&batch, "room", copy, len, &limits,
                                            sentence, sizeof sentence);
    free(copy); /* nothing of the batch may lie in it */
    return problem;
}

static void
assert_message(size_t at, const char *event, const char *from,
               enum queue_type type, const char *data)
{
    const struct queue_message *message = &batch.messages[at];
    assert_string_equal(message->channel, "room");
    assert_string_equal(message->event, event);
    if (from)
        assert_string_equal(message->from, from);
    else
        assert_null(message->from);
    assert_int_equal(message->type, type);
    assert_bytes(message->data, message->size_bytes, data);
}

TEST(each_line_is_a_message)
{
    assert_int_equal(read_batch("{\"data\":\"one\"}\n"
                                "{\"from\":\"me\",\"data\":\"\",\"event\":"
                                "\"news\"}\n"
                                "{\"data\":\"\\u00e4\\n\"}"),
                     BATCH_OK);
    assert_int_equal(batch.count, 3);
    assert_message(0, "message", NULL, QUEUE_TEXT, "one");
    assert_message(1, "news", "me", QUEUE_TEXT, "");
    assert_message(2, "message", NULL, QUEUE_TEXT, "\xc3\xa4\n");
    batch_fini(&batch);
    assert_int_equal(batch.count, 0);
}

TEST(data_that_is_no_string_is_kept_as_its_own_text)
{
    assert_int_equal(read_batch("{\"data\":{\"a\": [1.50, \"}\"]}}\n"
                                "{\"data\" : null }\n{\"data\":-0}\n"
                                "{\"data\":[ ]}"),
                     BATCH_OK);
    assert_message(0, "message", NULL, QUEUE_JSON, "{\"a\": [1.50, \"}\"]}");
    assert_message(1, "message", NULL, QUEUE_JSON, "null");
    assert_message(2, "message", NULL, QUEUE_JSON, "-0");
    assert_message(3, "message", NULL, QUEUE_JSON, "[ ]");
    batch_fini(&batch);
}

TEST(blank_lines_and_carriage_returns_are_passed_over)
{
    assert_int_equal(read_batch("\r\n{\"data\":\"a\"}\r\n \t\r\n\n"
                                "{\"data\":\"b\"}\n\n"),
                     BATCH_OK);
    assert_int_equal(batch.count, 2);
    assert_message(1, "message", NULL, QUEUE_TEXT, "b");
    batch_fini(&batch);
}

TEST(a_batch_without_a_line_is_empty)
{
    static const char *const empty[] = {"", "\n", " \r\n\t"};
    for (size_t i = 0; i < COUNT_OF(empty); i++)
        assert_int_equal(read_batch(empty[i]), BATCH_EMPTY);
}

TEST(one_bad_line_spoils_all_and_is_named)
{
    static const char *const bad[] = {
        "{\"data\":\"x\"",
        "x",
        "[]",
        "{}",
        "{\"data\":1,\"data\":2}",
        "{\"data\":1} {\"data\":2}",
        "{\"data\":\"x\",\"id\":\"7\"}",
        "{\"data\":\"x\",\"event\":1}",
        "{\"data\":\"x\",\"from\":null}",
        "{\"data\":\"x\",\"event\":\"\"}",
        "{\"data\":\"x\",\"from\":\"\"}",
        "{\"data\":\"x\",\"event\":\"earshot.open\"}",
        "{\"data\":\"x\",\"event\":\"a\\nid: 1\"}",
        "{\"data\":\"x\",\"event\":\"a\\u0085\"}",
        "{\"data\":\"x\",\"event\":\"seventeen letters\"}",
        "{\"data\":\"x\",\"from\":\"a b\"}",
        "{\"data\":\"x\",\"from\":\"\\u00e4\"}",
        "{\"data\":\"\\u0000\"}",
        "{\"data\":\"\xff\"}",
        "{\"Data\":\"x\"}",
        "\xef\xbb\xbf{\"data\":1}",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        char text[256];
        snprintf(text, sizeof text, "{\"data\":1}\n\n%s\n{\"data\":4}", bad[i]);
        if (read_batch(text) != BATCH_BAD_LINE)
            fail_msg("accepted %s", bad[i]);
        assert_int_equal(batch.count, 0);
        assert_null(batch.messages);
        assert_non_null(strstr(sentence, "line 3:"));
        assert_non_null(strstr(sentence, "nothing was stored"));
    }
}

TEST(names_of_full_length_are_taken)
{
    assert_int_equal(read_batch("{\"data\":\"x\",\"event\":\"sixteen letters "
                                "\",\"from\":\"a_-9\"}"),
                     BATCH_OK);
    assert_message(0, "sixteen letters ", "a_-9", QUEUE_TEXT, "x");
    batch_fini(&batch);
}

TEST(lines_are_limited_and_blank_ones_do_not_count)
{
    static const char four[] = "{\"data\":1}\n\n{\"data\":2}\n{\"data\":3}\n"
                               "\n{\"data\":4}\n";
    assert_int_equal(read_batch(four), BATCH_OK);
    assert_int_equal(batch.count, 4);
    batch_fini(&batch);
    char five[sizeof four + 16];
    snprintf(five, sizeof five, "%s{\"data\":5}", four);
    assert_int_equal(read_batch(five), BATCH_TOO_LARGE);
    assert_non_null(strstr(sentence, "4"));
    assert_null(batch.messages);
}

/* The decoded size counts, not that of its escapes. */
TEST(a_message_is_limited_by_its_decoded_size)
{
    struct bytes text = BYTES_EMPTY;
    for (int len = 32; len <= 33; len++) {
        bytes_consume(&text, text.len);
        bytes_append_string(&text, "{\"data\":\"");
        for (int i = 0; i < len; i++)
            bytes_append_string(&text, "\\u0061");
        bytes_append_string(&text, "\"}");
        bytes_append_char(&text, '\0');
        if (len == 32) {
            assert_int_equal(read_batch(text.data), BATCH_OK);
            batch_fini(&batch);
        } else {
            assert_int_equal(read_batch(text.data), BATCH_TOO_LARGE);
            assert_non_null(strstr(sentence, "line 1"));
        }
    }
    bytes_fini(&text);
}

TEST(a_nul_between_lines_is_refused)
{
    static const char text[] = "{\"data\":1}\n\0\n{\"data\":2}";
    assert_int_equal(batch_read(&batch, "room", text, sizeof text - 1, &limits,
                                sentence, sizeof sentence),
                     BATCH_BAD_LINE);
    assert_non_null(strstr(sentence, "line 2"));
}

RUN(LISTED(each_line_is_a_message),
    LISTED(data_that_is_no_string_is_kept_as_its_own_text),
    LISTED(blank_lines_and_carriage_returns_are_passed_over),
    LISTED(a_batch_without_a_line_is_empty),
    LISTED(one_bad_line_spoils_all_and_is_named),
    LISTED(names_of_full_length_are_taken),
    LISTED(lines_are_limited_and_blank_ones_do_not_count),
    LISTED(a_message_is_limited_by_its_decoded_size),
    LISTED(a_nul_between_lines_is_refused))

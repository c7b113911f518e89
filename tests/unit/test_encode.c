#include "hub/encode.h"

#include "base/bytes.h"
#include "base/json.h"
#include "check.h"

static struct bytes out;

static int
end(void **state)
{
    (void)state;
    bytes_fini(&out);
    return 0;
}

static struct queue_row
row_of(enum queue_type type, const char *data, size_t len)
{
    return (struct queue_row){.id = 7,
                              .channel = "room",
                              .event = "message",
                              .type = type,
                              .data = data,
                              .size_bytes = len,
                              .time_ms = 1700000000123};
}

static void
encode(const struct queue_row *row, enum encoding encoding)
{
    bytes_consume(&out, out.len);
    encode_message(&out, row, "7-abcdefgh", encoding);
}

static void
assert_bare(const char *data, const char *expected)
{
    struct queue_row row = row_of(QUEUE_TEXT, data, strlen(data));
    encode(&row, ENCODING_SSE_BARE);
    assert_bytes(out.data, out.len, expected);
}

/* -- events ------------------------------------------------------------- */

TEST(an_event_has_its_id_and_its_data)
{
    assert_bare("hello", "id: 7-abcdefgh\ndata: hello\n\n");
}

TEST(empty_data_has_a_data_line_all_the_same)
{
    assert_bare("", "id: 7-abcdefgh\ndata: \n\n");
}

TEST(an_event_that_is_named_says_its_name)
{
    struct queue_row row = row_of(QUEUE_TEXT, "x", 1);
    row.event = "news: today";
    encode(&row, ENCODING_SSE_BARE);
    assert_bytes(out.data, out.len,
                 "id: 7-abcdefgh\nevent: news: today\ndata: x\n\n");
}

/* HTML 9.2.6: a reader joins the lines with LF. */
TEST(data_is_split_at_every_kind_of_line_end)
{
    static const char *const cases[][2] = {
        {"a\nb", "data: a\ndata: b\n"},
        {"a\rb", "data: a\ndata: b\n"},
        {"a\r\nb", "data: a\ndata: b\n"},
        {"a\n\rb", "data: a\ndata: \ndata: b\n"},
        {"a\r\rb", "data: a\ndata: \ndata: b\n"},
        {"a\r\n\r\nb", "data: a\ndata: \ndata: b\n"},
        {"\n", "data: \ndata: \n"},
        {"\r", "data: \ndata: \n"},
        {"\r\n", "data: \ndata: \n"},
        {"a\n", "data: a\ndata: \n"},
        {"a\r\n", "data: a\ndata: \n"},
        {"\na", "data: \ndata: a\n"},
        {"a\nid: 9\nevent: x\n\ndata: y",
         "data: a\ndata: id: 9\ndata: event: x\ndata: \ndata: data: y\n"},
        {" a", "data:  a\n"},
        {"\xe2\x80\xa8", "data: \xe2\x80\xa8\n"}, /* no line end in SSE */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char expected[256];
        snprintf(expected, sizeof expected, "id: 7-abcdefgh\n%s\n",
                 cases[i][1]);
        assert_bare(cases[i][0], expected);
    }
}

TEST(binary_data_is_base64_in_an_event)
{
    struct queue_row row = row_of(QUEUE_BINARY, "\n\0\xff", 3);
    encode(&row, ENCODING_SSE_BARE);
    assert_bytes(out.data, out.len, "id: 7-abcdefgh\ndata: CgD/\n\n");
    row.size_bytes = 0;
    encode(&row, ENCODING_SSE_BARE);
    assert_bytes(out.data, out.len, "id: 7-abcdefgh\ndata: \n\n");
}

TEST(an_event_s_json_is_one_line)
{
    struct queue_row row = row_of(QUEUE_TEXT, "a\r\nb", 4);
    row.event = "e";
    encode(&row, ENCODING_SSE_JSON);
    assert_bytes(out.data, out.len,
                 "id: 7-abcdefgh\nevent: e\n"
                 "data: {\"id\":\"7-abcdefgh\",\"channel\":\"room\","
                 "\"event\":\"e\",\"data\":\"a\\r\\nb\",\"type\":\"text\","
                 "\"time\":1700000000123}\n\n");
}

TEST(a_notice_carries_its_cursor_as_id_and_data)
{
    encode_sse_notice(&out, "earshot.lost", "5-abcdefgh");
    assert_bytes(out.data, out.len,
                 "id: 5-abcdefgh\nevent: earshot.lost\n"
                 "data: {\"cursor\":\"5-abcdefgh\"}\n\n");
}

/* A row that another program wrote past the schema's guard: whatever its
 * event holds, it adds no line. */
TEST(an_event_s_name_cannot_begin_a_line)
{
    static const char *const names[] = {"a\ndata: b", "a\rid: 9", "\r\n\r\nx",
                                        "\n"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct queue_row row = row_of(QUEUE_TEXT, "x", 1);
        row.event = names[i];
        encode(&row, ENCODING_SSE_BARE);
        int lines = 0;
        for (size_t at = 0; at < out.len; at++) {
            lines += out.data[at] == '\n';
            assert_int_not_equal(out.data[at], '\r');
        }
        assert_int_equal(lines, 4); /* id, event, data, and the empty one */
    }
}

/* -- JSON --------------------------------------------------------------- */

TEST(a_message_in_json_has_its_members)
{
    struct queue_row row = row_of(QUEUE_TEXT, "hi", 2);
    row.from = "me_1";
    encode(&row, ENCODING_JSON);
    assert_bytes(out.data, out.len,
                 "{\"id\":\"7-abcdefgh\",\"channel\":\"room\","
                 "\"event\":\"message\",\"data\":\"hi\",\"type\":\"text\","
                 "\"time\":1700000000123,\"from\":\"me_1\"}");
}

static void
assert_data(enum queue_type type, const char *data, size_t len,
            const char *type_name, const char *expected)
{
    struct queue_row row = row_of(type, data, len);
    encode(&row, ENCODING_JSON);
    struct json_object object;
    assert_null(json_object_read(out.data, out.len, &object));
    assert_int_equal(object.count, 6);
    assert_string_equal(json_object_get(&object, "data")->text, expected);
    assert_true(json_object_get(&object, "data")->is_string);
    assert_string_equal(json_object_get(&object, "type")->text, type_name);
    assert_string_equal(json_object_get(&object, "time")->text,
                        "1700000000123");
    json_object_fini(&object);
}

TEST(data_in_json_is_always_a_string)
{
    assert_data(QUEUE_TEXT, "a \"b\" \\ \n\r\t\x01\x7f", 13, "text",
                "a \"b\" \\ \n\r\t\x01\x7f");
    assert_data(QUEUE_JSON, "{\"a\":[1]}", 9, "json", "{\"a\":[1]}");
    assert_data(QUEUE_JSON, "not json at all", 15, "json", "not json at all");
    assert_data(QUEUE_BINARY, "\0\1\2\3", 4, "binary", "AAECAw==");
    assert_data(QUEUE_TEXT, "", 0, "text", "");
}

TEST(nothing_that_is_published_adds_a_member)
{
    static const char hostile[] = "\",\"from\":\"admin\",\"x\":\"\\";
    struct queue_row row = row_of(QUEUE_TEXT, hostile, sizeof hostile - 1);
    row.event = "e\",\"id\":\"1";
    encode(&row, ENCODING_JSON);
    struct json_object object;
    assert_null(json_object_read(out.data, out.len, &object));
    assert_int_equal(object.count, 6);
    assert_null(json_object_get(&object, "from"));
    assert_string_equal(json_object_get(&object, "data")->text, hostile);
    assert_string_equal(json_object_get(&object, "event")->text, row.event);
    json_object_fini(&object);
}

TEST(line_separators_never_stand_bare_in_json)
{
    static const char data[] = "a\xe2\x80\xa8"
                               "b\xe2\x80\xa9";
    struct queue_row row = row_of(QUEUE_TEXT, data, sizeof data - 1);
    encode(&row, ENCODING_JSON);
    bytes_append_char(&out, '\0');
    assert_non_null(strstr(out.data, "\"a\\u2028b\\u2029\""));
}

/* -- once for all ------------------------------------------------------- */

TEST(a_message_is_encoded_once_for_each_encoding)
{
    struct queue_row row = row_of(QUEUE_TEXT, "x", 1);
    struct message message;
    message_init(&message, &row, "k3f9x2ab");
    assert_string_equal(message.cursor, "7-k3f9x2ab");
    struct shared *json = message_encoded(&message, ENCODING_JSON);
    struct shared *bare = message_encoded(&message, ENCODING_SSE_BARE);
    assert_ptr_not_equal(json, bare);
    assert_ptr_equal(message_encoded(&message, ENCODING_JSON), json);
    assert_ptr_equal(message_encoded(&message, ENCODING_SSE_BARE), bare);
    shared_hold(bare);
    message_fini(&message);
    assert_bytes(bare->data, bare->len, "id: 7-k3f9x2ab\ndata: x\n\n");
    shared_release(bare);
}

/* -- frames ------------------------------------------------------------- */

/* The length of a frame with SIZE bytes, and its header in OUT. */
static void
assert_frame_header(size_t size, const char *header, size_t header_len)
{
    char *data = calloc(1, size + 1);
    bytes_consume(&out, out.len);
    encode_frame(&out, FRAME_BINARY, data, size);
    assert_int_equal(out.len, header_len + size);
    assert_memory_equal(out.data, header, header_len);
    free(data);
}

TEST(a_frame_says_its_length_in_as_few_bytes_as_will_do)
{
    assert_frame_header(0, "\x82\x00", 2);
    assert_frame_header(125, "\x82\x7d", 2);
    assert_frame_header(126, "\x82\x7e\x00\x7e", 4);
    assert_frame_header(65535, "\x82\x7e\xff\xff", 4);
}

TEST(what_two_bytes_of_length_cannot_say_is_sent_in_fragments)
{
    static char data[2 * 65535 + 1];
    memset(data, 'x', sizeof data);
    bytes_consume(&out, out.len);
    encode_frame(&out, FRAME_TEXT, data, sizeof data);
    assert_int_equal(out.len, sizeof data + 4 + 4 + 2);
    assert_memory_equal(out.data, "\x01\x7e\xff\xff", 4);
    assert_memory_equal(out.data + 4 + 65535, "\x00\x7e\xff\xff", 4);
    assert_memory_equal(out.data + out.len - 3, "\x80\x01x", 3);
    bytes_consume(&out, out.len);
    encode_frame(&out, FRAME_TEXT, data, 65536);
    assert_memory_equal(out.data + out.len - 3, "\x80\x01x", 3);
}

TEST(a_message_in_a_frame_is_the_json_of_a_poll)
{
    struct queue_row row = row_of(QUEUE_TEXT, "hello", 5);
    encode(&row, ENCODING_JSON);
    char *json = xmemdup0(out.data, out.len);
    size_t len = out.len;
    encode(&row, ENCODING_WS_JSON);
    assert_int_equal(out.data[0], (char)0x81);
    assert_memory_equal(out.data + out.len - len, json, len);
    free(json);
}

TEST(a_bare_frame_is_the_data_and_says_whether_it_is_text)
{
    struct queue_row row = row_of(QUEUE_TEXT, "hello", 5);
    encode(&row, ENCODING_WS_RAW);
    assert_bytes(out.data, out.len, "\x81\x05hello");
    row.type = QUEUE_JSON;
    encode(&row, ENCODING_WS_RAW);
    assert_bytes(out.data, out.len, "\x81\x05hello");
    row.type = QUEUE_BINARY;
    encode(&row, ENCODING_WS_RAW);
    assert_bytes(out.data, out.len, "\x82\x05hello");
}

#define CODE(name) cmocka_unit_test_teardown(name, end)

RUN(CODE(an_event_has_its_id_and_its_data),
    CODE(empty_data_has_a_data_line_all_the_same),
    CODE(an_event_that_is_named_says_its_name),
    CODE(data_is_split_at_every_kind_of_line_end),
    CODE(binary_data_is_base64_in_an_event), CODE(an_event_s_json_is_one_line),
    CODE(a_notice_carries_its_cursor_as_id_and_data),
    CODE(an_event_s_name_cannot_begin_a_line),
    CODE(a_message_in_json_has_its_members),
    CODE(data_in_json_is_always_a_string),
    CODE(nothing_that_is_published_adds_a_member),
    CODE(line_separators_never_stand_bare_in_json),
    CODE(a_message_is_encoded_once_for_each_encoding),
    CODE(a_frame_says_its_length_in_as_few_bytes_as_will_do),
    CODE(what_two_bytes_of_length_cannot_say_is_sent_in_fragments),
    CODE(a_message_in_a_frame_is_the_json_of_a_poll),
    CODE(a_bare_frame_is_the_data_and_says_whether_it_is_text))

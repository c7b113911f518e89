#include "base/json.h"

#include "check.h"

/* -- writing ------------------------------------------------------------ */

static void
assert_written(const char *text, size_t len, const char *expected)
{
    struct bytes bytes = BYTES_EMPTY;
    json_append_string(&bytes, text, len);
    assert_bytes(bytes.data, bytes.len, expected);
    bytes_fini(&bytes);
}

#define WRITES(literal, expected)                                              \
    assert_written(literal, sizeof literal - 1, expected)

TEST(a_string_is_escaped_as_rfc_8259_wants)
{
    WRITES("", "\"\"");
    WRITES("plain", "\"plain\"");
    WRITES("a\"b\\c/d", "\"a\\\"b\\\\c/d\"");
    WRITES("\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"");
    WRITES("\0", "\"\\u0000\"");
    WRITES("x\x01\x1f", "\"x\\u0001\\u001f\"");
    WRITES("\x7f", "\"\\u007f\"");
    WRITES("\xc3\xa4\xe4\xb8\xad\xf0\x9f\x90\xa6",
           "\"\xc3\xa4\xe4\xb8\xad\xf0\x9f\x90\xa6\"");
}

TEST(line_separators_are_escaped_and_their_neighbours_are_not)
{
    WRITES("\xe2\x80\xa8", "\"\\u2028\"");
    WRITES("a\xe2\x80\xa9z", "\"a\\u2029z\"");
    WRITES("\xe2\x80\xa7\xe2\x80\xaa", "\"\xe2\x80\xa7\xe2\x80\xaa\"");
    WRITES("\xe2\x82\xac", "\"\xe2\x82\xac\"");
    WRITES("\xe2\x80", "\"\xe2\x80\""); /* cut: nothing is read behind it */
}

/* -- reading ------------------------------------------------------------ */

/* From a copy of exactly its size: a sanitizer sees a byte too many. */
static const char *
read_text(const char *text, size_t len, struct json_object *object)
{
    char *copy = malloc(len ? len : 1);
    memcpy(copy, text, len);
    const char *wrong = json_object_read(copy, len, object);
    free(copy);
    return wrong;
}

static void
assert_member(const struct json_object *object, const char *name,
              bool is_string, const char *text)
{
    const struct json_member *member = json_object_get(object, name);
    assert_non_null(member);
    assert_int_equal(member->is_string, is_string);
    assert_string_equal(member->text, text);
    assert_int_equal(member->size_bytes, strlen(text));
}

static void
assert_one(const char *json, bool is_string, const char *text)
{
    struct json_object object;
    const char *wrong = read_text(json, strlen(json), &object);
    if (wrong)
        fail_msg("%s: %s", json, wrong);
    assert_int_equal(object.count, 1);
    assert_member(&object, "data", is_string, text);
    json_object_fini(&object);
}

TEST(strings_are_decoded)
{
    assert_one("{\"data\":\"\"}", true, "");
    assert_one("{\"data\":\"a\\n\\\"\\\\\\/\\u00e4\"}", true,
               "a\n\"\\/\xc3\xa4");
    assert_one("{\"data\":\"\\ud83d\\udc26\"}", true, "\xf0\x9f\x90\xa6");
    assert_one("{\"d\\u0061ta\":\"x\"}", true, "x");
    assert_one("{\"data\":\"\\\\u0000\"}", true, "\\u0000");
}

TEST(what_is_no_string_keeps_its_own_text)
{
    static const char *const values[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1",
        "-1.50e+3",
        "1E400",
        "123456789012345678901234567890",
        "[]",
        "{}",
        "[1, 2,\t3]",
        "{\"a\" : {\"b\":[\"}\",\"\\\"]\"]}}",
        "[\"\\u00e4\\\\\"]",
        "{\"data\":\"inner\"}",
    };
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        char json[128];
        snprintf(json, sizeof json, "{\"data\":%s}", values[i]);
        assert_one(json, false, values[i]);
        snprintf(json, sizeof json, " \t\r\n{ \"data\" \r: %s\n} \n",
                 values[i]);
        assert_one(json, false, values[i]);
    }
}

TEST(every_member_has_its_own_value)
{
    static const char json[] =
        "{\"a\":[1,{\"b\":2}],\"b\":\"t\", \"c\" : -3.5 ,\"\":{},\"d\":null}";
    struct json_object object;
    assert_null(read_text(json, sizeof json - 1, &object));
    assert_int_equal(object.count, 5);
    assert_member(&object, "a", false, "[1,{\"b\":2}]");
    assert_member(&object, "b", true, "t");
    assert_member(&object, "c", false, "-3.5");
    assert_member(&object, "", false, "{}");
    assert_member(&object, "d", false, "null");
    assert_null(json_object_get(&object, "e"));
    json_object_fini(&object);
    assert_int_equal(object.count, 0);
}

TEST(an_empty_object_has_no_members)
{
    struct json_object object;
    assert_null(read_text("{ }", 3, &object));
    assert_int_equal(object.count, 0);
    assert_null(json_object_get(&object, "data"));
    json_object_fini(&object);
}

#define TEXT(literal)                                                          \
    {                                                                          \
        literal, sizeof literal - 1                                            \
    }

static const struct {
    const char *text;
    size_t len;
} refused[] = {
    TEXT(""),
    TEXT(" "),
    TEXT("x"),
    TEXT("null"),
    TEXT("1"),
    TEXT("[]"),
    TEXT("\"{}\""),
    TEXT("{"),
    TEXT("}"),
    TEXT("{}}"),
    TEXT("{}{}"),
    TEXT("{} x"),
    TEXT("{}\0"),
    TEXT("{\"a\":1"),
    TEXT("{\"a\":}"),
    TEXT("{\"a\"}"),
    TEXT("{\"a\":1,}"),
    TEXT("{,}"),
    TEXT("{a:1}"),
    TEXT("{'a':1}"),
    TEXT("{\"a\":1 \"b\":2}"),
    TEXT("{\"a\":[1,]}"),
    TEXT("{\"a\":\"b}"),
    TEXT("{\"a\":nul}"),
    TEXT("{\"a\":True}"),
    TEXT("{\"a\":nan}"),
    TEXT("{\"a\":\"\\x\"}"),
    TEXT("{\"a\":\"\\u12\"}"),
    TEXT("{\"a\":1}/**/"),
    /* numbers that are none (RFC 8259, section 6) */
    TEXT("{\"a\":01}"),
    TEXT("{\"a\":+1}"),
    TEXT("{\"a\":.5}"),
    TEXT("{\"a\":1.}"),
    TEXT("{\"a\":-}"),
    TEXT("{\"a\":-.5}"),
    TEXT("{\"a\":1e}"),
    TEXT("{\"a\":1.e5}"),
    TEXT("{\"a\":-01}"),
    TEXT("{\"a\":[1,[00]]}"),
    TEXT("{\"a\":0x10}"),
    TEXT("{\"a\":1e+}"),
    TEXT("{\"a\":1-2}"),
    /* lone surrogates */
    TEXT("{\"a\":\"\\ud800\"}"),
    TEXT("{\"a\":\"\\udc00\"}"),
    TEXT("{\"a\":\"\\ud83d\\u0041\"}"),
    TEXT("{\"a\":[\"\\ud800\"]}"),
    /* NUL, plain and escaped, in names and in values of every kind */
    TEXT("{\"a\":\"\0\"}"),
    TEXT("{\"a\":\"b\\u0000c\"}"),
    TEXT("{\"a\\u0000\":1}"),
    TEXT("{\"a\":[\"\\u0000\"]}"),
    TEXT("{\"a\":\"\\\\\\u0000\"}"),
    /* a name twice, also when it is spelled in two ways */
    TEXT("{\"a\":{\"b\":1,\"b\":1}}"),
    TEXT("{\"a\":[{\"b\":1,\"b\":1}]}"),
    TEXT("{\"a\":1,\"a\":1}"),
    TEXT("{\"a\":1,\"b\":2,\"\\u0061\":3}"),
    /* raw control characters, in strings and where blanks may stand */
    TEXT("{\"a\":\"\n\"}"),
    TEXT("{\"a\":\"\t\"}"),
    TEXT("{\"\x1f\":1}"),
    TEXT("{\"a\":\"\\\\\n\"}"),
    TEXT("{\"a\"\x0b:1}"),
    TEXT("{\x01}"),
    TEXT("{\"a\":\x0c[1]}"),
    TEXT("{}\x02"),
    TEXT("\x1f{}"),
    TEXT("{\"a\":1,\x0b\"b\":2}"),
    /* a byte order mark: cJSON would step over it */
    TEXT("\xef\xbb\xbf{}"),
    TEXT("\xef\xbb\xbf{\"a\":1}"),
    TEXT("\xef\xbb\xbf{\"a\":[1],\"b\":\"c\"}"),
    /* bytes that are not UTF-8 */
    TEXT("{\"a\":\"\xff\"}"),
    TEXT("{\"\xc3\":1}"),
    TEXT("\xfe\xff"),
    TEXT("{\"a\":\"\xed\xa0\x80\"}"),
};

TEST(what_is_not_exactly_one_object_is_refused)
{
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct json_object object = {.count = 42};
        const char *wrong = read_text(refused[i].text, refused[i].len, &object);
        if (!wrong)
            fail_msg("accepted: %s", refused[i].text);
        assert_int_equal(object.count, 42);
        assert_null(object.members);
    }
}

TEST(every_text_that_is_cut_short_is_refused)
{
    static const char json[] =
        "{\"a\":[1,{\"b\":\"\\u00e4\"}],\"c\":\"\xc3\xa4\",\"d\":-1.5e3}";
    struct json_object object;
    for (size_t len = 0; len < sizeof json - 1; len++)
        assert_non_null(read_text(json, len, &object));
    assert_null(read_text(json, sizeof json - 1, &object));
    json_object_fini(&object);
}

TEST(members_are_limited)
{
    struct bytes json = BYTES_EMPTY;
    for (int count = 64; count <= 65; count++) {
        bytes_append_char(&json, '{');
        for (int i = 0; i < count; i++)
            bytes_printf(&json, "%s\"m%d\":%d", i ? "," : "", i, i);
        bytes_append_char(&json, '}');
        struct json_object object;
        const char *wrong = read_text(json.data, json.len, &object);
        if (count == 64) {
            assert_null(wrong);
            assert_int_equal(object.count, 64);
            assert_member(&object, "m63", false, "63");
            json_object_fini(&object);
        } else {
            assert_non_null(strstr(wrong, "64"));
        }
        bytes_consume(&json, json.len);
    }
    bytes_fini(&json);
}

TEST(nesting_without_end_is_refused)
{
    enum { DEPTH = 200000 };
    struct bytes json = BYTES_EMPTY;
    bytes_append_string(&json, "{\"a\":");
    for (int i = 0; i < DEPTH; i++)
        bytes_append_char(&json, '[');
    for (int i = 0; i < DEPTH; i++)
        bytes_append_char(&json, ']');
    bytes_append_char(&json, '}');
    struct json_object object;
    assert_non_null(read_text(json.data, json.len, &object));
    bytes_fini(&json);
}

TEST(what_is_written_is_read_as_it_was)
{
    /* All of ASCII but NUL, and the characters that are escaped besides. */
    char text[160];
    size_t len = 0;
    for (int c = 1; c < 128; c++)
        text[len++] = (char)c;
    memcpy(text + len, "\xe2\x80\xa8\xe2\x80\xa9\xc3\xa4", 9);
    text[len + 8] = '\0';
    struct bytes json = BYTES_EMPTY;
    bytes_append_string(&json, "{\"data\":");
    json_append_string(&json, text, strlen(text));
    bytes_append_char(&json, '}');
    struct json_object object;
    assert_null(read_text(json.data, json.len, &object));
    assert_member(&object, "data", true, text);
    json_object_fini(&object);
    bytes_fini(&json);
}

RUN(LISTED(a_string_is_escaped_as_rfc_8259_wants),
    LISTED(line_separators_are_escaped_and_their_neighbours_are_not),
    LISTED(strings_are_decoded), LISTED(what_is_no_string_keeps_its_own_text),
    LISTED(every_member_has_its_own_value),
    LISTED(an_empty_object_has_no_members),
    LISTED(what_is_not_exactly_one_object_is_refused),
    LISTED(every_text_that_is_cut_short_is_refused),
    LISTED(members_are_limited), LISTED(nesting_without_end_is_refused),
    LISTED(what_is_written_is_read_as_it_was))

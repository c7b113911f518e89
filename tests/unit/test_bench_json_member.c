/* A member of a JSON object, found without parsing the rest. */

#include "client/json_member.h"

#include "check.h"

/* What is found under NAME in JSON, decoded if it is a string: "" when nothing
 * is. It is looked for in a copy of exactly its size. */
static const char *
found(const char *json, const char *name)
{
    static char text[256];
    size_t len = strlen(json);
    char *copy = malloc(len ? len : 1);
    memcpy(copy, json, len);
    struct json_text value;
    text[0] = '\0';
    if (json_member_find(copy, len, name, &value)) {
        assert_true(value.len < sizeof text);
        assert_true(value.data >= copy && value.data + value.len <= copy + len);
        if (value.is_string)
            len = json_text_decode(&value, text);
        else
            memcpy(text, value.data, len = value.len);
        assert_true(len <= value.len);
        text[len] = '\0';
    }
    free(copy);
    return text;
}

#define assert_found(json, name, expected)                                     \
    assert_string_equal(found(json, name), expected)

TEST(a_member_is_found_wherever_it_stands)
{
    assert_found("{\"cursor\":\"1042-k3f9x2ab\"}", "cursor", "1042-k3f9x2ab");
    assert_found(" { \"a\" : 1 ,\n\t\"cursor\" : \"x\" , \"b\" : 2 } ",
                 "cursor", "x");
    assert_found("{\"messages\":[{\"cursor\":\"no\"}],\"more\":{\"cursor\":0,"
                 "\"x\":[[],{}]},\"cursor\":\"yes\"}",
                 "cursor", "yes");
    assert_found("{\"cursor\":\"first\",\"cursor\":\"second\"}", "cursor",
                 "first");
    assert_found("{\"\":\"empty\"}", "", "empty");
}

TEST(values_that_are_no_strings_are_given_as_they_are)
{
    assert_found("{\"id\":42}", "id", "42");
    assert_found("{\"id\":-1.5e3 ,\"x\":0}", "id", "-1.5e3");
    assert_found("{\"id\":null}", "id", "null");
    assert_found("{\"id\":[1,\"]\",{}]}", "id", "[1,\"]\",{}]");
    assert_found("{\"id\":{\"a\":\"}\"}}", "id", "{\"a\":\"}\"}");
}

TEST(strings_may_hold_quotes_backslashes_and_brackets)
{
    assert_found("{\"a\":\"}]\\\"cursor\\\":\\\"no\\\\\",\"cursor\":\"yes\"}",
                 "cursor", "yes");
    assert_found("{\"a\":\"\\\\\\\\\\\"\",\"cursor\":\"y\\\"es\\\\\"}",
                 "cursor", "y\"es\\");
}

TEST(escapes_are_undone_in_values_and_in_names)
{
    assert_found("{\"c\\u0075rsor\":\"x\"}", "cursor", "x");
    assert_found("{\"c\":\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"}", "c",
                 "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    assert_found("{\"c\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "c",
                 "\"\\/\b\f\n\r\t");
    assert_found("{\"c\":\"\\ud83d!\"}", "c", "\xef\xbf\xbd!");
    assert_found("{\"c\":\"\\ude00\\ud83d\\u0041\"}", "c",
                 "\xef\xbf\xbd\xef\xbf\xbd"
                 "A");
    assert_found("{\"c\":\"\\u12g4\\x\"}", "c", "\\u12g4\\x");
}

TEST(what_is_not_there_is_not_found)
{
    assert_found("{}", "cursor", "");
    assert_found("{\"curso\":\"x\",\"cursors\":\"y\",\"Cursor\":\"z\"}",
                 "cursor", "");
    assert_found("{\"a\":\"cursor\"}", "cursor", "");
    assert_found("[\"cursor\",\"x\"]", "cursor", "");
    assert_found("\"cursor\"", "cursor", "");
    assert_found("", "cursor", "");
    assert_found("   ", "cursor", "");
}

TEST(an_object_that_is_cut_gives_nothing_of_what_is_cut)
{
    static const char json[] = "{\"a\":[1,{\"b\":\"\\\"\"}],\"cursor\":\"x\"}";
    for (size_t len = 0; len < sizeof json - 2; len++) {
        struct json_text value;
        char *copy = malloc(len ? len : 1);
        memcpy(copy, json, len);
        assert_false(json_member_find(copy, len, "cursor", &value));
        free(copy);
    }
    assert_found("{\"a\":[],\"cursor\":\"x\"", "cursor", "x");
    assert_found("{\"id\":12", "id", "");
}

TEST(broken_objects_give_nothing)
{
    static const char *const broken[] = {"{cursor:\"x\"}",
                                         "{\"a\" 1,\"cursor\":\"x\"}",
                                         "{,\"cursor\":\"x\"}",
                                         "{\"a\":,\"cursor\":\"x\"}",
                                         "{\"a\":1 \"cursor\":\"x\"}",
                                         "{\"a\":[,\"cursor\":\"x\"}",
                                         "{\"a\":1}{\"cursor\":\"x\"}",
                                         "{\"cursor\"}",
                                         "{\"cursor\":}",
                                         "{\"cursor\":\"x",
                                         "{'cursor':'x'}",
                                         "{\"a\":]\",\"cursor\":\"x\"}"};
    for (size_t i = 0; i < COUNT_OF(broken); i++)
        assert_found(broken[i], "cursor", "");
}

TEST(the_first_of_several_names_that_is_there_counts)
{
    static const char json[] = "{\"cursor\":\"c\",\"id\":\"i\"}";
    struct json_text value;
    size_t len = sizeof json - 1;
    assert_true(json_member_any(json, len, "id,cursor", &value));
    assert_bytes(value.data, value.len, "i");
    assert_true(json_member_any(json, len, "ids,cursor", &value));
    assert_bytes(value.data, value.len, "c");
    assert_true(json_member_any(json, len, "cursor", &value));
    assert_bytes(value.data, value.len, "c");
    assert_false(json_member_any(json, len, "ids,curso,", &value));
}

TEST(a_value_is_passed_over)
{
    static const char json[] = " \"a\\\"]\" , [1,[2]], 3]";
    const char *at = json, *end = json + sizeof json - 1;
    assert_true(json_skip_value(&at, end));
    assert_string_equal(at, " , [1,[2]], 3]");
    at += 2;
    assert_true(json_skip_value(&at, end));
    assert_string_equal(at, ", 3]");
    at += 1;
    assert_true(json_skip_value(&at, end));
    assert_string_equal(at, "]");
    assert_false(json_skip_value(&at, end));
    assert_string_equal(at, "]");
}

TEST(many_escapes_take_no_longer_than_they_are_long)
{
    size_t len = 4 * 1024 * 1024;
    char *json = malloc(len);
    for (size_t i = 0; i < len; i += 2)
        memcpy(json + i, "\\n", 2);
    memcpy(json, "{\"a\":\"", 6);
    memcpy(json + len - 12, "\",\"cu\":\"yes\"", 12);
    struct json_text value;
    assert_true(json_member_find(json, len, "cu", &value));
    assert_bytes(value.data, value.len, "yes");
    free(json);
}

RUN(LISTED(a_member_is_found_wherever_it_stands),
    LISTED(values_that_are_no_strings_are_given_as_they_are),
    LISTED(strings_may_hold_quotes_backslashes_and_brackets),
    LISTED(escapes_are_undone_in_values_and_in_names),
    LISTED(what_is_not_there_is_not_found),
    LISTED(an_object_that_is_cut_gives_nothing_of_what_is_cut),
    LISTED(broken_objects_give_nothing),
    LISTED(the_first_of_several_names_that_is_there_counts),
    LISTED(a_value_is_passed_over),
    LISTED(many_escapes_take_no_longer_than_they_are_long))

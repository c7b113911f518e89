#include "query.h"

#include "check.h"

static void
assert_decoded(const char *text, bool is_form, const char *expected)
{
    size_t len = strlen(text);
    char *out = malloc(len + 1);
    assert_true(percent_decode(out, text, len, is_form));
    assert_string_equal(out, expected);
    free(out);
}

TEST(percent_escapes_are_decoded)
{
    assert_decoded("", false, "");
    assert_decoded("plain", false, "plain");
    assert_decoded("%41%62%2f%2F", false, "Ab//");
    assert_decoded("%c3%A4", false, "\xc3\xa4");
    assert_decoded("%2541", false, "%41"); /* once, not twice */
    assert_decoded("%01%ff", false, "\x01\xff");
}

TEST(a_plus_is_a_blank_in_forms_only)
{
    assert_decoded("a+b%2b", true, "a b+");
    assert_decoded("a+b%2b", false, "a+b+");
}

TEST(every_escape_that_is_none_is_refused)
{
    static const char *const bad[] = {"%",   "a%",   "%4",  "%g1",
                                      "%1g", "%%41", "%-1", "% 1",
                                      "%+1", "%0x",  "%00", "a%00b"};
    char out[16];
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(percent_decode(out, bad[i], strlen(bad[i]), true));
}

TEST(an_escape_does_not_reach_beyond_its_text)
{
    char out[16];
    assert_false(percent_decode(out, "%41", 2, false));
    assert_false(percent_decode(out, "%41", 1, false));
    assert_true(percent_decode(out, "a%41", 1, false));
    assert_string_equal(out, "a");
}

TEST(an_empty_query_has_nothing)
{
    struct query query;
    assert_true(query_read(&query, ""));
    assert_null(query.after);
    assert_null(query.last);
    assert_null(query.wait);
    assert_null(query.format);
    assert_null(query.event);
    assert_null(query.from);
    query_fini(&query);
}

TEST(known_parameters_are_found_among_others)
{
    struct query query;
    assert_true(query_read(&query,
                           "utm=%zz&after=12-abc&&x&last=5&=&wait=0.5&"
                           "format=json&event=a%20b+c&from=me&afterwards=1"));
    assert_string_equal(query.after, "12-abc");
    assert_string_equal(query.last, "5");
    assert_string_equal(query.wait, "0.5");
    assert_string_equal(query.format, "json");
    assert_string_equal(query.event, "a b c");
    assert_string_equal(query.from, "me");
    query_fini(&query);
}

TEST(a_name_must_be_whole)
{
    struct query query;
    assert_true(query_read(&query, "afte=1&afterr=2&After=3&waits=4"));
    assert_null(query.after);
    assert_null(query.wait);
    query_fini(&query);
}

TEST(the_first_of_two_counts)
{
    struct query query;
    assert_true(query_read(&query, "wait=1&wait=2&last=&last=3"));
    assert_string_equal(query.wait, "1");
    assert_string_equal(query.last, "");
    query_fini(&query);
}

TEST(a_parameter_without_a_value_is_empty)
{
    struct query query;
    assert_true(query_read(&query, "after&wait=&from=a=b&event"));
    assert_string_equal(query.after, "");
    assert_string_equal(query.wait, "");
    assert_string_equal(query.from, "a=b");
    assert_string_equal(query.event, "");
    query_fini(&query);
}

TEST(a_known_value_with_a_bad_escape_is_refused)
{
    static const char *const bad[] = {"after=%", "x=1&wait=%0", "event=%00",
                                      "from=%zz&after=1"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct query query;
        assert_false(query_read(&query, bad[i]));
        query_fini(&query);
        assert_null(query.storage);
    }
}

RUN(LISTED(percent_escapes_are_decoded),
    LISTED(a_plus_is_a_blank_in_forms_only),
    LISTED(every_escape_that_is_none_is_refused),
    LISTED(an_escape_does_not_reach_beyond_its_text),
    LISTED(an_empty_query_has_nothing),
    LISTED(known_parameters_are_found_among_others),
    LISTED(a_name_must_be_whole), LISTED(the_first_of_two_counts),
    LISTED(a_parameter_without_a_value_is_empty),
    LISTED(a_known_value_with_a_bad_escape_is_refused))

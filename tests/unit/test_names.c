/* Names and cursors: what goes into addresses, headers and `id:` lines. */
#include "hub/names.h"

#include "check.h"
#include "hub/cursor.h"

static const char alphanumerics[] = "0123456789abcdefghijklmnopqrstuvwxyz"
                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

static bool
is_one_of(unsigned c, const char *more)
{
    return c && (strchr(alphanumerics, (int)c) || strchr(more, (int)c));
}

/* What each rule says of every byte, first and later in a name. */
TEST(every_byte_is_judged_as_the_rules_say)
{
    for (unsigned c = 0; c < 256; c++) {
        const char first[1] = {(char)c};
        const char later[2] = {'a', (char)c};
        assert_int_equal(name_is_channel(first, 1), is_one_of(c, ""));
        assert_int_equal(name_is_channel(later, 2), is_one_of(c, "._~-"));
        assert_int_equal(name_is_from(first, 1), is_one_of(c, "_-"));
        assert_int_equal(name_is_from(later, 2), is_one_of(c, "_-"));
        assert_int_equal(name_is_key(later, 2), c > 0x20 && c < 0x7f);
        assert_int_equal(name_is_event(later, 2, 128), c >= 0x20 && c < 0x7f);
    }
}

TEST(names_have_lengths)
{
    char name[300];
    memset(name, 'a', sizeof name);
    static const struct {
        size_t len;
        bool channel, event, from, key;
    } cases[] = {
        {0, false, false, false, false},  {1, true, true, true, true},
        {64, true, true, true, true},     {65, true, true, false, true},
        {128, true, true, false, true},   {129, false, false, false, true},
        {255, false, false, false, true}, {256, false, false, false, false}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t len = cases[i].len;
        assert_int_equal(name_is_channel(name, len), cases[i].channel);
        assert_int_equal(name_is_event(name, len, 128), cases[i].event);
        assert_int_equal(name_is_from(name, len), cases[i].from);
        assert_int_equal(name_is_key(name, len), cases[i].key);
    }
    assert_true(name_is_event(name, 5, 5));
    assert_false(name_is_event(name, 6, 5));
}

#define EVENT(literal) name_is_event(literal, sizeof literal - 1, 128)

TEST(an_event_is_any_printable_text_but_our_own)
{
    assert_true(EVENT("message"));
    assert_true(EVENT("\xe6\xb6\x88\xe6\x81\xaf: a b"));
    assert_true(EVENT("earshot"));
    assert_true(EVENT("Earshot.open"));
    assert_true(EVENT("my.earshot.open"));
    assert_false(EVENT("earshot."));
    assert_false(EVENT("earshot.open"));
    assert_false(EVENT("earshot.anything"));
    assert_false(EVENT("a\nid: 1"));
    assert_false(EVENT("a\rb"));
    assert_false(EVENT("a\0b"));
    assert_false(EVENT("\xff"));
    assert_false(EVENT("\xc2\x85")); /* U+0085, a line end to some */
}

/* -- cursors ------------------------------------------------------------ */

static const char epoch[] = "k3f9x2ab";

TEST(a_cursor_is_read_as_it_was_written)
{
    static const int64_t ids[] = {
        0, 1, 9, 10, 1042, INT64_C(1) << 40, INT64_C(9007199254740991)};
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        char cursor[CURSOR_SIZE];
        int64_t id = -1;
        size_t len = cursor_format(cursor, ids[i], epoch);
        assert_int_equal(len, strlen(cursor));
        assert_true(len < CURSOR_SIZE);
        assert_true(cursor_parse(cursor, epoch, &id));
        assert_true(id == ids[i]);
    }
    char cursor[CURSOR_SIZE];
    cursor_format(cursor, 1042, epoch);
    assert_string_equal(cursor, "1042-k3f9x2ab");
}

TEST(what_no_cursor_was_written_as_is_none)
{
    static const char *const bad[] = {
        "",
        "-",
        "1042",
        "1042-",
        "-k3f9x2ab",
        "1042-k3f9x2ac",
        "1042-k3f9x2a",
        "1042-k3f9x2abc",
        "1042-K3F9X2AB",
        "01042-k3f9x2ab",
        "+1042-k3f9x2ab",
        " 1042-k3f9x2ab",
        "1042-k3f9x2ab ",
        "-1-k3f9x2ab",
        "1042--k3f9x2ab",
        "0x10-k3f9x2ab",
        "1e3-k3f9x2ab",
        "12a-k3f9x2ab",
        "99999999999999999999-k3f9x2ab",
        "18446744073709551617-k3f9x2ab",
        "00-k3f9x2ab",
        "earliest",
        "1042-k3f9x2ab\n",
        "\xff-k3f9x2ab",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        int64_t id = 77;
        assert_false(cursor_parse(bad[i], epoch, &id));
        assert_int_equal(id, 77);
    }
}

RUN(LISTED(every_byte_is_judged_as_the_rules_say), LISTED(names_have_lengths),
    LISTED(an_event_is_any_printable_text_but_our_own),
    LISTED(a_cursor_is_read_as_it_was_written),
    LISTED(what_no_cursor_was_written_as_is_none))

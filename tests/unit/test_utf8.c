#include "base/utf8.h"

#include "check.h"

struct sequence {
    const char *bytes;
    size_t len;
};

#define BYTES(literal)                                                         \
    {                                                                          \
        literal, sizeof literal - 1                                            \
    }

/* RFC 3629, section 4: the first and the last of every row of its table. */
static const struct sequence good[] = {
    BYTES(""),
    BYTES("plain ASCII, longer than eight bytes"),
    BYTES("\0"),
    BYTES("\x7f"),
    BYTES("\xc2\x80"),
    BYTES("\xdf\xbf"),
    BYTES("\xe0\xa0\x80"),
    BYTES("\xe0\xbf\xbf"),
    BYTES("\xe1\x80\x80"),
    BYTES("\xec\xbf\xbf"),
    BYTES("\xed\x80\x80"),
    BYTES("\xed\x9f\xbf"),
    BYTES("\xee\x80\x80"),
    BYTES("\xef\xbf\xbf"),
    BYTES("\xf0\x90\x80\x80"),
    BYTES("\xf0\xbf\xbf\xbf"),
    BYTES("\xf1\x80\x80\x80"),
    BYTES("\xf3\xbf\xbf\xbf"),
    BYTES("\xf4\x80\x80\x80"),
    BYTES("\xf4\x8f\xbf\xbf"),
};

static const struct sequence bad[] = {
    BYTES("\x80"), /* a continuation alone */
    BYTES("\xbf"),
    BYTES("\xc0\x80"), /* overlong NUL */
    BYTES("\xc1\xbf"), /* overlong */
    BYTES("\xc2"),     /* cut short */
    BYTES("\xc2\x7f"),
    BYTES("\xc2\xc0"),
    BYTES("\xe0\x9f\xbf"), /* overlong */
    BYTES("\xe0\xa0"),
    BYTES("\xe1\x80\x7f"),
    BYTES("\xe1\x80\xc0"),
    BYTES("\xed\xa0\x80"),     /* the surrogates' first */
    BYTES("\xed\xbf\xbf"),     /* and last */
    BYTES("\xf0\x8f\xbf\xbf"), /* overlong */
    BYTES("\xf0\x90\x80"),
    BYTES("\xf1\x80\x80\x41"),
    BYTES("\xf4\x90\x80\x80"), /* above U+10FFFF */
    BYTES("\xf5\x80\x80\x80"),
    BYTES("\xfe"),
    BYTES("\xff"),
};

/* A copy of exactly its size, so that a sanitizer sees a byte too many read. */
static bool
valid_behind(const char *prefix, const struct sequence *sequence)
{
    size_t prefix_len = strlen(prefix);
    size_t len = prefix_len + sequence->len;
    char *copy = malloc(len ? len : 1);
    memcpy(copy, prefix, prefix_len);
    memcpy(copy + prefix_len, sequence->bytes, sequence->len);
    bool valid = utf8_valid(copy, len);
    free(copy);
    return valid;
}

static const char *const prefixes[] = {"",         "a",         "abcdefg",
                                       "abcdefgh", "abcdefghi", "\xc3\xa4"};

TEST(well_formed_sequences_are_valid_wherever_they_stand)
{
    for (size_t i = 0; i < COUNT_OF(good); i++)
        for (size_t j = 0; j < COUNT_OF(prefixes); j++)
            assert_true(valid_behind(prefixes[j], &good[i]));
}

TEST(ill_formed_sequences_are_refused_wherever_they_stand)
{
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        for (size_t j = 0; j < COUNT_OF(prefixes); j++)
            assert_false(valid_behind(prefixes[j], &bad[i]));
        char followed[16];
        memcpy(followed, bad[i].bytes, bad[i].len);
        memcpy(followed + bad[i].len, "abcdefgh", 8);
        assert_false(utf8_valid(followed, bad[i].len + 8));
    }
}

/* Every two bytes, against the table said in another way. */
TEST(two_bytes_are_valid_exactly_when_the_table_says_so)
{
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            const char pair[2] = {(char)a, (char)b};
            bool expected = (a < 0x80 && b < 0x80) ||
                            (a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf);
            assert_int_equal(utf8_valid(pair, 2), expected);
        }
    }
}

TEST(every_scalar_value_is_valid_and_no_surrogate_is)
{
    for (uint32_t c = 0x800; c <= 0xffff; c++) {
        const char text[3] = {(char)(0xe0 | c >> 12),
                              (char)(0x80 | (c >> 6 & 0x3f)),
                              (char)(0x80 | (c & 0x3f))};
        assert_int_equal(utf8_valid(text, 3), c < 0xd800 || c > 0xdfff);
    }
}

TEST(printable_text_has_no_control_character)
{
    for (unsigned c = 0; c < 0x80; c++) {
        const char text[3] = {'a', (char)c, 'b'};
        assert_int_equal(utf8_printable(text, 3), c >= 0x20 && c != 0x7f);
    }
    for (unsigned c = 0x80; c <= 0xbf; c++) {
        const char text[2] = {(char)0xc2, (char)c};
        assert_int_equal(utf8_printable(text, 2), c >= 0xa0);
    }
    assert_true(utf8_printable("", 0));
    assert_true(utf8_printable("\xe2\x80\xa8", 3)); /* U+2028 is no control */
    assert_false(utf8_printable("\xff", 1));
}

RUN(LISTED(well_formed_sequences_are_valid_wherever_they_stand),
    LISTED(ill_formed_sequences_are_refused_wherever_they_stand),
    LISTED(two_bytes_are_valid_exactly_when_the_table_says_so),
    LISTED(every_scalar_value_is_valid_and_no_surrogate_is),
    LISTED(printable_text_has_no_control_character))

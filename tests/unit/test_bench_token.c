#include "measure/token.h"

#include "base/bytes.h"
#include "check.h"
#include "measure/schedule.h"

static const struct token sample = {
    .run = 0xdeadbeef, .sequence = 7, .due_ns = 1000000001, .sent_ns = 0xeb1};
static const char sample_text[] =
    "eb1-deadbeef-00000007-0000003b9aca01-00000000000eb1.";

static void
assert_token(const struct token *found, const struct token *expected)
{
    assert_int_equal(found->run, expected->run);
    assert_int_equal(found->sequence, expected->sequence);
    assert_int_equal(found->due_ns, expected->due_ns);
    assert_int_equal(found->sent_ns, expected->sent_ns);
}

/* Counts the tokens in TEXT that come in one piece up to CUT and one behind;
 * each must be the sample, with sequences upwards from 7. */
static unsigned
count_cut(const char *text, size_t len, size_t cut)
{
    struct token_finder finder = {0};
    struct token token, expected = sample;
    const struct {
        const char *data;
        size_t len;
    } pieces[] = {{text, cut}, {text + cut, len - cut}};
    unsigned count = 0;
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        const char *data = pieces[i].data;
        size_t left = pieces[i].len;
        while (token_next(&finder, &data, &left, &token)) {
            expected.sequence = sample.sequence + count++;
            assert_token(&token, &expected);
        }
        assert_int_equal(left, 0);
        assert_ptr_equal(data, pieces[i].data + pieces[i].len);
    }
    return count;
}

static void
append_token(struct bytes *text, uint32_t sequence)
{
    struct token token = sample;
    token.sequence = sequence;
    token_write(bytes_reserve(text, TOKEN_SIZE), &token);
    text->len += TOKEN_SIZE;
}

TEST(a_token_is_written_as_its_header_says)
{
    char out[TOKEN_SIZE + 1];
    memset(out, '?', sizeof out);
    token_write(out, &sample);
    assert_bytes(out, TOKEN_SIZE, sample_text);
    assert_int_equal(out[TOKEN_SIZE], '?');
}

TEST(the_largest_and_the_smallest_are_read_back)
{
    struct token ends[] = {
        {0},
        {UINT32_MAX, UINT32_MAX, (INT64_C(1) << 56) - 1, INT64_C(1) << 55}};
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        char out[TOKEN_SIZE];
        token_write(out, &ends[i]);
        struct token_finder finder = {0};
        struct token token;
        const char *data = out;
        size_t len = sizeof out;
        assert_true(token_next(&finder, &data, &len, &token));
        assert_token(&token, &ends[i]);
    }
}

TEST(a_time_that_does_not_fit_is_the_nearest_that_does)
{
    struct token odd = {.due_ns = -5, .sent_ns = INT64_MAX};
    char out[TOKEN_SIZE];
    token_write(out, &odd);
    assert_memory_equal(out + 22, "00000000000000-ffffffffffffff.", 30);
}

TEST(tokens_are_found_whatever_wraps_them_and_wherever_they_are_cut)
{
    struct bytes text = BYTES_EMPTY;
    bytes_append_string(&text, "id: 9-k3\ndata: ");
    append_token(&text, 7);
    bytes_append_string(&text, "xxxx\n\n{\"data\":\"");
    append_token(&text, 8);
    append_token(&text, 9);
    bytes_append_string(&text, "\"}");
    for (size_t cut = 0; cut <= text.len; cut++)
        assert_int_equal(count_cut(text.data, text.len, cut), 3);
    bytes_fini(&text);
}

TEST(a_token_is_found_byte_by_byte_and_in_three_pieces)
{
    for (size_t first = 0; first <= TOKEN_SIZE; first++) {
        for (size_t second = first; second <= TOKEN_SIZE; second++) {
            size_t ends[] = {first, second, TOKEN_SIZE};
            struct token_finder finder = {0};
            struct token token;
            unsigned found = 0;
            for (size_t i = 0, at = 0; i < 3; at = ends[i++]) {
                const char *data = sample_text + at;
                size_t len = ends[i] - at;
                while (token_next(&finder, &data, &len, &token))
                    found++;
            }
            assert_int_equal(found, 1);
            assert_token(&token, &sample);
        }
    }
}

/* The next begins within what looked like one: nothing may be skipped. */
TEST(what_is_nearly_a_token_hides_none)
{
    struct bytes text = BYTES_EMPTY;
    for (size_t broken = 0; broken <= TOKEN_SIZE; broken++) {
        text.len = 0;
        bytes_append(&text, sample_text, broken);
        append_token(&text, 7);
        /* One whose last byte is wrong holds no other. */
        bytes_append(&text, sample_text, TOKEN_SIZE - 1);
        bytes_append_string(&text, "eb1-eeb1eb1-");
        append_token(&text, broken == TOKEN_SIZE ? 9 : 8);
        if (broken == TOKEN_SIZE)
            memcpy(text.data + TOKEN_SIZE + 13, "00000008", 8);
        for (size_t cut = 0; cut <= text.len; cut++)
            assert_int_equal(count_cut(text.data, text.len, cut),
                             broken == TOKEN_SIZE ? 3 : 2);
    }
    bytes_fini(&text);
}

TEST(a_wrong_byte_at_any_place_makes_it_no_token)
{
    for (size_t at = 0; at < TOKEN_SIZE; at++) {
        for (const char *wrong = "g.-E /:`\xff"; *wrong; wrong++) {
            char text[TOKEN_SIZE];
            memcpy(text, sample_text, TOKEN_SIZE);
            if (text[at] == *wrong)
                continue;
            text[at] = *wrong;
            for (size_t cut = 0; cut <= TOKEN_SIZE; cut++)
                assert_int_equal(count_cut(text, TOKEN_SIZE, cut), 0);
        }
    }
}

/* Junk of the token's own letters, tokens in between, pieces of any size. */
TEST(among_junk_every_token_is_found_once)
{
    static const char letters[] = "eb1-eb1-0f.";
    struct dice dice;
    dice_init(&dice, 4);
    struct bytes text = BYTES_EMPTY;
    unsigned written = 0;
    while (written < 5000) {
        for (uint64_t n = dice_roll(&dice) % 40; n; n--)
            bytes_append_char(&text, letters[dice_roll(&dice) % 11]);
        append_token(&text, 7 + written++);
    }
    struct token_finder finder = {0};
    struct token token, expected = sample;
    unsigned found = 0;
    for (size_t at = 0, size; at < text.len; at += size) {
        size = 1 + dice_roll(&dice) % 90;
        size = size < text.len - at ? size : text.len - at;
        const char *data = text.data + at;
        size_t left = size;
        while (token_next(&finder, &data, &left, &token)) {
            expected.sequence = 7 + found++;
            assert_token(&token, &expected);
        }
    }
    assert_int_equal(found, written);
    bytes_fini(&text);
}

TEST(what_follows_a_token_is_left_for_the_next_call)
{
    char text[TOKEN_SIZE + 4];
    memcpy(text, sample_text, TOKEN_SIZE);
    memcpy(text + TOKEN_SIZE, "\n\nid", 4);
    struct token_finder finder = {0};
    struct token token;
    const char *data = text;
    size_t len = sizeof text;
    assert_true(token_next(&finder, &data, &len, &token));
    assert_int_equal(len, 4);
    assert_ptr_equal(data, text + TOKEN_SIZE);
    assert_false(token_next(&finder, &data, &len, &token));
    assert_int_equal(len, 0);
}

RUN(LISTED(a_token_is_written_as_its_header_says),
    LISTED(the_largest_and_the_smallest_are_read_back),
    LISTED(a_time_that_does_not_fit_is_the_nearest_that_does),
    LISTED(tokens_are_found_whatever_wraps_them_and_wherever_they_are_cut),
    LISTED(a_token_is_found_byte_by_byte_and_in_three_pieces),
    LISTED(what_is_nearly_a_token_hides_none),
    LISTED(a_wrong_byte_at_any_place_makes_it_no_token),
    LISTED(among_junk_every_token_is_found_once),
    LISTED(what_follows_a_token_is_left_for_the_next_call))

#include "tap/modes.h"

#include "base/bytes.h"
#include "check.h"

static struct exchange exchange;
static char rest[256];

/* Reads the prefix of TARGET; true when it is well-formed. */
static bool
reads(const char *target)
{
    struct span behind;
    exchange = (struct exchange){.tag = ""};
    if (modes_read((struct span){target, strlen(target)}, &exchange, &behind))
        return false;
    memcpy(rest, behind.data, behind.len);
    rest[behind.len] = '\0';
    return true;
}

TEST(a_path_without_prefix_stays_as_it_is)
{
    static const char *const plain[] = {"/", "/earshot/room", "*", "/a/~b/c",
                                        "http://here/~a/"};
    for (size_t i = 0; i < COUNT_OF(plain); i++) {
        assert_true(reads(plain[i]));
        assert_string_equal(rest, plain[i]);
        assert_string_equal(exchange.tag, "");
    }
}

TEST(a_tag_is_taken_off_the_path)
{
    assert_true(reads("/~Lane_1-a/earshot/room/sse?after=1"));
    assert_string_equal(exchange.tag, "Lane_1-a");
    assert_string_equal(rest, "/earshot/room/sse?after=1");
    assert_true(reads("/~a"));
    assert_string_equal(rest, "");
    assert_true(reads("/~a?b"));
    assert_string_equal(rest, "?b");
}

TEST(every_mode_is_read)
{
    assert_true(reads("/~a;slow=2000;buffer;origin=none;nobeat;idle=2.5;"
                      "nocursor/x"));
    assert_int_equal(exchange.modes.slow, 2000);
    assert_int_equal(exchange.modes.idle_us, 2500000);
    assert_true(exchange.modes.buffers && exchange.modes.no_origin &&
                exchange.modes.no_beat && exchange.modes.no_cursor);
    assert_string_equal(rest, "/x");
}

TEST(a_mode_that_is_not_said_is_off)
{
    assert_true(reads("/~a/x"));
    assert_int_equal(exchange.modes.slow, 0);
    assert_int_equal(exchange.modes.idle_us, 0);
    assert_false(exchange.modes.buffers || exchange.modes.no_origin ||
                 exchange.modes.no_beat || exchange.modes.no_cursor);
}

TEST(a_bad_prefix_is_refused)
{
    static const char *const bad[] = {
        "/~/x",
        "/~a b/x",
        "/~a.b/x",
        "/~a;/x",
        "/~a;;buffer/x",
        "/~a;slow/x",
        "/~a;slow=/x",
        "/~a;slow=0/x",
        "/~a;slow=-1/x",
        "/~a;slow=1x/x",
        "/~a;slow=1e9/x",
        "/~a;buffer=1/x",
        "/~a;origin/x",
        "/~a;origin=x/x",
        "/~a;idle=0/x",
        "/~a;idle=9999/x",
        "/~a;beat/x",
        "/~a,b/x",
        "/~a;idle=1.2.3/x",
        "/~123456789012345678901234567890123456789012345678X/x"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (reads(bad[i]))
            fail_msg("taken: %s", bad[i]);
    assert_true(reads("/~123456789012345678901234567890123456789012345678/x"));
}

static void
assert_rewritten(const char *head, const char *expected)
{
    struct request_line line;
    struct span target;
    struct bytes out = BYTES_EMPTY;
    struct exchange found = {.tag = ""};
    assert_true(head_request_line(head, strlen(head), &line));
    assert_null(modes_read(line.target, &found, &target));
    modes_rewrite(&out, (struct span){head, strlen(head)}, &line, target,
                  &found.modes);
    assert_bytes(out.data, out.len, expected);
    bytes_fini(&out);
}

TEST(all_but_the_prefix_is_passed_unchanged)
{
    assert_rewritten("GET /~a/x?after=1 HTTP/1.1\r\nhOst:  h\r\nno colon\r\n"
                     "Origin: o\r\nLast-Event-ID: 7\r\n\r\n",
                     "GET /x?after=1 HTTP/1.1\r\nhOst:  h\r\nno colon\r\n"
                     "Origin: o\r\nLast-Event-ID: 7\r\n\r\n");
    assert_rewritten("GET /~a HTTP/1.0\n\n", "GET / HTTP/1.0\n\n");
    assert_rewritten("GET /~a?b HTTP/1.1\r\n\r\n", "GET /?b HTTP/1.1\r\n\r\n");
    assert_rewritten("OPTIONS * HTTP/1.1\r\n\r\n",
                     "OPTIONS * HTTP/1.1\r\n\r\n");
}

TEST(origin_none_takes_off_what_tells_the_page)
{
    assert_rewritten("GET /~a;origin=none/x HTTP/1.1\r\nORIGIN: o\r\n"
                     "Sec-Fetch-Site: s\r\nsec-fetch-mode: m\r\n"
                     "Sec-WebSocket-Key: k\r\nX-Origin: o\r\n\r\n",
                     "GET /x HTTP/1.1\r\n"
                     "Sec-WebSocket-Key: k\r\nX-Origin: o\r\n\r\n");
}

TEST(nocursor_takes_off_the_place)
{
    static const char end[] = " HTTP/1.1\r\nLast-Event-ID: 1\r\nA: b\r\n\r\n";
    static const char *const cases[][2] = {
        {"/x?after=1", "/x"},
        {"/x?after=1&last=2", "/x?last=2"},
        {"/x?last=2&after=1", "/x?last=2"},
        {"/x?a=1&after=1&b=2", "/x?a=1&b=2"},
        {"/x?after", "/x"},
        {"/x?afterwards=1", "/x?afterwards=1"},
        {"/x", "/x"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char head[200], expected[200];
        snprintf(head, sizeof head, "GET /~a;nocursor%s%s", cases[i][0], end);
        snprintf(expected, sizeof expected, "GET %s HTTP/1.1\r\nA: b\r\n\r\n",
                 cases[i][1]);
        assert_rewritten(head, expected);
    }
}

TEST(a_line_that_continues_goes_with_its_field)
{
    assert_rewritten("GET /~a;origin=none/ HTTP/1.1\r\nOrigin: o\r\n p\r\n"
                     "A: b\r\n c\r\n\r\n",
                     "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n");
}

TEST(patterns_match_a_tag_or_its_beginning)
{
    assert_true(tag_matches("ab", "ab"));
    assert_false(tag_matches("ab", "abc"));
    assert_false(tag_matches("abc", "ab"));
    assert_true(tag_matches("ab*", "ab"));
    assert_true(tag_matches("ab*", "abc"));
    assert_false(tag_matches("ab*", "a"));
    assert_true(tag_matches("*", ""));
    assert_true(tag_pattern_is_valid("*"));
    assert_true(tag_pattern_is_valid("a-_9*"));
    assert_false(tag_pattern_is_valid(""));
    assert_false(tag_pattern_is_valid("a*b"));
    assert_false(tag_pattern_is_valid("a**"));
    assert_false(tag_pattern_is_valid("a b"));
    assert_true(tag_pattern_covers("a*", "ab*"));
    assert_true(tag_pattern_covers("a*", "a*"));
    assert_false(tag_pattern_covers("ab*", "a*"));
    assert_false(tag_pattern_covers("a", "a*"));
}

RUN(LISTED(a_path_without_prefix_stays_as_it_is),
    LISTED(a_tag_is_taken_off_the_path), LISTED(every_mode_is_read),
    LISTED(a_mode_that_is_not_said_is_off), LISTED(a_bad_prefix_is_refused),
    LISTED(all_but_the_prefix_is_passed_unchanged),
    LISTED(origin_none_takes_off_what_tells_the_page),
    LISTED(nocursor_takes_off_the_place),
    LISTED(a_line_that_continues_goes_with_its_field),
    LISTED(patterns_match_a_tag_or_its_beginning))

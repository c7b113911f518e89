#include "reference/frames.h"

#include "../support/frame_in.h"
#include "check.h"

enum {
    TEXT = 1,
    BINARY = 2,
    CLOSE = 8,
    PING = 9,
    PONG = 10,
    MESSAGE_MAX = 70000
};

static struct bytes in;
static struct frames frames;
static char told[4096];

/* What was found, in words: "text(abc) ping() wrong(1002)". */
static void
tell(enum frames_found found)
{
    static const char *const names[] = {"nothing", "text",  "binary", "ping",
                                        "pong",    "close", "wrong"};
    size_t at = strlen(told);
    const char *blank = at ? " " : "";
    if (found == FRAMES_CLOSE || found == FRAMES_WRONG)
        snprintf(told + at, sizeof told - at, "%s%s(%u)", blank, names[found],
                 frames.code);
    else if (frames.len > 100)
        snprintf(told + at, sizeof told - at, "%s%s(%zu bytes)", blank,
                 names[found], frames.len);
    else
        snprintf(told + at, sizeof told - at, "%s%s(%.*s)", blank, names[found],
                 (int)frames.len, frames.data);
    if (found == FRAMES_WRONG)
        assert_in_range(strlen(frames.reason), 5, 123);
}

/* Feeds what was put in, STEP bytes at a time, until something ends it. */
static const char *
found_in_steps(size_t step)
{
    frames = (struct frames){.message_max = MESSAGE_MAX};
    told[0] = '\0';
    bool goes_on = true;
    for (size_t at = 0; at < in.len && goes_on; at += step) {
        size_t len = in.len - at < step ? in.len - at : step;
        char *piece = malloc(len); /* of exactly its size */
        memcpy(piece, in.data + at, len);
        frames_feed(&frames, piece, len);
        enum frames_found found;
        while (goes_on && (found = frames_next(&frames)) != FRAMES_NOTHING) {
            tell(found);
            goes_on = found != FRAMES_CLOSE && found != FRAMES_WRONG;
        }
        if (goes_on)
            frames_rest(&frames);
        free(piece);
    }
    frames_fini(&frames);
    return told;
}

/* Found is the same however the bytes are cut. */
static void
assert_found(const char *expected)
{
    static const size_t steps[] = {1, 2, 3, 7, 4095, 4096, 4097, 1000000};
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        assert_string_equal(found_in_steps(steps[i]), expected);
    bytes_fini(&in);
}

static void
put(unsigned first, const char *text)
{
    frame_in(&in, first, text, strlen(text), "\x01\x80\xff\x00");
}

static void
put_bytes(unsigned first, const void *data, size_t len)
{
    frame_in(&in, first, data, len, "\xa5\x00\x11\x7f");
}

TEST(a_message_in_one_frame_is_unmasked)
{
    put(FRAME_FIN | TEXT, "hello");
    put(FRAME_FIN | TEXT, "");
    put(FRAME_FIN | BINARY, "\xff\xfe");
    assert_found("text(hello) text() binary(\xff\xfe)");
}

TEST(lengths_of_all_three_kinds_are_read)
{
    static char data[66000];
    static const size_t sizes[] = {125, 126, 127, 65535, 65536, 66000};
    memset(data, 'x', sizeof data);
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        put_bytes(FRAME_FIN | TEXT, data, sizes[i]);
    assert_found("text(125 bytes) text(126 bytes) text(127 bytes) "
                 "text(65535 bytes) text(65536 bytes) text(66000 bytes)");
}

TEST(fragments_make_one_message_and_control_frames_may_lie_between)
{
    put(TEXT, "gr\xc3");
    put(FRAME_FIN | PING, "are you there");
    put(0, "");
    put(FRAME_FIN | PONG, "");
    put(FRAME_FIN, "\xbc\xc3\x9f");
    put(FRAME_FIN | BINARY, "x");
    assert_found("ping(are you there) pong() text(gr\xc3\xbc\xc3\x9f) "
                 "binary(x)");
}

TEST(text_must_be_utf_8)
{
    put(FRAME_FIN | TEXT, "\xc3");
    assert_found("wrong(1007)");
    put(TEXT, "\xed\xa0");
    put(FRAME_FIN, "\x80");
    assert_found("wrong(1007)");
}

TEST(a_frame_without_a_mask_is_refused)
{
    frame_in(&in, FRAME_FIN | TEXT, "x", 1, NULL);
    assert_found("wrong(1002)");
    frame_in(&in, FRAME_FIN | PING, "", 0, NULL);
    assert_found("wrong(1002)");
}

TEST(what_no_frame_may_say_is_refused)
{
    static const unsigned firsts[] = {
        FRAME_FIN | 0x40 | TEXT,
        FRAME_FIN | 0x20 | TEXT,
        FRAME_FIN | 0x10 | PING,
        FRAME_FIN | 3,
        FRAME_FIN | 7,
        FRAME_FIN | 11,
        FRAME_FIN | 15,
        FRAME_FIN, /* nothing to continue */
        0,
        PING, /* a control frame in pieces */
        CLOSE,
    };
    for (size_t i = 0; i < COUNT_OF(firsts); i++) {
        put(firsts[i], "");
        assert_found("wrong(1002)");
        put(firsts[i], "xy");
        assert_found("wrong(1002)");
    }
    put(TEXT, "a");
    put(FRAME_FIN | TEXT, "b");
    assert_found("wrong(1002)");
}

TEST(a_control_frame_has_125_bytes_at_most)
{
    char data[126] = {0};
    put_bytes(FRAME_FIN | PING, data, 126);
    assert_found("wrong(1002)");
    memset(data, 'p', sizeof data);
    put_bytes(FRAME_FIN | PING, data, 125);
    assert_found("ping(125 bytes)");
}

TEST(a_length_must_be_the_shortest)
{
    bytes_append(&in, "\x81\xfe\x00\x7d", 4);
    assert_found("wrong(1002)");
    bytes_append(&in, "\x81\xff\0\0\0\0\0\0\xff\xff", 10);
    assert_found("wrong(1002)");
    bytes_append(&in, "\x81\xff\x80\0\0\0\0\1\0\0", 10);
    assert_found("wrong(1002)");
}

TEST(a_giant_is_refused_by_its_header_alone)
{
    bytes_append(&in, "\x81\xff\0\0\0\x01\0\0\0\0", 10);
    assert_found("wrong(1009)");
    bytes_append(&in, "\x01\xff\0\0\0\0\0\x01\x11\x71", 10); /* 70,001 */
    assert_found("wrong(1009)");
    bytes_append(&in, "\x81\x7e\x13\x88", 4); /* and not masked */
    assert_found("wrong(1002)");
}

TEST(fragments_together_may_not_be_too_large_either)
{
    static char data[MESSAGE_MAX];
    put_bytes(BINARY, data, MESSAGE_MAX - 1);
    put(FRAME_FIN | PING, "between");
    put_bytes(0, "x", 1);
    put_bytes(FRAME_FIN, "", 0);
    assert_found("ping(between) binary(70000 bytes)");
    put_bytes(BINARY, data, MESSAGE_MAX);
    put_bytes(FRAME_FIN, "x", 1);
    assert_found("wrong(1009)");
}

TEST(a_close_says_its_code)
{
    put(FRAME_FIN | CLOSE, "");
    put(FRAME_FIN | TEXT, "nobody hears this");
    assert_found("close(1005)");
    put_bytes(FRAME_FIN | CLOSE, "\x03\xe8 bye", 6);
    assert_found("close(1000)");
}

TEST(codes_are_those_that_may_be_sent)
{
    static const struct {
        unsigned first, last;
        bool good;
    } ranges[] = {{0, 999, false},     {1000, 1003, true},  {1004, 1006, false},
                  {1007, 1014, true},  {1015, 2999, false}, {3000, 4999, true},
                  {5000, 65535, false}};
    for (size_t i = 0; i < COUNT_OF(ranges); i++)
        for (int end = 0; end < 2; end++) {
            unsigned code = end ? ranges[i].last : ranges[i].first;
            char expected[32];
            put_bytes(FRAME_FIN | CLOSE,
                      (char[]){(char)(code >> 8), (char)code}, 2);
            snprintf(expected, sizeof expected, "%s(%u)",
                     ranges[i].good ? "close" : "wrong",
                     ranges[i].good ? code : 1002);
            assert_found(expected);
        }
    put(FRAME_FIN | CLOSE, "\x03");
    assert_found("wrong(1002)");
    put(FRAME_FIN | CLOSE, "\x03\xe8\xff");
    assert_found("wrong(1007)");
}

TEST(between_frames_nothing_is_kept)
{
    frames = (struct frames){.message_max = MESSAGE_MAX};
    put(FRAME_FIN | TEXT, "hello");
    put(FRAME_FIN | PING, "x");
    frames_feed(&frames, in.data, in.len);
    assert_int_equal(frames_next(&frames), FRAMES_TEXT);
    assert_int_equal(frames_next(&frames), FRAMES_PING);
    assert_int_equal(frames_next(&frames), FRAMES_NOTHING);
    frames_rest(&frames);
    assert_null(frames.parser);
    assert_null(frames.message.data);
    assert_null(frames.control.data);
    assert_null(frames.kept.data);
    frames_feed(&frames, in.data, 1);
    assert_int_equal(frames_next(&frames), FRAMES_NOTHING);
    frames_rest(&frames);
    assert_non_null(frames.parser);
    frames_fini(&frames);
    bytes_fini(&in);
}

TEST(what_is_not_taken_yet_is_kept)
{
    frames = (struct frames){.message_max = MESSAGE_MAX};
    size_t count = 0;
    for (int i = 0; i < 3000; i++)
        put(FRAME_FIN | TEXT, "0123456789");
    frames_feed(&frames, in.data, in.len);
    for (; count < 10; count++)
        assert_int_equal(frames_next(&frames), FRAMES_TEXT);
    frames_rest(&frames);
    bytes_fini(&in);
    assert_true(frames_has_more(&frames));
    for (;; count++) {
        frames_feed(&frames, "", 0);
        if (frames_next(&frames) != FRAMES_TEXT)
            break;
        assert_bytes(frames.data, frames.len, "0123456789");
        frames_rest(&frames);
    }
    assert_int_equal(count, 3000);
    frames_fini(&frames);
}

RUN(LISTED(a_message_in_one_frame_is_unmasked),
    LISTED(lengths_of_all_three_kinds_are_read),
    LISTED(fragments_make_one_message_and_control_frames_may_lie_between),
    LISTED(text_must_be_utf_8), LISTED(a_frame_without_a_mask_is_refused),
    LISTED(what_no_frame_may_say_is_refused),
    LISTED(a_control_frame_has_125_bytes_at_most),
    LISTED(a_length_must_be_the_shortest),
    LISTED(a_giant_is_refused_by_its_header_alone),
    LISTED(fragments_together_may_not_be_too_large_either),
    LISTED(a_close_says_its_code), LISTED(codes_are_those_that_may_be_sent),
    LISTED(between_frames_nothing_is_kept),
    LISTED(what_is_not_taken_yet_is_kept))

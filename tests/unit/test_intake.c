#include "intake.h"

#include "../support/records_out.h"
#include "check.h"
#include "record.h"

static const struct intake_limits wide = {.params_max = 64 * 1024,
                                          .body_max = 64 * 1024};

/* What a peer says and what is kept of it for libfcgi. */
struct talk {
    const char *name;
    void (*say)(struct bytes *said);
    void (*expect)(struct bytes *kept);
};

static void
say_plain(struct bytes *out)
{
    add_request(out, 1, 0, "body");
}

static void
say_without_body(struct bytes *out)
{
    add_request(out, 300, 1, "");
}

static void
say_padded(struct bytes *out)
{
    const char begin[8] = {0, 1, 0};
    add_record_padded(out, 1, 1, begin, 8, 8);
    add_record_padded(out, 4, 1,
                      "\x01\x01"
                      "Ax",
                      4, 255);
    add_record_padded(out, 4, 1, NULL, 0, 1);
    add_record_padded(out, 5, 1, "body", 4, 7);
    add_record_padded(out, 5, 1, NULL, 0, 255);
}

static void
say_in_bytes(struct bytes *out)
{
    add_begin(out, 1, 1, 0);
    for (int i = 0; i < 4; i++)
        add_record_padded(out, 4, 1,
                          &"\x01\x01"
                           "Ax"[i],
                          1, 3);
    add_record(out, 4, 1, NULL, 0);
    for (int i = 0; i < 4; i++)
        add_record_padded(out, 5, 1, &"body"[i], 1, (unsigned)i);
    add_record(out, 5, 1, NULL, 0);
}

static void
say_with_strangers(struct bytes *out)
{
    add_record(out, 5, 9, "before", 6);
    add_record(out, 2, 9, NULL, 0);
    add_begin(out, 1, 1, 0);
    add_record(out, 4, 2, "other", 5);
    add_record(out, 4, 1,
               "\x01\x01"
               "Ax",
               4);
    add_record(out, 8, 1, "data", 4);
    add_record(out, 99, 1, "unknown", 7);
    add_record(out, 4, 1, NULL, 0);
    add_record(out, 2, 2, NULL, 0);
    add_record(out, 5, 1, "body", 4);
    add_record(out, 5, 2, NULL, 0);
    add_record(out, 5, 1, NULL, 0);
}

static const struct talk talks[] = {
    {"plain", say_plain, say_plain},
    {"without a body", say_without_body, say_without_body},
    {"padded", say_padded, say_plain},
    {"a byte a record", say_in_bytes, say_plain},
    {"strange records between", say_with_strangers, say_plain},
};

/* The records without what is free: reserved bytes. */
static void
assert_same_records(const char *got, const char *expected, size_t len)
{
    for (size_t at = 0; at < len;) {
        struct record_header header;
        record_parse(expected + at, &header);
        assert_memory_equal(got + at, expected + at, 7);
        at += RECORD_HEADER_SIZE;
        assert_memory_equal(got + at, expected + at, header.content_len);
        at += header.content_len;
    }
}

static void
assert_whole(struct intake *intake, const struct talk *talk)
{
    struct bytes expected = BYTES_EMPTY;
    size_t len;
    talk->expect(&expected);
    const char *records = intake_request(intake, &len);
    assert_int_equal(len, expected.len);
    assert_same_records(records, expected.data, len);
    assert_int_equal(intake->state, INTAKE_WHOLE);
    bytes_fini(&expected);
}

/* Says the talk in pieces: up to FIRST bytes, then STEP at a time. */
static void
assert_understood(const struct talk *talk, size_t first, size_t step)
{
    struct bytes said = BYTES_EMPTY;
    struct intake intake = {0};
    talk->say(&said);
    enum intake_verdict verdict = INTAKE_MORE;
    for (size_t at = 0, len = first; at < said.len; at += len, len = step) {
        assert_int_equal(verdict, INTAKE_MORE);
        if (len > said.len - at)
            len = said.len - at;
        intake_feed(&intake, said.data + at, len);
        verdict = intake_next(&intake, &wide);
    }
    assert_int_equal(verdict, INTAKE_REQUEST);
    assert_whole(&intake, talk);
    assert_int_equal(intake.replies.len, 0);
    intake_fini(&intake);
    bytes_fini(&said);
}

TEST(a_request_that_comes_whole_is_understood)
{
    for (size_t i = 0; i < COUNT_OF(talks); i++)
        assert_understood(&talks[i], 1 << 20, 1);
}

TEST(a_request_that_comes_a_byte_at_a_time_is_understood)
{
    for (size_t i = 0; i < COUNT_OF(talks); i++)
        assert_understood(&talks[i], 1, 1);
}

TEST(a_request_that_is_split_anywhere_is_understood)
{
    for (size_t i = 0; i < COUNT_OF(talks); i++) {
        struct bytes said = BYTES_EMPTY;
        talks[i].say(&said);
        for (size_t first = 1; first < said.len; first++)
            assert_understood(&talks[i], first, 1 << 20);
        bytes_fini(&said);
    }
}

TEST(nothing_is_whole_before_its_last_byte)
{
    struct bytes said = BYTES_EMPTY;
    say_plain(&said);
    for (size_t len = 0; len < said.len; len++) {
        struct intake intake = {0};
        intake_feed(&intake, said.data, len);
        assert_int_equal(intake_next(&intake, &wide), INTAKE_MORE);
        assert_int_equal(intake_is_idle(&intake), len == 0);
        intake_fini(&intake);
    }
    bytes_fini(&said);
}

TEST(lengths_and_flags_are_those_of_the_request)
{
    struct bytes said = BYTES_EMPTY;
    struct intake intake = {0};
    add_request(&said, 513, 1, "twelve bytes");
    intake_feed(&intake, said.data, said.len);
    assert_int_equal(intake_next(&intake, &wide), INTAKE_REQUEST);
    assert_int_equal(intake.request_id, 513);
    assert_true(intake.keep);
    assert_int_equal(intake.params_len, 4);
    assert_int_equal(intake.body_len, 12);
    intake_fini(&intake);
    bytes_fini(&said);
}

/* A byte a record, padded by 255: what is kept must not be a multiple. */
TEST(small_padded_records_do_not_make_a_large_buffer)
{
    enum { BODY = 60000 };
    struct intake intake = {0};
    struct bytes said = BYTES_EMPTY;
    add_begin(&said, 1, 1, 0);
    add_record(&said, 4, 1, NULL, 0);
    for (int i = 0; i < BODY; i++) {
        add_record_padded(&said, 5, 1, "x", 1, 255);
        intake_feed(&intake, said.data, said.len);
        assert_int_equal(intake_next(&intake, &wide), INTAKE_MORE);
        bytes_consume(&said, said.len);
    }
    assert_int_equal(intake.body_len, BODY);
    assert_in_range(intake.buffer.cap, BODY, 2 * 65536 + 1024);
    intake_fini(&intake);
    bytes_fini(&said);
}

TEST(joined_records_never_pass_what_one_can_hold)
{
    static char content[40000];
    memset(content, 'x', sizeof content);
    const struct intake_limits limits = {.params_max = 1024,
                                         .body_max = 1 << 20};
    struct intake intake = {0};
    struct bytes said = BYTES_EMPTY;
    add_begin(&said, 1, 1, 0);
    add_record(&said, 4, 1, NULL, 0);
    for (int i = 0; i < 5; i++)
        add_record_padded(&said, 5, 1, content, sizeof content, 1);
    add_record(&said, 5, 1, NULL, 0);
    intake_feed(&intake, said.data, said.len);
    assert_int_equal(intake_next(&intake, &limits), INTAKE_REQUEST);
    size_t len, body = 0;
    const char *records = intake_request(&intake, &len);
    for (size_t at = 0; at < len;) {
        struct record_header header;
        record_parse(records + at, &header);
        assert_int_equal(header.version, 1);
        at += RECORD_HEADER_SIZE + header.content_len;
        assert_true(at <= len);
        if (header.type == RECORD_STDIN)
            body += header.content_len;
    }
    assert_int_equal(body, 5 * sizeof content);
    intake_fini(&intake);
    bytes_fini(&said);
}

RUN(LISTED(a_request_that_comes_whole_is_understood),
    LISTED(a_request_that_comes_a_byte_at_a_time_is_understood),
    LISTED(a_request_that_is_split_anywhere_is_understood),
    LISTED(nothing_is_whole_before_its_last_byte),
    LISTED(lengths_and_flags_are_those_of_the_request),
    LISTED(small_padded_records_do_not_make_a_large_buffer),
    LISTED(joined_records_never_pass_what_one_can_hold))

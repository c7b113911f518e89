/* What intake refuses, leaves out and answers by itself. */
#include "intake.h"

#include "../support/records_out.h"
#include "check.h"
#include "record.h"

static const struct intake_limits limits = {.params_max = 100, .body_max = 200};

static struct intake intake;
static struct bytes said;

static int
begin(void **state)
{
    (void)state;
    intake = (struct intake){0};
    return 0;
}

static int
end(void **state)
{
    (void)state;
    intake_fini(&intake);
    bytes_fini(&said);
    return 0;
}

/* Feeds what was said and looks at it. */
static enum intake_verdict
hear(void)
{
    intake_feed(&intake, said.data, said.len);
    bytes_consume(&said, said.len);
    return intake_next(&intake, &limits);
}

/* The reply at *AT is END_REQUEST for ID with STATUS. */
static void
assert_end(size_t *at, unsigned id, enum protocol_status status)
{
    struct record_header header;
    assert_true(intake.replies.len >= *at + 16);
    record_parse(intake.replies.data + *at, &header);
    assert_int_equal(header.type, RECORD_END_REQUEST);
    assert_int_equal(header.request_id, id);
    assert_int_equal(intake.replies.data[*at + 12], status);
    *at += 16;
}

static void
say_sized(size_t params, size_t body)
{
    static char zeros[4096];
    add_begin(&said, 1, 1, 0);
    if (params)
        add_record(&said, 4, 1, zeros, params);
    add_record(&said, 4, 1, NULL, 0);
    if (body)
        add_record(&said, 5, 1, zeros, body);
    add_record(&said, 5, 1, NULL, 0);
}

TEST(sizes_at_their_limits_are_let_in)
{
    say_sized(100, 200);
    assert_int_equal(hear(), INTAKE_REQUEST);
    assert_false(intake.params_too_large);
    assert_false(intake.body_too_large);
}

TEST(a_body_over_its_limit_is_left_out_and_said)
{
    say_sized(100, 201);
    assert_int_equal(hear(), INTAKE_REQUEST);
    assert_false(intake.params_too_large);
    assert_true(intake.body_too_large);
    assert_in_range(intake.buffer.len, 1, 150);
}

TEST(params_over_their_limit_are_left_out_and_said)
{
    say_sized(101, 5);
    assert_int_equal(hear(), INTAKE_REQUEST);
    assert_true(intake.params_too_large);
    assert_false(intake.body_too_large);
}

TEST(a_limit_counts_over_records_and_what_follows_is_left_out_too)
{
    static char content[150];
    add_begin(&said, 1, 1, 0);
    add_record(&said, 4, 1, NULL, 0);
    for (int i = 0; i < 1000; i++) {
        add_record(&said, 5, 1, content, sizeof content);
        assert_int_equal(hear(), INTAKE_MORE);
        assert_in_range(intake.buffer.len, 1, 400);
    }
    add_record(&said, 5, 1, "x", 1);
    add_record(&said, 5, 1, NULL, 0);
    assert_int_equal(hear(), INTAKE_REQUEST);
    assert_true(intake.body_too_large);
}

TEST(the_next_request_has_its_own_measure)
{
    say_sized(101, 201);
    assert_int_equal(hear(), INTAKE_REQUEST);
    intake_drop_request(&intake);
    intake_finish(&intake);
    say_sized(100, 200);
    assert_int_equal(hear(), INTAKE_REQUEST);
    assert_false(intake.params_too_large);
    assert_false(intake.body_too_large);
    assert_int_equal(intake.params_len, 100);
    assert_int_equal(intake.body_len, 200);
}

TEST(parameters_that_came_in_pieces_end_up_in_one_record)
{
    static const char pair[] = "\x01\x03"
                               "Axyz";
    add_begin(&said, 1, 1, 0);
    for (int at = 0; at < 6; at++)
        add_record_padded(&said, 4, 1, pair + at, 1, 5);
    add_record(&said, 4, 1, NULL, 0);
    add_record(&said, 5, 1, NULL, 0);
    assert_int_equal(hear(), INTAKE_REQUEST);
    size_t len;
    const char *records = intake_request(&intake, &len);
    struct record_header header;
    record_parse(records + 16, &header);
    assert_int_equal(header.type, RECORD_PARAMS);
    assert_int_equal(header.content_len, 6);
    assert_memory_equal(records + 24, pair, 6);
    assert_int_equal(len, 16 + 8 + 6 + 8 + 8);
}

TEST(another_version_closes_at_its_first_byte)
{
    for (unsigned version = 0; version < 256; version++) {
        const char byte = (char)version;
        intake_fini(&intake);
        intake = (struct intake){0};
        intake_feed(&intake, &byte, 1);
        assert_int_equal(intake_next(&intake, &limits),
                         version == 1 ? INTAKE_MORE : INTAKE_CLOSE);
    }
}

TEST(another_version_in_mid_request_closes)
{
    add_begin(&said, 1, 1, 1);
    assert_int_equal(hear(), INTAKE_MORE);
    bytes_append_string(&said, "GET / HTTP/1.1\r\n");
    assert_int_equal(hear(), INTAKE_CLOSE);
}

TEST(a_begin_of_another_size_closes)
{
    add_record(&said, 1, 1, "\0\1\0\0\0\0\0", 7);
    assert_int_equal(hear(), INTAKE_CLOSE);
    assert_int_equal(intake.state, INTAKE_IDLE);
}

TEST(other_roles_are_refused)
{
    size_t at = 0;
    for (unsigned role = 0; role < 4; role++) {
        if (role == ROLE_RESPONDER)
            continue;
        add_begin(&said, 10 + role, role, BEGIN_KEEP_CONN);
        assert_int_equal(hear(), INTAKE_MORE);
        assert_end(&at, 10 + role, PROTOCOL_UNKNOWN_ROLE);
    }
    assert_true(intake_is_idle(&intake));
    add_begin(&said, 20, 257, 0); /* the high byte counts */
    assert_int_equal(hear(), INTAKE_CLOSE);
    assert_end(&at, 20, PROTOCOL_UNKNOWN_ROLE);
    assert_int_equal(intake.replies.len, at);
}

TEST(what_belongs_to_a_refused_request_is_ignored)
{
    add_begin(&said, 2, 3, BEGIN_KEEP_CONN);
    add_record(&said, 4, 2,
               "\x01\x01"
               "Ax",
               4);
    add_record(&said, 4, 2, NULL, 0);
    add_record(&said, 5, 2, NULL, 0);
    add_request(&said, 3, 0, "");
    assert_int_equal(hear(), INTAKE_REQUEST);
    assert_int_equal(intake.request_id, 3);
}

TEST(a_second_begin_is_answered_cant_mpx)
{
    size_t at = 0;
    add_begin(&said, 1, 1, 1);
    add_begin(&said, 2, 1, 1);
    assert_int_equal(hear(), INTAKE_MORE);
    assert_end(&at, 2, PROTOCOL_CANT_MPX_CONN);
    add_record(&said, 4, 1, NULL, 0);
    add_begin(&said, 3, 1, 1);
    add_record(&said, 4, 3,
               "\x01\x01"
               "Ax",
               4);
    add_record(&said, 5, 1, NULL, 0);
    assert_int_equal(hear(), INTAKE_REQUEST);
    assert_end(&at, 3, PROTOCOL_CANT_MPX_CONN);
    assert_int_equal(intake.request_id, 1);
    assert_int_equal(intake.params_len, 0);
    intake_drop_request(&intake);
    add_begin(&said, 4, 1, 1);
    assert_int_equal(hear(), INTAKE_MORE);
    assert_end(&at, 4, PROTOCOL_CANT_MPX_CONN);
    assert_int_equal(intake.state, INTAKE_WHOLE);
}

TEST(an_abort_of_a_whole_request_is_told)
{
    add_request(&said, 1, 1, "");
    assert_int_equal(hear(), INTAKE_REQUEST);
    intake_drop_request(&intake);
    add_record(&said, 2, 2, NULL, 0); /* not this one */
    assert_int_equal(hear(), INTAKE_MORE);
    add_record(&said, 2, 1, NULL, 0);
    assert_int_equal(hear(), INTAKE_ABORTED);
    assert_int_equal(intake.replies.len, 0);
}

TEST(an_abort_while_a_request_is_coming_ends_it)
{
    size_t at = 0;
    add_begin(&said, 1, 1, BEGIN_KEEP_CONN);
    add_record(&said, 4, 1,
               "\x01\x01"
               "Ax",
               4);
    assert_int_equal(hear(), INTAKE_MORE);
    add_record(&said, 2, 1, NULL, 0);
    assert_int_equal(hear(), INTAKE_MORE);
    assert_end(&at, 1, PROTOCOL_REQUEST_COMPLETE);
    assert_true(intake_is_idle(&intake));
    add_request(&said, 1, 0, "next");
    assert_int_equal(hear(), INTAKE_REQUEST);
    assert_int_equal(intake.body_len, 4);
    assert_int_equal(intake.params_len, 4);
}

TEST(an_abort_without_keeping_closes)
{
    size_t at = 0;
    add_begin(&said, 1, 1, 0);
    add_record(&said, 4, 1, NULL, 0);
    add_record(&said, 2, 1, NULL, 0);
    assert_int_equal(hear(), INTAKE_CLOSE);
    assert_end(&at, 1, PROTOCOL_REQUEST_COMPLETE);
}

TEST(a_stream_out_of_its_turn_closes)
{
    add_begin(&said, 1, 1, 1);
    add_record(&said, 5, 1, "body before params", 18);
    assert_int_equal(hear(), INTAKE_CLOSE);
    end(NULL);
    begin(NULL);
    add_begin(&said, 1, 1, 1);
    add_record(&said, 4, 1, NULL, 0);
    add_record(&said, 4, 1, "params after their end", 22);
    assert_int_equal(hear(), INTAKE_CLOSE);
}

TEST(management_records_are_answered_at_every_stage)
{
    static const char ask[] = "\x0f\x00"
                              "FCGI_MPXS_CONNS";
    add_record(&said, 9, 0, ask, sizeof ask - 1);
    add_begin(&said, 1, 1, 1);
    add_record(&said, 77, 0, "what", 4);
    add_record(&said, 4, 1, NULL, 0);
    add_record(&said, 9, 0, NULL, 0);
    add_record(&said, 5, 1, NULL, 0);
    assert_int_equal(hear(), INTAKE_REQUEST);
    static const unsigned types[] = {RECORD_GET_VALUES_RESULT,
                                     RECORD_UNKNOWN_TYPE,
                                     RECORD_GET_VALUES_RESULT};
    size_t at = 0;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct record_header header;
        record_parse(intake.replies.data + at, &header);
        assert_int_equal(header.type, types[i]);
        assert_int_equal(header.request_id, 0);
        at += RECORD_HEADER_SIZE + header.content_len;
    }
    assert_int_equal(intake.replies.len, at);
    assert_int_equal(intake.replies.data[8 + 18 + 8], 77);
}

TEST(junk_while_a_request_is_held_does_not_gather)
{
    static char junk[5000];
    add_request(&said, 1, 1, "");
    assert_int_equal(hear(), INTAKE_REQUEST);
    intake_drop_request(&intake);
    assert_null(intake.buffer.data); /* a held one costs no buffer */
    for (int i = 0; i < 1000; i++) {
        add_record(&said, 5, 1, junk, sizeof junk);
        assert_int_equal(hear(), INTAKE_MORE);
        assert_int_equal(intake.buffer.len, 0);
    }
    assert_in_range(intake.buffer.cap, 0, 16384);
}

TEST(a_pipelined_request_waits_for_its_turn)
{
    add_request(&said, 1, 1, "one");
    add_request(&said, 2, 1, "second");
    add_begin(&said, 3, 1, 0);
    assert_int_equal(hear(), INTAKE_REQUEST);
    assert_int_equal(intake.request_id, 1);
    size_t len;
    intake_request(&intake, &len);
    assert_int_equal(len, 16 + 12 + 8 + 11 + 8);
    intake_drop_request(&intake);
    intake_finish(&intake);
    assert_false(intake_is_idle(&intake) && intake.buffer.len);
    assert_int_equal(intake_next(&intake, &limits), INTAKE_REQUEST);
    assert_int_equal(intake.request_id, 2);
    assert_int_equal(intake.body_len, 6);
    intake_finish(&intake); /* its records need not be dropped first */
    assert_int_equal(intake_next(&intake, &limits), INTAKE_MORE);
    assert_int_equal(intake.state, INTAKE_PARAMS);
    assert_int_equal(intake.request_id, 3);
    assert_false(intake.keep);
    assert_int_equal(intake.replies.len, 0);
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, begin, end)

RUN(RULE(sizes_at_their_limits_are_let_in),
    RULE(a_body_over_its_limit_is_left_out_and_said),
    RULE(params_over_their_limit_are_left_out_and_said),
    RULE(a_limit_counts_over_records_and_what_follows_is_left_out_too),
    RULE(the_next_request_has_its_own_measure),
    RULE(parameters_that_came_in_pieces_end_up_in_one_record),
    RULE(another_version_closes_at_its_first_byte),
    RULE(another_version_in_mid_request_closes),
    RULE(a_begin_of_another_size_closes), RULE(other_roles_are_refused),
    RULE(what_belongs_to_a_refused_request_is_ignored),
    RULE(a_second_begin_is_answered_cant_mpx),
    RULE(an_abort_of_a_whole_request_is_told),
    RULE(an_abort_while_a_request_is_coming_ends_it),
    RULE(an_abort_without_keeping_closes),
    RULE(a_stream_out_of_its_turn_closes),
    RULE(management_records_are_answered_at_every_stage),
    RULE(junk_while_a_request_is_held_does_not_gather),
    RULE(a_pipelined_request_waits_for_its_turn))

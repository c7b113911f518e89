#include "record.h"

#include "../support/records_out.h"
#include "check.h"

TEST(a_header_is_read_as_it_was_written)
{
    static const struct {
        enum record_type type;
        uint16_t id;
        size_t len;
    } cases[] = {{RECORD_STDOUT, 1, 0},
                 {RECORD_STDOUT, 0x1234, 0x5678},
                 {RECORD_END_REQUEST, 65535, 65535},
                 {RECORD_UNKNOWN_TYPE, 0, 8}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char bytes[RECORD_HEADER_SIZE];
        memset(bytes, 0x77, sizeof bytes);
        record_write(bytes, cases[i].type, cases[i].id, cases[i].len);
        struct record_header header;
        record_parse(bytes, &header);
        assert_int_equal(header.version, 1);
        assert_int_equal(header.type, cases[i].type);
        assert_int_equal(header.request_id, cases[i].id);
        assert_int_equal(header.content_len, cases[i].len);
        assert_int_equal(header.padding_len, 0);
        assert_int_equal(bytes[7], 0);
    }
}

TEST(a_header_is_big_endian)
{
    struct record_header header;
    record_parse("\x02\xfe\x80\x01\xff\x10\xfb\x00", &header);
    assert_int_equal(header.version, 2);
    assert_int_equal(header.type, 0xfe);
    assert_int_equal(header.request_id, 0x8001);
    assert_int_equal(header.content_len, 0xff10);
    assert_int_equal(header.padding_len, 0xfb);
}

TEST(an_answer_ends_with_empty_stdout_and_end_request)
{
    char end[RECORD_END_SIZE];
    memset(end, 0x77, sizeof end);
    record_write_end(end, 0x0102);
    assert_memory_equal(end,
                        "\x01\x06\x01\x02\x00\x00\x00\x00"
                        "\x01\x03\x01\x02\x00\x08\x00\x00"
                        "\x00\x00\x00\x00\x00\x00\x00\x00",
                        RECORD_END_SIZE);
}

TEST(a_refusal_carries_its_protocol_status)
{
    struct bytes bytes = BYTES_EMPTY;
    record_append_end(&bytes, 7, PROTOCOL_CANT_MPX_CONN);
    assert_int_equal(bytes.len, 16);
    assert_memory_equal(bytes.data,
                        "\x01\x03\x00\x07\x00\x08\x00\x00"
                        "\x00\x00\x00\x00\x01\x00\x00\x00",
                        16);
    bytes_fini(&bytes);
}

TEST(an_unknown_type_is_named_in_a_management_record)
{
    struct bytes bytes = BYTES_EMPTY;
    record_append_unknown_type(&bytes, 0xc8);
    assert_int_equal(bytes.len, 16);
    assert_memory_equal(bytes.data,
                        "\x01\x0b\x00\x00\x00\x08\x00\x00"
                        "\xc8\x00\x00\x00\x00\x00\x00\x00",
                        16);
    bytes_fini(&bytes);
}

static void
assert_values(const char *content, size_t len, const char *expected,
              size_t expected_len)
{
    struct bytes bytes = BYTES_EMPTY;
    record_append_values(&bytes, content, len);
    struct record_header header;
    record_parse(bytes.data, &header);
    assert_int_equal(header.type, RECORD_GET_VALUES_RESULT);
    assert_int_equal(header.request_id, 0);
    assert_int_equal(header.content_len, expected_len);
    assert_int_equal(bytes.len, RECORD_HEADER_SIZE + expected_len);
    assert_memory_equal(bytes.data + RECORD_HEADER_SIZE, expected,
                        expected_len);
    bytes_fini(&bytes);
}

#define VALUES(content, expected)                                              \
    assert_values(content, sizeof content - 1, expected, sizeof expected - 1)

TEST(known_values_are_told_and_others_left_out)
{
    VALUES("", "");
    VALUES("\x0f\x00"
           "FCGI_MPXS_CONNS",
           "\x0f\x01"
           "FCGI_MPXS_CONNS0");
    VALUES("\x80\x00\x00\x0f\x80\x00\x00\x00"
           "FCGI_MPXS_CONNS",
           "\x0f\x01"
           "FCGI_MPXS_CONNS0");
    VALUES("\x01\x01"
           "ab"
           "\x0e\x00"
           "FCGI_MAX_CONNS"
           "\x0d\x00"
           "FCGI_MAX_REQS",
           "\x0e\x05"
           "FCGI_MAX_CONNS10000"
           "\x0d\x05"
           "FCGI_MAX_REQS10000");
    VALUES("\x0d\x00"
           "FCGI_MAX_REQX",
           "");
}

TEST(values_that_are_cut_short_are_not_read_beyond)
{
    /* The lengths claim more than there is; the first pair still counts. */
    VALUES("\x0f", "");
    VALUES("\x0f\x00"
           "FCGI_MPXS_CONN",
           "");
    VALUES("\x0f\x01"
           "FCGI_MPXS_CONNS",
           "");
    VALUES("\x80\x00\x00", "");
    VALUES("\xff\xff\xff\xff\xff\xff\xff\xff"
           "FCGI_MPXS_CONNS",
           "");
    VALUES("\x0f\x00"
           "FCGI_MPXS_CONNS"
           "\x7f\x7f"
           "x",
           "\x0f\x01"
           "FCGI_MPXS_CONNS0");
}

TEST(a_name_that_is_asked_for_ever_is_not_told_for_ever)
{
    struct bytes asked = BYTES_EMPTY, answer = BYTES_EMPTY;
    while (asked.len < 60000)
        bytes_append(&asked,
                     "\x0e\x00"
                     "FCGI_MAX_CONNS",
                     16);
    record_append_values(&answer, asked.data, asked.len);
    struct record_header header;
    record_parse(answer.data, &header);
    assert_int_equal(answer.len, RECORD_HEADER_SIZE + header.content_len);
    assert_in_range(header.content_len, 21, 2048);
    bytes_fini(&asked);
    bytes_fini(&answer);
}

static bool
pairs_torn(const char *content, size_t len)
{
    struct record_pair pair;
    for (size_t at = 0; at < len; at += pair.size) {
        if (!record_read_pair(content + at, len - at, &pair))
            return true;
        assert_true(pair.size <= len - at);
        assert_ptr_equal(pair.name + pair.name_len, pair.value);
    }
    return false;
}

TEST(pairs_that_are_cut_short_are_torn)
{
    static const struct {
        const char *content;
        size_t len;
        bool torn;
    } cases[] = {
        {"", 0, false},
        {"\x01\x01"
         "Ax",
         4, false},
        {"\0\0", 2, false},
        {"\x01\x01"
         "Ax"
         "\x01\x80\0\0\x02"
         "Bxy",
         12, false},
        {"\x01\x02"
         "Ax",
         4, true},
        {"\x01\x02"
         "A\0x",
         5, false}, /* request.c judges the NUL */
        {"\x02\x01"
         "A\0x",
         5, false},
        {"\x01", 1, true},
        {"\x01\x80\0\0", 4, true},
        {"\xff\xff\xff\xff\xff\xff\xff\xff", 8, true},
        {"\x01\x01"
         "Ax"
         "\x01",
         5, true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *copy = malloc(cases[i].len + 1);
        memcpy(copy, cases[i].content, cases[i].len);
        assert_int_equal(pairs_torn(copy, cases[i].len), cases[i].torn);
        free(copy);
    }
}

RUN(LISTED(a_header_is_read_as_it_was_written), LISTED(a_header_is_big_endian),
    LISTED(an_answer_ends_with_empty_stdout_and_end_request),
    LISTED(a_refusal_carries_its_protocol_status),
    LISTED(an_unknown_type_is_named_in_a_management_record),
    LISTED(known_values_are_told_and_others_left_out),
    LISTED(values_that_are_cut_short_are_not_read_beyond),
    LISTED(a_name_that_is_asked_for_ever_is_not_told_for_ever),
    LISTED(pairs_that_are_cut_short_are_torn))

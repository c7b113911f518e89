#include "tap/head.h"

#include "check.h"

static const char request[] = "GET /a?b HTTP/1.1\r\n"
                              "Host: here\r\n"
                              "Cookie:  a=b \r\n"
                              "X-Long: one\r\n"
                              "  two\r\n"
                              "\r\n";

static struct request_line
line_of(const char *head)
{
    struct request_line line;
    assert_true(head_request_line(head, strlen(head), &line));
    return line;
}

static bool
is_request(const char *head)
{
    struct request_line line;
    return head_request_line(head, strlen(head), &line);
}

TEST(the_end_of_a_head_is_found_whole_and_byte_by_byte)
{
    size_t len = strlen(request);
    assert_int_equal(head_end(request, len, 0), len);
    for (size_t have = 0; have < len; have++)
        assert_int_equal(head_end(request, have, have ? have - 1 : 0), 0);
    assert_int_equal(head_end(request, len, len - 1), len);
}

TEST(what_follows_a_head_is_not_of_it)
{
    assert_int_equal(head_end("A\r\n\r\nbody\r\n\r\n", 13, 0), 5);
    assert_int_equal(head_end("A\n\nbody", 7, 0), 3);
    assert_int_equal(head_end("A\r\n\nbody", 8, 0), 4);
    assert_int_equal(head_end("A\r\r\n", 4, 0), 0);
}

TEST(a_request_line_has_three_parts)
{
    struct request_line line = line_of(request);
    assert_bytes(line.method.data, line.method.len, "GET");
    assert_bytes(line.target.data, line.target.len, "/a?b");
    assert_bytes(line.rest.data, line.rest.len, " HTTP/1.1\r\n");
}

TEST(what_is_no_request_line_is_refused)
{
    static const char *const bad[] = {
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET \r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n",
        "GET / HTTP/1.12\r\n\r\n",
        "GET / http/1.1\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "GET / x HTTP/1.1\r\n\r\n",
        "GET /\tHTTP/1.1\r\n\r\n",
        "GET\t/ HTTP/1.1\r\n\r\n",
        " GET / HTTP/1.1\r\n\r\n",
        "\x16\x03\x01\x02 / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1 \r\n\r\n",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\n\r\n",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (is_request(bad[i]))
            fail_msg("taken: %s", bad[i]);
    assert_true(is_request("GET / HTTP/1.0\n\n"));
}

TEST(fields_come_in_their_order)
{
    struct field field;
    size_t at = 0, len = strlen(request);
    assert_true(head_next_field(request, len, &at, &field));
    assert_bytes(field.name.data, field.name.len, "Host");
    assert_bytes(field.value.data, field.value.len, "here");
    assert_true(head_next_field(request, len, &at, &field));
    assert_bytes(field.name.data, field.name.len, "Cookie");
    assert_bytes(field.value.data, field.value.len, "a=b");
    assert_bytes(field.whole.data, field.whole.len, "Cookie:  a=b \r\n");
    assert_true(head_next_field(request, len, &at, &field));
    assert_bytes(field.whole.data, field.whole.len, "X-Long: one\r\n  two\r\n");
    assert_false(head_next_field(request, len, &at, &field));
    assert_bytes(request + at, len - at, "\r\n");
}

TEST(a_head_without_fields_has_none)
{
    struct field field;
    size_t at = 0;
    assert_false(head_next_field("A\r\n\r\n", 5, &at, &field));
    assert_int_equal(at, 3);
}

TEST(a_status_is_three_digits)
{
    int status = 0;
    static const char *const bad[] = {
        "HTTP/1.1 20\r\n\r\n",      "HTTP/1.1 2000\r\n\r\n",
        "HTTP/1.1 099 x\r\n\r\n",   "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n", "200 OK and more\r\n\r\n"};
    static const char ok[] = "HTTP/1.1 101 Switching\r\n\r\n";
    assert_true(head_status(ok, strlen(ok), &status));
    assert_int_equal(status, 101);
    assert_true(head_status("HTTP/1.0 404\r\n\r\n", 16, &status));
    assert_int_equal(status, 404);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(head_status(bad[i], strlen(bad[i]), &status));
}

static bool
framed(const char *fields, enum framing_kind kind, uint64_t length)
{
    char head[256];
    struct framing framing;
    int len = snprintf(head, sizeof head, "A\r\n%s\r\n", fields);
    return head_framing(head, (size_t)len, &framing) && framing.kind == kind &&
           framing.length == length;
}

TEST(the_framing_is_what_the_head_says)
{
    assert_true(framed("", FRAMING_UNTIL_END, 0));
    assert_true(framed("content-length: 17\r\n", FRAMING_LENGTH, 17));
    assert_true(framed("Content-Length: 0\r\nContent-Length: 0\r\n",
                       FRAMING_LENGTH, 0));
    assert_true(framed("Transfer-Encoding: Chunked\r\n", FRAMING_CHUNKED, 0));
}

TEST(a_framing_that_contradicts_itself_is_refused)
{
    static const char *const bad[] = {
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 1x\r\n",
        "Content-Length: \r\n",
        "Content-Length: 9999999999999999\r\n",
    };
    struct framing framing;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        char head[256];
        int len = snprintf(head, sizeof head, "A\r\n%s\r\n", bad[i]);
        assert_false(head_framing(head, (size_t)len, &framing));
    }
}

RUN(LISTED(the_end_of_a_head_is_found_whole_and_byte_by_byte),
    LISTED(what_follows_a_head_is_not_of_it),
    LISTED(a_request_line_has_three_parts),
    LISTED(what_is_no_request_line_is_refused),
    LISTED(fields_come_in_their_order), LISTED(a_head_without_fields_has_none),
    LISTED(a_status_is_three_digits), LISTED(the_framing_is_what_the_head_says),
    LISTED(a_framing_that_contradicts_itself_is_refused))

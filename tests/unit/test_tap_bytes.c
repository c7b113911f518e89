/* Bodies, event streams and frames: whole, and cut at every place. */

#include "base/bytes.h"
#include "tap/beats.h"
#include "tap/body.h"

#include "check.h"

/* Feeds TEXT in pieces of PIECE bytes; returns how much belonged to the body.
 * What it carried is in *PAYLOAD. */
static size_t
take(struct body *body, const char *text, size_t piece, struct bytes *payload)
{
    size_t len = strlen(text), at = 0;
    while (at < len && !body_is_over(body) && !body->is_broken) {
        size_t some = len - at < piece ? len - at : piece;
        size_t taken = body_take(body, text + at, some, payload);
        at += taken;
        if (taken < some)
            break;
    }
    return at;
}

TEST(a_chunked_body_ends_with_its_last_chunk)
{
    static const char body_text[] = "3\r\nabc\r\n0A;x=\"y\"\r\n0123456789\r\n"
                                    "0\r\nTrailer: t\r\n\r\n";
    static const char all[] = "3\r\nabc\r\n0A;x=\"y\"\r\n0123456789\r\n"
                              "0\r\nTrailer: t\r\n\r\nHTTP/1.1 200";
    for (size_t piece = 1; piece <= sizeof all; piece++) {
        struct body body;
        struct bytes payload = BYTES_EMPTY;
        body_begin(&body, (struct framing){.kind = FRAMING_CHUNKED});
        assert_int_equal(take(&body, all, piece, &payload), strlen(body_text));
        assert_true(body_is_over(&body));
        assert_bytes(payload.data, payload.len, "abc0123456789");
        bytes_fini(&payload);
    }
}

TEST(broken_chunks_are_noticed)
{
    static const char *const bad[] = {
        "x\r\n", "\r\n", "3\r\nabcd\r\n", "-1\r\n", "1234567890abc\r\n",
        ";\r\n"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct body body;
        body_begin(&body, (struct framing){.kind = FRAMING_CHUNKED});
        take(&body, bad[i], 100, NULL);
        assert_true(body.is_broken);
        assert_false(body_is_over(&body));
    }
}

TEST(a_body_with_a_length_ends_after_it)
{
    struct body body;
    body_begin(&body, (struct framing){FRAMING_LENGTH, 5});
    assert_int_equal(take(&body, "abcdefg", 2, NULL), 5);
    assert_true(body_is_over(&body));
    body_begin(&body, (struct framing){FRAMING_LENGTH, 0});
    assert_true(body_is_over(&body));
    body_begin(&body, (struct framing){.kind = FRAMING_UNTIL_END});
    assert_int_equal(take(&body, "abcdefg", 3, NULL), 7);
    assert_false(body_is_over(&body));
}

static void
assert_without_comments(const char *text, const char *expected)
{
    size_t len = strlen(text);
    for (size_t piece = 1; piece <= len; piece++) {
        struct comments comments = {0};
        struct bytes out = BYTES_EMPTY;
        for (size_t at = 0; at < len; at += piece)
            comments_drop(&comments, text + at,
                          len - at < piece ? len - at : piece, &out);
        assert_bytes(out.data ? out.data : "", out.len, expected);
        bytes_fini(&out);
    }
}

TEST(a_heartbeat_is_taken_out_of_an_event_stream)
{
    assert_without_comments(":\n\n", "");
    assert_without_comments("data: 1\n\n:\n\n: beat\n\ndata: 2\n\n",
                            "data: 1\n\ndata: 2\n\n");
    assert_without_comments("data: 1\r\n\r\n:\r\n\r\ndata: 2\r\n\r\n",
                            "data: 1\r\n\r\ndata: 2\r\n\r\n");
    assert_without_comments("data: 1\r\r:\r\rdata: 2\r\r",
                            "data: 1\r\rdata: 2\r\r");
}

TEST(a_comment_within_an_event_leaves_the_event_whole)
{
    assert_without_comments("id: 1\n: c\ndata: x\n\n", "id: 1\ndata: x\n\n");
    assert_without_comments("data: x\n: c\n\nid: 2\n", "data: x\n\nid: 2\n");
    assert_without_comments(": c\ndata: x\n\n", "data: x\n\n");
}

TEST(what_is_no_comment_passes_unchanged)
{
    static const char *const plain[] = {"data: a:b\n\n", "data\n:\n"};
    assert_without_comments(plain[0], plain[0]);
    assert_without_comments("\n\ndata: x\n\n\n\n", "\n\ndata: x\n\n\n\n");
    assert_without_comments(plain[1], "data\n");
}

static void
append_frame(struct bytes *bytes, unsigned char first, size_t len)
{
    bytes_append_char(bytes, (char)first);
    if (len < 126) {
        bytes_append_char(bytes, (char)len);
    } else if (len < 65536) {
        bytes_append_char(bytes, 126);
    } else {
        bytes_append(bytes, "\x7f\0\0\0\0\0", 6);
        bytes_append_char(bytes, (char)(len >> 16));
    }
    if (len >= 126) {
        bytes_append_char(bytes, (char)(len >> 8));
        bytes_append_char(bytes, (char)len);
    }
    memset(bytes_reserve(bytes, len), 0x89, len);
    bytes->len += len;
}

TEST(pings_are_taken_out_of_frames_of_every_size)
{
    struct bytes in = BYTES_EMPTY, expected = BYTES_EMPTY;
    static const size_t sizes[] = {0, 1, 125, 126, 300, 65535, 65536, 70000};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        append_frame(&in, 0x81, sizes[i]);
        append_frame(&expected, 0x81, sizes[i]);
        append_frame(&in, 0x89, i % 2 ? 0 : 125); /* ping */
        append_frame(&in, 0x8a, 3);               /* pong */
        append_frame(&expected, 0x8a, 3);
    }
    static const size_t pieces[] = {1, 2, 3, 127, 4096, 1 << 20};
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        struct pings pings = {0};
        struct bytes out = BYTES_EMPTY;
        for (size_t at = 0; at < in.len; at += pieces[i])
            pings_drop(&pings, in.data + at,
                       in.len - at < pieces[i] ? in.len - at : pieces[i], &out);
        assert_int_equal(out.len, expected.len);
        assert_memory_equal(out.data, expected.data, out.len);
        bytes_fini(&out);
    }
    bytes_fini(&in);
    bytes_fini(&expected);
}

RUN(LISTED(a_chunked_body_ends_with_its_last_chunk),
    LISTED(broken_chunks_are_noticed),
    LISTED(a_body_with_a_length_ends_after_it),
    LISTED(a_heartbeat_is_taken_out_of_an_event_stream),
    LISTED(a_comment_within_an_event_leaves_the_event_whole),
    LISTED(what_is_no_comment_passes_unchanged),
    LISTED(pings_are_taken_out_of_frames_of_every_size))

/* The benchmark's reader of event streams: whole, and cut at every place. */

#include "client/sse_parser.h"

#include "check.h"

static struct sse_parser parser;
static struct bytes told;

static void
tell_slice(struct sse_slice slice)
{
    if (slice.len)
        bytes_append(&told, slice.data, slice.len);
}

/* In words: "[id=7 event=tick data=x]"; what is not there is left out. */
static void
tell(const struct sse_event *event)
{
    bytes_append_char(&told, '[');
    if (event->has_id) {
        bytes_append_string(&told, "id=");
        tell_slice(event->id);
        bytes_append_char(&told, ' ');
    }
    if (event->event.len) {
        bytes_append_string(&told, "event=");
        tell_slice(event->event);
        bytes_append_char(&told, ' ');
    }
    if (event->has_data) {
        bytes_append_string(&told, "data=");
        tell_slice(event->data);
    }
    bytes_append_char(&told, ']');
}

/* Feeds a copy of exactly its size, which is gone afterwards. */
static void
feed(const char *data, size_t len)
{
    char *piece = malloc(len ? len : 1);
    memcpy(piece, data, len);
    struct sse_event event;
    sse_parser_feed(&parser, piece, len);
    enum sse_found found;
    while ((found = sse_parser_next(&parser, &event)) == SSE_EVENT)
        tell(&event);
    if (found == SSE_TOO_BIG)
        bytes_append_string(&told, "too big");
    free(piece);
}

static void
feed_text(const char *text)
{
    feed(text, strlen(text));
}

static void
assert_told(const char *expected)
{
    assert_bytes(told.data ? told.data : "", told.len, expected);
    bytes_fini(&told);
    sse_parser_fini(&parser);
}

/* The events are the same however the stream is cut. */
static void
assert_events_of(const char *stream, size_t len, const char *expected)
{
    for (size_t cut = 0; cut <= len; cut++) {
        feed(stream, cut);
        feed(stream + cut, len - cut);
        assert_told(expected);
    }
    for (size_t step = 1; step <= 7; step++) {
        for (size_t at = 0; at < len; at += step)
            feed(stream + at, len - at < step ? len - at : step);
        assert_told(expected);
    }
}

static void
assert_events(const char *stream, const char *expected)
{
    assert_events_of(stream, strlen(stream), expected);
}

TEST(an_event_has_id_name_and_data)
{
    assert_events("id: 7-abc\nevent: tick\ndata: hello\n\n",
                  "[id=7-abc event=tick data=hello]");
    assert_events("data:bare\n\ndata:  two blanks\n\n",
                  "[data=bare][data= two blanks]");
}

TEST(lines_end_with_lf_cr_or_both)
{
    assert_events("data: a\r\rdata: b\n\ndata: c\r\n\r\ndata: d\r\n\rid: 1\n\r",
                  "[data=a][data=b][data=c][data=d][id=1 ]");
    assert_events("data: a\r\ndata: b\rdata: c\ndata: d\r\n\r\n",
                  "[data=a\nb\nc\nd]");
}

TEST(several_lines_of_data_are_one_text)
{
    assert_events("data: one\ndata:\ndata: three\n\n", "[data=one\n\nthree]");
    assert_events("data\ndata\n\n", "[data=\n]");
    assert_events("data: a\nid: 1\ndata: b\nevent: e\nid: 2\n\n",
                  "[id=2 event=e data=a\nb]");
}

TEST(empty_data_is_an_event_and_no_data_is_none)
{
    assert_events("data\n\ndata:\n\ndata: \n\n", "[data=][data=][data=]");
    assert_events("event: lonely\n\n: beat\n\n\n\ndata: x\n\n", "[data=x]");
}

TEST(an_id_alone_counts)
{
    assert_events("id: 9\n\nid\n\nid:\ndata: x\n\n",
                  "[id=9 ][id= ][id= data=x]");
}

TEST(an_id_with_nul_is_none)
{
    static const char stream[] = "id: a\0b\ndata: x\n\nid: \0\n\n";
    assert_events_of(stream, sizeof stream - 1, "[data=x]");
}

TEST(unknown_fields_and_comments_are_passed_over)
{
    assert_events(": data: no\ndatax: no\n data: no\nData: no\ndat\nfoo\n:\n"
                  "data: yes\n: no\n\n",
                  "[data=yes]");
}

TEST(an_event_that_is_cut_off_is_none)
{
    assert_events("data: a\n\nid: 5\ndata: b\n", "[data=a]");
    assert_events("data: a\n\nid: 5\ndata: b", "[data=a]");
    assert_events("", "");
}

TEST(a_byte_order_mark_is_passed_over_once)
{
    assert_events("\xef\xbb\xbf"
                  "data: a\n\n",
                  "[data=a]");
    assert_events("\xef\xbb\xbf\xef\xbb\xbf"
                  "data: a\n\ndata: b\n\n",
                  "[data=b]");
    assert_events("\xef\xbb"
                  "data: a\ndata: b\n\n",
                  "[data=b]");
}

TEST(retry_is_digits_alone)
{
    feed_text("retry: 1500\n");
    assert_true(parser.has_retry);
    assert_int_equal(parser.retry_ms, 1500);
    feed_text("retry: 2s\nretry: -1\nretry\nretry:  3\n");
    assert_int_equal(parser.retry_ms, 1500);
    feed_text("retry: 0\n");
    assert_int_equal(parser.retry_ms, 0);
    assert_told("");
}

TEST(an_event_that_is_whole_is_not_copied)
{
    static const char stream[] = "id: 1\nevent: e\ndata: whole\n\n";
    struct sse_event event;
    sse_parser_feed(&parser, stream, sizeof stream - 1);
    assert_int_equal(sse_parser_next(&parser, &event), SSE_EVENT);
    assert_ptr_equal(event.data.data, strstr(stream, "whole"));
    assert_ptr_equal(event.id.data, strstr(stream, "1"));
    assert_int_equal(sse_parser_next(&parser, &event), SSE_NOTHING);
    assert_null(parser.data_kept.data);
    assert_null(parser.line.data);
    sse_parser_fini(&parser);
}

TEST(a_new_connection_knows_nothing_of_a_cut_event)
{
    feed_text("id: 1\ndata: cu");
    sse_parser_reset(&parser);
    feed_text("\xef\xbb\xbf"
              "data: x\n\n");
    assert_told("[data=x]");
}

TEST(an_event_without_end_is_too_big)
{
    size_t len = 1024 * 1024;
    char *much = malloc(len);
    memset(much, 'x', len);
    feed_text("data: ");
    for (size_t i = 0; i < SSE_EVENT_MAX / len; i++)
        feed(much, len);
    assert_told("too big");

    memcpy(much, "data: ", 6);
    much[len - 1] = '\n';
    for (size_t i = 0; i < SSE_EVENT_MAX / len; i++)
        feed(much, len);
    assert_told("");
    for (size_t i = 0; i < SSE_EVENT_MAX / len + 1; i++)
        feed(much, len);
    assert_told("too big");
    free(much);
}

RUN(LISTED(an_event_has_id_name_and_data), LISTED(lines_end_with_lf_cr_or_both),
    LISTED(several_lines_of_data_are_one_text),
    LISTED(empty_data_is_an_event_and_no_data_is_none),
    LISTED(an_id_alone_counts), LISTED(an_id_with_nul_is_none),
    LISTED(unknown_fields_and_comments_are_passed_over),
    LISTED(an_event_that_is_cut_off_is_none),
    LISTED(a_byte_order_mark_is_passed_over_once),
    LISTED(retry_is_digits_alone), LISTED(an_event_that_is_whole_is_not_copied),
    LISTED(a_new_connection_knows_nothing_of_a_cut_event),
    LISTED(an_event_without_end_is_too_big))

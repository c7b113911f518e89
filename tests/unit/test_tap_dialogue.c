/* Requests and answers over one connection, as the tap understands them: each
 * case is fed whole, and cut into pieces of every small size. */

#include "tap/dialogue.h"

#include "check.h"

static struct heard {
    struct bytes up, down;
    char kinds[4096]; /* a letter for each record; runs are one */
    size_t answered;
    size_t requests;
    char tags[256]; /* each with a blank behind */
    bool refuses;
} heard;

static const char letters[] = {
    [RECORD_OPEN] = 'o',     [RECORD_REQUEST] = 'Q', [RECORD_UP] = 'u',
    [RECORD_RESPONSE] = 'R', [RECORD_DOWN] = 'd',    [RECORD_CLOSE] = 'c'};

static bool
on_request(void *context, const struct exchange *exchange)
{
    (void)context;
    heard.requests++;
    strcat(heard.tags, exchange->tag);
    strcat(heard.tags, " ");
    return !heard.refuses;
}

static void
on_bytes(void *context, enum record_kind kind, const char *data, size_t len)
{
    (void)context;
    bool is_up = kind == RECORD_REQUEST || kind == RECORD_UP;
    bytes_append(is_up ? &heard.up : &heard.down, data, len);
    size_t count = strlen(heard.kinds);
    bool is_run = (kind == RECORD_UP || kind == RECORD_DOWN) && count &&
                  heard.kinds[count - 1] == letters[kind];
    if (!is_run)
        heard.kinds[count] = letters[kind];
}

static void
on_answered(void *context)
{
    (void)context;
    heard.answered++;
}

static struct dialogue dialogue;

static void
begin(void)
{
    const struct dialogue_listener listener = {.on_request = on_request,
                                               .on_bytes = on_bytes,
                                               .on_answered = on_answered};
    heard = (struct heard){.kinds = ""};
    dialogue_init(&dialogue, &listener);
}

static void
finish(void)
{
    bytes_fini(&heard.up);
    bytes_fini(&heard.down);
    dialogue_fini(&dialogue);
}

typedef const char *feeder(struct dialogue *dialogue, const char *data,
                           size_t len);

static const char *
feed(feeder *feed_to, const char *data, size_t len, size_t piece)
{
    const char *problem = NULL;
    for (size_t at = 0; at < len && !problem; at += piece)
        problem =
            feed_to(&dialogue, data + at, len - at < piece ? len - at : piece);
    return problem;
}

/* What UP and DOWN become, in pieces of every size to 40. */
static void
assert_passes(const char *up, const char *down, const char *up_passed,
              const char *down_passed, const char *kinds)
{
    for (size_t piece = 1; piece <= 40; piece++) {
        begin();
        assert_null(feed(dialogue_up, up, strlen(up), piece));
        assert_null(feed(dialogue_down, down, strlen(down), piece));
        assert_bytes(heard.up.data, heard.up.len, up_passed);
        assert_bytes(heard.down.data, heard.down.len, down_passed);
        assert_string_equal(heard.kinds, kinds);
        finish();
    }
    begin(); /* and whole */
    assert_null(dialogue_up(&dialogue, up, strlen(up)));
    assert_null(dialogue_down(&dialogue, down, strlen(down)));
    assert_bytes(heard.up.data, heard.up.len, up_passed);
    assert_bytes(heard.down.data, heard.down.len, down_passed);
    finish();
}

TEST(a_request_and_its_answer_pass)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
                                 "\r\nhi";
    assert_passes("GET /~a/x HTTP/1.1\r\nHost: h\r\n\r\n", answer,
                  "GET /x HTTP/1.1\r\nHost: h\r\n\r\n", answer, "QRd");
}

TEST(bodies_pass_and_each_request_loses_its_prefix)
{
    static const char answers[] =
        "HTTP/1.1 100 Continue\r\n\r\n"
        "HTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nx"
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "2\r\nab\r\n0\r\n\r\n"
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n"
        "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"
        "HTTP/1.1 204 No Content\r\n\r\n";
    assert_passes("POST /~a/1 HTTP/1.1\r\nContent-Length: 3\r\n\r\nGET"
                  "POST /~b/2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "3\r\nabc\r\n0\r\n\r\n\r\n"
                  "GET /3 HTTP/1.1\r\n\r\n"
                  "HEAD /~c/4 HTTP/1.1\r\n\r\n"
                  "GET /~c/5 HTTP/1.1\r\n\r\n",
                  answers,
                  "POST /1 HTTP/1.1\r\nContent-Length: 3\r\n\r\nGET"
                  "POST /2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "3\r\nabc\r\n0\r\n\r\n"
                  "GET /3 HTTP/1.1\r\n\r\n"
                  "HEAD /4 HTTP/1.1\r\n\r\n"
                  "GET /5 HTTP/1.1\r\n\r\n",
                  answers, "QuQuQQQRRdRdRRR");
}

TEST(tags_and_answers_are_told_in_their_order)
{
    static const char up[] = "GET /~a/ HTTP/1.1\r\n\r\n"
                             "GET / HTTP/1.1\r\n\r\nGET /~b/ HTTP/1.1\r\n\r\n";
    static const char down[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
                               "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n";
    begin();
    assert_null(dialogue_up(&dialogue, up, strlen(up)));
    assert_string_equal(heard.tags, "a  b ");
    assert_int_equal(dialogue.exchange_count, 3);
    assert_null(dialogue_down(&dialogue, down, strlen(down)));
    assert_int_equal(heard.answered, 1);
    assert_null(dialogue_down(&dialogue, "x", 1));
    assert_int_equal(heard.answered, 2);
    assert_string_equal(dialogue.exchanges[0].tag, "b");
    finish();
}

TEST(after_101_bytes_of_any_kind_pass)
{
    assert_passes("GET /~w/ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
                  "HTTP/1.1 101 Switching Protocols\r\n\r\n\x89\x01x\x81\x01y",
                  "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
                  "HTTP/1.1 101 Switching Protocols\r\n\r\n\x89\x01x\x81\x01y",
                  "QRd");
    begin();
    static const char up[] = "GET /~w/ws HTTP/1.1\r\nUpgrade: websocket\r\n"
                             "\r\n\x81\x80GET / \r\n\r\n";
    static const char down[] = "HTTP/1.1 101 S\r\n\r\n";
    assert_null(dialogue_up(&dialogue, up, strlen(up)));
    assert_string_equal(heard.kinds, "Q"); /* what comes early waits */
    assert_null(dialogue_down(&dialogue, down, strlen(down)));
    assert_null(dialogue_up(&dialogue, NULL, 0));
    assert_string_equal(heard.kinds, "QRu");
    assert_int_equal(heard.answered, 1);
    finish();
}

TEST(a_refused_upgrade_leaves_http_as_it_was)
{
    static const char up[] = "GET /~w/ws HTTP/1.1\r\nUpgrade: websocket\r\n"
                             "\r\nGET /~x/ HTTP/1.1\r\n\r\n";
    static const char down[] = "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno";
    begin();
    assert_null(dialogue_up(&dialogue, up, strlen(up)));
    assert_int_equal(heard.requests, 1);
    assert_null(dialogue_down(&dialogue, down, strlen(down)));
    assert_null(dialogue_up(&dialogue, NULL, 0));
    assert_string_equal(heard.tags, "w x ");
    finish();
}

TEST(nobeat_takes_comments_out_of_chunks_and_keeps_chunks)
{
    static const char down[] =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
        "9\r\ndata: 1\n\n\r\n3\r\n:\n\n\r\n9\r\ndata: 2\n\n\r\n0\r\n\r\n"
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n:\n\n";
    for (size_t piece = 1; piece <= 300; piece++) {
        static const char up[] = "GET /~a;nobeat/ HTTP/1.1\r\n\r\n"
                                 "GET /~a;nobeat/ HTTP/1.1\r\n\r\n";
        begin();
        assert_null(dialogue_up(&dialogue, up, strlen(up)));
        assert_null(feed(dialogue_down, down, strlen(down), piece));
        assert_int_equal(heard.answered, 2);
        struct body body;
        struct bytes payload = BYTES_EMPTY;
        size_t head = head_end(heard.down.data, heard.down.len, 0);
        body_begin(&body, (struct framing){.kind = FRAMING_CHUNKED});
        size_t len = body_take(&body, heard.down.data + head,
                               heard.down.len - head, &payload);
        assert_true(body_is_over(&body));
        assert_bytes(payload.data, payload.len, "data: 1\n\ndata: 2\n\n");
        assert_bytes(heard.down.data + head + len, heard.down.len - head - len,
                     strstr(down, "HTTP/1.1 200 OK\r\nContent-Length: 3"));
        bytes_fini(&payload);
        finish();
    }
}

TEST(nobeat_takes_pings_out_of_a_tunnel)
{
    assert_passes(
        "GET /~w;nobeat/ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n\x89\x01x\x81\x01y\x89\x01z",
        "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x01y", "QRd");
}

TEST(a_bad_request_is_refused_and_nothing_of_it_passes)
{
    static const char *const bad[] = {
        "\x16\x03\x01\x02\r\n\r\n",
        "GET /~a;what/ HTTP/1.1\r\n\r\n",
        "GET /~/ HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        begin();
        assert_non_null(feed(dialogue_up, bad[i], strlen(bad[i]), 1));
        assert_null(dialogue_up(&dialogue, "GET / HTTP/1.1\r\n\r\n", 18));
        assert_int_equal(heard.up.len, 0);
        assert_false(dialogue_takes_up(&dialogue));
        finish();
    }
}

TEST(a_head_without_an_end_is_refused)
{
    begin();
    const char *problem = NULL;
    size_t fed = 0;
    for (; !problem && fed < 2 * HEAD_MAX; fed++)
        problem = dialogue_up(&dialogue, "x", 1);
    assert_non_null(problem);
    assert_int_equal(fed, HEAD_MAX + 1);
    finish();
}

TEST(broken_chunks_of_a_request_are_refused)
{
    static const char up[] = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked"
                             "\r\n\r\nnothing of that kind";
    begin();
    assert_non_null(dialogue_up(&dialogue, up, strlen(up)));
    finish();
}

TEST(broken_chunks_of_an_answer_pass_as_they_are)
{
    static const char down[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
                               "\r\n\r\nnothing of that kind";
    assert_passes("GET / HTTP/1.1\r\n\r\n", down, "GET / HTTP/1.1\r\n\r\n",
                  down, "QRd");
}

TEST(an_answer_that_is_no_http_is_a_problem)
{
    begin();
    assert_null(dialogue_up(&dialogue, "GET / HTTP/1.1\r\n\r\n", 18));
    assert_non_null(dialogue_down(&dialogue, "SSH-2.0\n\n", 9));
    assert_int_equal(heard.down.len, 0);
    finish();
}

TEST(an_answer_without_a_length_lasts_until_the_end)
{
    static const char down[] = "HTTP/1.0 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
    assert_passes("GET / HTTP/1.1\r\n\r\n", down, "GET / HTTP/1.1\r\n\r\n",
                  down, "QRd");
}

TEST(a_request_that_is_not_let_in_does_not_pass)
{
    begin();
    heard.refuses = true;
    assert_null(dialogue_up(&dialogue, "GET /~a/ HTTP/1.1\r\n\r\n", 21));
    assert_int_equal(heard.up.len, 0);
    assert_int_equal(heard.requests, 1);
    finish();
}

TEST(requests_wait_when_too_many_are_unanswered)
{
    static const char one[] = "GET / HTTP/1.1\r\n\r\n";
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    begin();
    for (int i = 0; i < EXCHANGES_MAX + 5; i++)
        assert_null(dialogue_up(&dialogue, one, strlen(one)));
    assert_int_equal(heard.requests, EXCHANGES_MAX);
    assert_null(dialogue_down(&dialogue, answer, strlen(answer)));
    assert_null(dialogue_up(&dialogue, NULL, 0));
    assert_int_equal(heard.requests, EXCHANGES_MAX + 1);
    finish();
}

RUN(LISTED(a_request_and_its_answer_pass),
    LISTED(bodies_pass_and_each_request_loses_its_prefix),
    LISTED(tags_and_answers_are_told_in_their_order),
    LISTED(after_101_bytes_of_any_kind_pass),
    LISTED(a_refused_upgrade_leaves_http_as_it_was),
    LISTED(nobeat_takes_comments_out_of_chunks_and_keeps_chunks),
    LISTED(nobeat_takes_pings_out_of_a_tunnel),
    LISTED(a_bad_request_is_refused_and_nothing_of_it_passes),
    LISTED(a_head_without_an_end_is_refused),
    LISTED(broken_chunks_of_a_request_are_refused),
    LISTED(broken_chunks_of_an_answer_pass_as_they_are),
    LISTED(an_answer_that_is_no_http_is_a_problem),
    LISTED(an_answer_without_a_length_lasts_until_the_end),
    LISTED(a_request_that_is_not_let_in_does_not_pass),
    LISTED(requests_wait_when_too_many_are_unanswered))

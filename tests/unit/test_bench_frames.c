/* The client's side of a WebSocket: whole, and cut at every place. */

#include "client/frames_client.h"

#include "../support/frame_in.h"
#include "check.h"

#include <openssl/evp.h>

enum { TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

static struct bytes in;
static struct frames_client client;
static struct bytes told;

/* The answer that a server has to give to the request in `out`. */
static void
put_handshake(struct bytes *to)
{
    char text[96], accept[64];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len;
    bytes_append_char(&client.out, '\0');
    const char *key = strstr(client.out.data, "Sec-WebSocket-Key: ");
    assert_non_null(key);
    snprintf(text, sizeof text, "%.24s%s", key + 19,
             "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    assert_true(EVP_Digest(text, strlen(text), digest, &len, EVP_sha1(), NULL));
    EVP_EncodeBlock((unsigned char *)accept, digest, (int)len);
    bytes_printf(to,
                 "HTTP/1.1 101 x\r\nUpgrade: websocket\r\n"
                 "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                 accept);
}

/* What we send, in words: ">pong(x) ". Our frames must be masked. */
static void
tell_out(void)
{
    const uint8_t *at = (const uint8_t *)client.out.data;
    const uint8_t *end = at + client.out.len;
    while (at && at < end) {
        assert_true(end - at >= 6 && at[0] & 0x80 && at[1] & 0x80);
        unsigned opcode = at[0] & 0xf;
        size_t len = at[1] & 0x7f, size = 2;
        if (len == 126) {
            len = (size_t)at[2] << 8 | at[3];
            size = 4;
        }
        const uint8_t *mask = at + size, *data = mask + 4;
        assert_true((size_t)(end - data) >= len);
        bytes_printf(&told, ">%s(",
                     opcode == PONG    ? "pong"
                     : opcode == CLOSE ? "close"
                                       : "text");
        if (opcode == CLOSE && len)
            bytes_printf(
                &told, "%u",
                (unsigned)((data[0] ^ mask[0]) << 8 | (data[1] ^ mask[1])));
        for (size_t i = 0; opcode != CLOSE && i < len; i++)
            bytes_append_char(&told, (char)(data[i] ^ mask[i % 4]));
        bytes_append_string(&told, ") ");
        at = data + len;
    }
    client.out.len = 0;
}

/* True when it goes on. */
static bool
tell(enum ws_found found, const struct ws_message *message)
{
    switch (found) {
    case WS_NOTHING:
        return false;
    case WS_OPEN:
        bytes_append_string(&told, "open ");
        return true;
    case WS_TEXT:
    case WS_BINARY:
        bytes_append_string(&told, found == WS_TEXT ? "text(" : "binary(");
        if (message->len > 100)
            bytes_printf(&told, "%zu bytes", message->len);
        else if (message->len)
            bytes_append(&told, message->data, message->len);
        bytes_append_string(&told, ") ");
        return true;
    case WS_CLOSE:
        bytes_printf(&told, "close(%u) ", client.code);
        return false;
    case WS_WRONG:
        assert_true(strlen(client.problem) > 10);
        bytes_append_string(&told, "wrong ");
        return false;
    }
    return false;
}

/* Feeds a copy of exactly its size, which is gone afterwards. */
static void
feed(const char *data, size_t len)
{
    char *piece = malloc(len ? len : 1);
    memcpy(piece, data, len);
    struct ws_message message = {NULL, 0};
    frames_client_feed(&client, piece, len);
    enum ws_found found;
    do {
        found = frames_client_next(&client, &message);
        tell_out();
    } while (tell(found, &message));
    free(piece);
}

static void
begin(void)
{
    assert_true(frames_client_open(&client, "ws://h/p", NULL, 7));
    struct bytes answer = BYTES_EMPTY;
    put_handshake(&answer);
    client.out.len = 0;
    feed(answer.data, answer.len);
    bytes_fini(&answer);
    assert_bytes(told.data, told.len, "open ");
    told.len = 0;
}

static void
assert_told(const char *expected)
{
    bytes_append_char(&told, '\0');
    assert_string_equal(told.data, expected);
    told.len = 0;
}

/* The same is found however the bytes are cut. What ends it is said at every
 * later call, so told[] is looked at up to there. */
static void
assert_found(const char *expected)
{
    static const size_t steps[] = {1, 2, 3, 7, 4095, 4096, 4097, 1000000};
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        begin();
        for (size_t at = 0; at < in.len && !client.is_over; at += steps[i])
            feed(in.data + at, in.len - at < steps[i] ? in.len - at : steps[i]);
        assert_told(expected);
        if (!client.is_over && !client.opcode)
            assert_null(client.parser);
    }
    for (size_t cut = 0; cut <= in.len && in.len < 2000; cut++) {
        begin();
        feed(in.data, cut);
        if (!client.is_over)
            feed(in.data + cut, in.len - cut);
        assert_told(expected);
    }
    frames_client_fini(&client);
    bytes_fini(&in);
    bytes_fini(&told);
}

static void
put(unsigned first, const char *text)
{
    frame_in(&in, first, text, strlen(text), NULL);
}

TEST(messages_in_one_frame_are_found)
{
    put(FRAME_FIN | TEXT, "hello");
    put(FRAME_FIN | TEXT, "");
    put(FRAME_FIN | BINARY, "\xff\xfe");
    put(FRAME_FIN | TEXT, "again");
    assert_found("text(hello) text() binary(\xff\xfe) text(again) ");
}

TEST(lengths_of_all_three_kinds_are_read)
{
    static char data[66000];
    static const size_t sizes[] = {125, 126, 127, 4090, 65535, 65536, 66000};
    memset(data, 'x', sizeof data);
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        frame_in(&in, FRAME_FIN | TEXT, data, sizes[i], NULL);
    assert_found("text(125 bytes) text(126 bytes) text(127 bytes) "
                 "text(4090 bytes) text(65535 bytes) text(65536 bytes) "
                 "text(66000 bytes) ");
}

TEST(a_message_that_is_whole_is_not_copied)
{
    begin();
    put(FRAME_FIN | TEXT, "hello");
    struct ws_message message;
    frames_client_feed(&client, in.data, in.len);
    assert_int_equal(frames_client_next(&client, &message), WS_TEXT);
    assert_ptr_equal(message.data, in.data + 2);
    assert_int_equal(frames_client_next(&client, &message), WS_NOTHING);
    assert_null(client.parser);
    assert_null(client.message.data);
    frames_client_fini(&client);
    bytes_fini(&in);
}

TEST(fragments_make_one_message_and_control_frames_may_lie_between)
{
    put(TEXT, "one ");
    put(FRAME_FIN | PING, "there?");
    put(0, "");
    put(FRAME_FIN | PONG, "unasked");
    put(FRAME_FIN, "message");
    put(BINARY, "");
    put(FRAME_FIN, "");
    put(FRAME_FIN | TEXT, "x");
    assert_found(">pong(there?) text(one message) binary() text(x) ");
}

TEST(pings_are_answered_with_what_they_carry)
{
    put(FRAME_FIN | PING, "");
    put(FRAME_FIN | PING, "1234");
    put(FRAME_FIN | TEXT, "x");
    assert_found(">pong() >pong(1234) text(x) ");
}

TEST(a_close_is_answered_and_ends_it)
{
    put(FRAME_FIN | TEXT, "last");
    put(FRAME_FIN | CLOSE, "\x03\xe9"
                           "bye");
    put(FRAME_FIN | TEXT, "too late");
    assert_found("text(last) >close(1001) close(1001) ");
    put(FRAME_FIN | CLOSE, "");
    assert_found(">close() close(1005) ");
}

TEST(what_no_server_may_say_is_answered_1002)
{
    static const unsigned firsts[] = {
        FRAME_FIN | 0x40 | TEXT,
        FRAME_FIN | 0x10 | PING,
        FRAME_FIN | 3,
        FRAME_FIN | 11,
        FRAME_FIN, /* nothing to continue */
        PING,      /* a control frame in pieces */
        CLOSE,
    };
    for (size_t i = 0; i < COUNT_OF(firsts); i++) {
        put(FRAME_FIN | TEXT, "good");
        put(firsts[i], "bad");
        assert_found("text(good) >close(1002) wrong ");
    }
    put(FRAME_FIN | CLOSE, "x");
    assert_found(">close(1002) wrong ");
    put(TEXT, "begun");
    put(FRAME_FIN | TEXT, "another");
    assert_found(">close(1002) wrong ");
    bytes_append(&in, "\x81\x7e\x00\x05hello", 9); /* not the shortest */
    assert_found(">close(1002) wrong ");
    bytes_append(&in, "\x89\x7e\x00\x7e", 4); /* a long ping */
    assert_found(">close(1002) wrong ");
}

TEST(a_masked_frame_is_refused)
{
    frame_in(&in, FRAME_FIN | TEXT, "x", 1, "\x01\x02\x03\x04");
    assert_found(">close(1002) wrong ");
}

TEST(a_giant_is_refused_before_it_comes)
{
    bytes_append(&in, "\x81\x7f\x00\x00\x00\x00\x01\x00\x00\x01xxxx", 14);
    assert_found(">close(1009) wrong ");
}

TEST(what_the_client_says_is_masked)
{
    begin();
    static char data[5000];
    frames_client_send_text(&client, "hello", 5);
    frames_client_send_text(&client, "", 0);
    tell_out();
    assert_told(">text(hello) >text() ");
    memset(data, 'x', sizeof data);
    frames_client_send_text(&client, data, sizeof data);
    assert_int_equal(client.out.len, 4 + 4 + sizeof data);
    bytes_append_char(&client.out, '\0');
    assert_null(strstr(client.out.data + 8, "xxxxxxxx"));
    client.out.len--;
    tell_out();
    assert_int_equal(told.len, sizeof data + strlen(">text() "));
    told.len = 0;
    frames_client_close(&client, 1000);
    frames_client_close(&client, 1001);
    frames_client_send_text(&client, "late", 4);
    tell_out();
    assert_told(">close(1000) ");
    put(FRAME_FIN | CLOSE, "\x03\xe8");
    feed(in.data, in.len);
    assert_told("close(1000) ");
    frames_client_fini(&client);
    bytes_fini(&in);
    bytes_fini(&told);
}

TEST(a_message_may_follow_the_handshake_at_once)
{
    assert_true(frames_client_open(&client, "ws://h/p", NULL, 7));
    put_handshake(&in);
    client.out.len = 0;
    put(FRAME_FIN | TEXT, "first");
    feed(in.data, in.len);
    assert_told("open text(first) ");
    assert_int_equal(client.status, 101);
    frames_client_fini(&client);
    bytes_fini(&in);
    bytes_fini(&told);
}

TEST(a_refused_handshake_says_why_for_ever)
{
    assert_true(frames_client_open(&client, "ws://h/p", NULL, 0));
    client.out.len = 0;
    feed("HTTP/1.1 404 No\r\n\r\n", 19);
    assert_told("wrong ");
    assert_int_equal(client.status, 404);
    assert_non_null(strstr(client.problem, "404"));
    feed("more", 4);
    assert_told("wrong ");
    assert_false(frames_client_open(&client, "nonsense", NULL, 0));
    assert_non_null(strstr(client.problem, "nonsense"));
    feed("more", 4);
    assert_told("wrong ");
    frames_client_fini(&client);
    bytes_fini(&told);
}

TEST(keys_and_masks_differ)
{
    struct bytes first = BYTES_EMPTY;
    assert_true(frames_client_open(&client, "ws://h/p", NULL, 1));
    bytes_append(&first, client.out.data, client.out.len);
    assert_true(frames_client_open(&client, "ws://h/p", NULL, 2));
    assert_int_equal(first.len, client.out.len);
    assert_memory_not_equal(first.data, client.out.data, first.len);
    frames_client_fini(&client);
    bytes_fini(&first);
    begin();
    frames_client_send_text(&client, "", 0);
    frames_client_send_text(&client, "", 0);
    assert_memory_not_equal(client.out.data + 2, client.out.data + 8, 4);
    frames_client_fini(&client);
    bytes_fini(&told);
}

RUN(LISTED(messages_in_one_frame_are_found),
    LISTED(lengths_of_all_three_kinds_are_read),
    LISTED(a_message_that_is_whole_is_not_copied),
    LISTED(fragments_make_one_message_and_control_frames_may_lie_between),
    LISTED(pings_are_answered_with_what_they_carry),
    LISTED(a_close_is_answered_and_ends_it),
    LISTED(what_no_server_may_say_is_answered_1002),
    LISTED(a_masked_frame_is_refused),
    LISTED(a_giant_is_refused_before_it_comes),
    LISTED(what_the_client_says_is_masked),
    LISTED(a_message_may_follow_the_handshake_at_once),
    LISTED(a_refused_handshake_says_why_for_ever),
    LISTED(keys_and_masks_differ))

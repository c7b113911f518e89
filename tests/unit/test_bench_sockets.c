/* The transports over a WebSocket, between a subscriber that only writes down
 * what it is told and a server that is this test. */

#include "../support/frame_in.h"
#include "base/bytes.h"
#include "check.h"
#include "target/target.h"
#include "transport/transports.h"

#include <openssl/evp.h>

/* A target's words are not constant; these live as long as their test. */
#define WORD(text) ((char[]){text})

/* -- a subscriber that writes down ---------------------------------------- */

struct subscriber {
    struct entrance entrance;
    struct bytes told; /* by the transport, in words */
    struct bytes sent; /* over the connection */
};

static struct subscriber subscriber;
static const struct transport *transport;
static void *state_of_transport;

static void
note(const char *word, const char *data, size_t len)
{
    bytes_printf(&subscriber.told, "%s(%.*s) ", word, (int)len, data);
}

void
subscriber_connect(struct subscriber *of)
{
    (void)of;
    note("connect", "", 0);
}

void
subscriber_send(struct subscriber *of, const void *data, size_t len)
{
    bytes_append(&of->sent, data, len);
}

char *
subscriber_url(const struct subscriber *of)
{
    return xstrdup(of->entrance.url);
}

char *
subscriber_headers(const struct subscriber *of)
{
    (void)of;
    return xstrdup("X-One: 1\r\n");
}

void
subscriber_ready(struct subscriber *of)
{
    (void)of;
    note("ready", "", 0);
}

void
subscriber_payload(struct subscriber *of, const char *data, size_t len)
{
    (void)of;
    note("payload", data, len);
}

void
subscriber_cursor(struct subscriber *of, const char *text, size_t len)
{
    (void)of;
    note("cursor", text, len);
}

void
subscriber_lost(struct subscriber *of)
{
    (void)of;
    note("lost", "", 0);
}

void
subscriber_again(struct subscriber *of)
{
    (void)of;
    note("again", "", 0);
}

void
subscriber_fail(struct subscriber *of, const char *sentence)
{
    (void)of;
    note("fail", sentence, strlen(sentence));
}

const struct entrance *
subscriber_entrance(const struct subscriber *of)
{
    return &of->entrance;
}

const char *
subscriber_channel(const struct subscriber *of)
{
    (void)of;
    return "room";
}

uint64_t
subscriber_random(struct subscriber *of)
{
    (void)of;
    return 42;
}

/* -- a server ------------------------------------------------------------- */

static void
assert_told(const char *expected)
{
    bytes_append_char(&subscriber.told, '\0');
    assert_string_equal(subscriber.told.data, expected);
    subscriber.told.len = 0;
}

/* What was sent, unmasked: "text|text|". */
static void
assert_sent(const char *expected)
{
    char text[512] = "";
    const uint8_t *at = (const uint8_t *)subscriber.sent.data;
    const uint8_t *end = at + subscriber.sent.len;
    size_t len = 0;
    for (; at && at < end; at += 6 + (at[1] & 0x7f)) {
        for (int i = 0; i < (at[1] & 0x7f); i++)
            text[len++] = (char)(at[6 + i] ^ at[2 + i % 4]);
        text[len++] = '|';
    }
    text[len] = '\0';
    assert_string_equal(text, expected);
    subscriber.sent.len = 0;
}

/* Gives the transport a copy of exactly its size. */
static void
give(const char *data, size_t len)
{
    char *piece = malloc(len ? len : 1);
    memcpy(piece, data, len);
    transport->on_bytes(&subscriber, state_of_transport, piece, len);
    free(piece);
}

static void
say_as(unsigned first, const char *text)
{
    struct bytes frame = BYTES_EMPTY;
    frame_in(&frame, FRAME_FIN | first, text, strlen(text), NULL);
    give(frame.data, frame.len);
    bytes_fini(&frame);
}

static void
say(const char *text)
{
    say_as(1, text);
}

static void
answer_handshake(void)
{
    char text[96], accept[64], answer[256];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len;
    bytes_append_char(&subscriber.sent, '\0');
    assert_non_null(strstr(subscriber.sent.data, "\r\nX-One: 1\r\n"));
    const char *key = strstr(subscriber.sent.data, "Sec-WebSocket-Key: ");
    assert_non_null(key);
    snprintf(text, sizeof text, "%.24s%s", key + 19,
             "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    assert_true(EVP_Digest(text, strlen(text), digest, &len, EVP_sha1(), NULL));
    EVP_EncodeBlock((unsigned char *)accept, digest, (int)len);
    subscriber.sent.len = 0;
    snprintf(answer, sizeof answer,
             "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n\r\n",
             accept);
    give(answer, strlen(answer));
}

static void
begin(const struct transport *which, const struct entrance *entrance)
{
    subscriber = (struct subscriber){.entrance = *entrance};
    transport = which;
    state_of_transport = calloc(1, which->state_size);
    static char url[] = "ws://127.0.0.1:1/x";
    subscriber.entrance.url = url;
    transport->start(&subscriber, state_of_transport);
    assert_told("connect() ");
    transport->on_connected(&subscriber, state_of_transport);
    answer_handshake();
}

static void
end(void)
{
    transport->fini(state_of_transport);
    free(state_of_transport);
    bytes_fini(&subscriber.told);
    bytes_fini(&subscriber.sent);
}

/* -- WebSocket ------------------------------------------------------------ */

TEST(a_websocket_without_a_word_is_ready_when_it_is_open)
{
    begin(&transport_ws, &(struct entrance){0});
    assert_told("ready() ");
    say("one");
    say_as(2, "two");
    assert_told("payload(one) payload(two) ");
    end();
}

TEST(a_websocket_says_its_hellos_and_waits_for_its_word)
{
    char *hello[] = {WORD("subscribe {channel}"), WORD("go"), NULL};
    begin(&transport_ws,
          &(struct entrance){.hello = hello, .ready = WORD("subscribed")});
    assert_told("");
    assert_sent("subscribe room|go|");
    say("wait");
    assert_told("payload(wait) ");
    say("you are subscribed");
    say("you are subscribed");
    assert_told("ready() payload(you are subscribed) "
                "payload(you are subscribed) ");
    end();
}

TEST(a_websockets_cursor_and_loss_are_told)
{
    begin(&transport_ws, &(struct entrance){.ready = WORD("earshot.open"),
                                            .lost = WORD("earshot.lost"),
                                            .take = CURSOR_JSON,
                                            .take_name = WORD("id,cursor")});
    say("{\"event\":\"earshot.open\",\"cursor\":\"1-a\"}");
    assert_told("ready() cursor(1-a) "
                "payload({\"event\":\"earshot.open\",\"cursor\":\"1-a\"}) ");
    say("{\"id\":\"2-\\u0062\"}");
    assert_told("cursor(2-b) payload({\"id\":\"2-\\u0062\"}) ");
    say("{\"event\":\"earshot.lost\",\"cursor\":\"9-a\"}");
    assert_told("lost() cursor(9-a) "
                "payload({\"event\":\"earshot.lost\",\"cursor\":\"9-a\"}) ");
    end();
}

TEST(a_websocket_begins_anew_when_it_ends)
{
    begin(&transport_ws, &(struct entrance){.ready = WORD("open")});
    say("open");
    subscriber.told.len = 0;
    say_as(8, "\x03\xe9");
    assert_sent("\x03\xe9|");
    say("too late");
    transport->on_end(&subscriber, state_of_transport);
    assert_told("again() ");
    transport->on_connected(&subscriber, state_of_transport);
    answer_handshake();
    say("open");
    assert_told("ready() payload(open) ");
    end();
}

TEST(a_websocket_says_what_is_wrong_with_its_server)
{
    begin(&transport_ws, &(struct entrance){0});
    subscriber.told.len = 0;
    give("\xff\x01x", 3);
    assert_told("fail(the server set a reserved bit, "
                "though no extension was "
                "agreed on (RFC 6455, 5.2)) ");
    give("more", 4);
    assert_told("");
    transport->on_end(&subscriber, state_of_transport);
    transport->on_connected(&subscriber, state_of_transport);
    give("HTTP/1.1 404 Not Found\r\n\r\n", 26);
    assert_told("again() fail(the WebSocket's handshake "
                "was answered 404, and not 101: is this a WebSocket's "
                "address, and does the web server in between pass Upgrade "
                "on?) ");
    end();
}

TEST(a_websocket_leaves_with_a_close)
{
    begin(&transport_ws, &(struct entrance){0});
    transport->leave(&subscriber, state_of_transport);
    transport->leave(&subscriber, state_of_transport);
    assert_sent("\x03\xe8|");
    end();
}

/* -- socket.io ------------------------------------------------------------ */

TEST(socket_io_connects_and_hears_events)
{
    begin(&transport_socketio, &(struct entrance){0});
    assert_sent("");
    say("0{\"sid\":\"a\",\"pingInterval\":25000}");
    assert_sent("40|");
    assert_told("");
    say("40{\"sid\":\"b\"}");
    assert_told("ready() ");
    say("42[\"message\",\"hello\"]");
    assert_told("payload([\"message\",\"hello\"]) ");
    say("2");
    assert_sent("3|");
    say("6");
    assert_told("");
    end();
}

TEST(socket_io_enters_the_targets_namespace_and_says_its_hellos)
{
    char *hello[] = {WORD("40/chat,{{}}"),
                     WORD("42/chat,[\"join\",\"{channel}\"]"), NULL};
    begin(&transport_socketio,
          &(struct entrance){.hello = hello, .ready = WORD("joined")});
    say("0{}");
    assert_sent("40/chat,{}|");
    say("40/chat,{\"sid\":\"b\"}");
    assert_sent("42/chat,[\"join\",\"room\"]|");
    assert_told("");
    say("42/chat,[\"joined\"]");
    assert_told("ready() payload([\"joined\"]) ");
    end();
}

TEST(socket_io_hears_binary_data_too)
{
    begin(&transport_socketio, &(struct entrance){0});
    say("451-[\"b\",{\"_placeholder\":true,\"num\":0}]");
    say_as(2, "bytes");
    assert_told("payload([\"b\",{\"_placeholder\":true,\"num\":0}]) "
                "payload(bytes) ");
    end();
}

TEST(socket_io_says_why_it_was_refused)
{
    begin(&transport_socketio, &(struct entrance){0});
    say("44{\"message\":\"no\"}");
    assert_told("fail(the socket.io server refused the connection: "
                "{\"message\":\"no\"}) ");
    end();
    begin(&transport_socketio, &(struct entrance){0});
    say("hello");
    assert_told("fail(this is no packet of socket.io 4: hello) ");
    end();
}

TEST(socket_io_closes_when_it_is_sent_away)
{
    begin(&transport_socketio, &(struct entrance){0});
    say("41");
    assert_sent("\x03\xe8|");
    transport->on_end(&subscriber, state_of_transport);
    assert_told("again() ");
    end();
}

RUN(LISTED(a_websocket_without_a_word_is_ready_when_it_is_open),
    LISTED(a_websocket_says_its_hellos_and_waits_for_its_word),
    LISTED(a_websockets_cursor_and_loss_are_told),
    LISTED(a_websocket_begins_anew_when_it_ends),
    LISTED(a_websocket_says_what_is_wrong_with_its_server),
    LISTED(a_websocket_leaves_with_a_close),
    LISTED(socket_io_connects_and_hears_events),
    LISTED(socket_io_enters_the_targets_namespace_and_says_its_hellos),
    LISTED(socket_io_hears_binary_data_too),
    LISTED(socket_io_says_why_it_was_refused),
    LISTED(socket_io_closes_when_it_is_sent_away))

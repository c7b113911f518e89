/* The client's handshake of a WebSocket: what it asks for, and which answers
 * it takes. */

#include "client/handshake_client.h"

#include "check.h"

/* The example of RFC 6455, section 1.3. */
static const uint8_t *const nonce = (const uint8_t *)"the sample nonce";
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define GOOD                                                                   \
    "HTTP/1.1 101 Switching Protocols\r\n"                                     \
    "Upgrade: websocket\r\n"                                                   \
    "Connection: Upgrade\r\n"                                                  \
    "Sec-WebSocket-Accept: " ACCEPT "\r\n"

static struct handshake_client handshake;

static void
assert_request(const char *url, const char *headers, const char *expected)
{
    struct bytes out = BYTES_EMPTY;
    assert_true(handshake_client_begin(&handshake, url, headers, nonce, &out));
    assert_bytes(out.data, out.len, expected);
    bytes_fini(&out);
    handshake_client_fini(&handshake);
}

TEST(the_request_has_what_a_server_judges)
{
    assert_request("ws://127.0.0.1:8080/earshot/room/ws?last=1", NULL,
                   "GET /earshot/room/ws?last=1 HTTP/1.1\r\n"
                   "Host: 127.0.0.1:8080\r\n"
                   "Upgrade: websocket\r\n"
                   "Connection: Upgrade\r\n"
                   "Sec-WebSocket-Key: " KEY "\r\n"
                   "Sec-WebSocket-Version: 13\r\n\r\n");
    assert_request("WSS://me:word@host?a=b#part", "Origin: http://x\r\n",
                   "GET /?a=b HTTP/1.1\r\n"
                   "Host: host\r\n"
                   "Upgrade: websocket\r\n"
                   "Connection: Upgrade\r\n"
                   "Sec-WebSocket-Key: " KEY "\r\n"
                   "Sec-WebSocket-Version: 13\r\n"
                   "Origin: http://x\r\n\r\n");
}

TEST(what_is_no_url_is_said_to_be_none)
{
    static const char *const urls[] = {
        "",           "ws:/",       "ws://",           "ws:///path",
        "ftp://host", "host:80/ws", "ws://ho\r\nst/x", "ws://host/a b",
        "s://host",   "://host"};
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        struct bytes out = BYTES_EMPTY;
        assert_false(
            handshake_client_begin(&handshake, urls[i], NULL, nonce, &out));
        assert_int_equal(out.len, 0);
        assert_non_null(strstr(handshake.problem, "is no URL of a WebSocket"));
    }
}

/* Gives ANSWER in two pieces, of which CUT bytes are the first; a piece is gone
 * when it has been taken. What is left over is in *REST. */
static enum handshake_verdict
take_cut(const char *answer, size_t len, size_t cut, size_t *rest)
{
    enum handshake_verdict verdict = HANDSHAKE_MORE;
    const size_t ends[] = {cut, len};
    size_t at = 0;
    for (size_t i = 0; i < 2 && verdict == HANDSHAKE_MORE; i++) {
        size_t some = ends[i] - at;
        char *piece = malloc(some ? some : 1);
        memcpy(piece, answer + at, some);
        const char *data = piece;
        verdict = handshake_client_take(&handshake, &data, &some);
        at = ends[i];
        *rest = some + len - at;
        free(piece);
    }
    return verdict;
}

static enum handshake_verdict
take(const char *answer, size_t len, const char *headers, const char *after)
{
    enum handshake_verdict verdict = HANDSHAKE_MORE;
    for (size_t cut = 0; cut <= len; cut++) {
        struct bytes out = BYTES_EMPTY;
        size_t rest = 0;
        assert_true(handshake_client_begin(&handshake, "ws://h/", headers,
                                           nonce, &out));
        verdict = take_cut(answer, len, cut, &rest);
        if (verdict == HANDSHAKE_OPEN)
            assert_int_equal(rest, strlen(after));
        handshake_client_fini(&handshake);
        bytes_fini(&out);
    }
    return verdict;
}

static void
assert_taken(const char *headers, const char *head, const char *after)
{
    char answer[1024];
    snprintf(answer, sizeof answer, "%s%s", head, after);
    assert_int_equal(take(answer, strlen(answer), headers, after),
                     HANDSHAKE_OPEN);
    assert_int_equal(handshake.status, 101);
}

static void
assert_refused(const char *answer, const char *why)
{
    assert_int_equal(take(answer, strlen(answer), NULL, ""), HANDSHAKE_WRONG);
    if (!strstr(handshake.problem, why))
        fail_msg("\"%s\" has no \"%s\"", handshake.problem, why);
}

TEST(a_good_answer_opens_and_leaves_what_follows)
{
    assert_taken(NULL, GOOD "\r\n", "");
    assert_taken(NULL, GOOD "\r\n", "\x81\x01x");
    assert_taken(NULL,
                 "HTTP/1.1 101\r\nSEC-WEBSOCKET-ACCEPT:\t" ACCEPT " \r\n"
                 "connection:keep-alive,\tupgrade\r\nX-Connection: x\r\n"
                 "upgrade: WebSocket\r\n\r\n",
                 "\r\n\r\n");
    assert_taken("Sec-WebSocket-Protocol: chat\r\n",
                 GOOD "Sec-WebSocket-Protocol: chat\r\n\r\n", "");
}

TEST(an_answer_that_is_no_101_is_refused_with_its_status)
{
    assert_refused("HTTP/1.1 404 Not Found\r\n\r\n", "404");
    assert_int_equal(handshake.status, 404);
    assert_refused("HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<html>",
                   "200");
}

TEST(what_is_no_http_is_refused_at_once)
{
    assert_refused("SSH-2.0-OpenSSH_9.2\r\n", "no HTTP");
    assert_refused("HTTP/2 101\r\n\r\n", "no HTTP");
    assert_refused("HTTP/1.1 1 1\r\n\r\n", "no HTTP");
    assert_refused("HTTP/1.1\r\n\r\n", "no HTTP");
    assert_refused("\r\n\r\n", "no HTTP");
}

TEST(a_101_must_be_the_answer_to_our_key)
{
    assert_refused("HTTP/1.1 101 x\r\n\r\n", "no upgrade to websocket");
    assert_refused("HTTP/1.1 101 x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n",
                   "no upgrade to websocket");
    assert_refused("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n"
                   "Connection: upgrades, close\r\n"
                   "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n",
                   "Connection: Upgrade");
    assert_refused("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n"
                   "Connection: Upgrade\r\n\r\n",
                   "does not answer our key");
    assert_refused("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n"
                   "Connection: Upgrade\r\nSec-WebSocket-Accept: "
                   "S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
                   "does not answer our key");
    assert_refused(GOOD "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
                   "extension");
    assert_refused(GOOD "Sec-WebSocket-Protocol: chat\r\n\r\n", "protocol");
}

TEST(a_head_with_nul_is_refused)
{
    static const char answer[] = GOOD "X: \0\r\n\r\n";
    assert_int_equal(take(answer, sizeof answer - 1, NULL, ""),
                     HANDSHAKE_WRONG);
    assert_non_null(strstr(handshake.problem, "NUL"));
}

TEST(a_head_without_end_is_refused)
{
    struct bytes out = BYTES_EMPTY;
    assert_true(
        handshake_client_begin(&handshake, "ws://h", NULL, nonce, &out));
    bytes_fini(&out);
    char line[1024];
    memset(line, 'x', sizeof line);
    memcpy(line, "HTTP/1.1 101 ", 13);
    for (size_t i = 0; i < HANDSHAKE_HEAD_MAX / sizeof line; i++) {
        const char *data = line;
        size_t len = sizeof line;
        bool is_last = i == HANDSHAKE_HEAD_MAX / sizeof line - 1;
        assert_int_equal(handshake_client_take(&handshake, &data, &len),
                         is_last ? HANDSHAKE_WRONG : HANDSHAKE_MORE);
    }
    handshake_client_fini(&handshake);
}

RUN(LISTED(the_request_has_what_a_server_judges),
    LISTED(what_is_no_url_is_said_to_be_none),
    LISTED(a_good_answer_opens_and_leaves_what_follows),
    LISTED(an_answer_that_is_no_101_is_refused_with_its_status),
    LISTED(what_is_no_http_is_refused_at_once),
    LISTED(a_101_must_be_the_answer_to_our_key),
    LISTED(a_head_with_nul_is_refused), LISTED(a_head_without_end_is_refused))

#include "handshake.h"

#include "problem.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { KEY_LEN = 24 /* base64 of 16 bytes */ };

bool
handshake_has_token(const char *list, const char *token)
{
    size_t token_len = strlen(token);
    while (*list) {
        list += strspn(list, ", \t");
        size_t len = strcspn(list, ",");
        size_t bare = len;
        while (bare && (list[bare - 1] == ' ' || list[bare - 1] == '\t'))
            bare--;
        if (bare == token_len && strncasecmp(list, token, bare) == 0)
            return true;
        list += len;
    }
    return false;
}

/* Base64 of 16 bytes: 22 digits, of which the last one carries four zero bits
 * (which is not insisted on), and two signs of padding. */
static bool
is_key(const char *key)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    return strlen(key) == KEY_LEN && strspn(key, digits) == KEY_LEN - 2 &&
           strcmp(key + KEY_LEN - 2, "==") == 0;
}

/* RFC 6455, section 4.2.2, 5.4. */
static bool
compute_accept(const char *key, char accept[HANDSHAKE_ACCEPT_SIZE])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[KEY_LEN + sizeof guid];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len;
    snprintf(text, sizeof text, "%s%s", key, guid);
    if (!EVP_Digest(text, strlen(text), digest, &len, EVP_sha1(), NULL))
        return false;
    EVP_EncodeBlock((unsigned char *)accept, digest, (int)len);
    return true;
}

bool
handshake_judge(const struct handshake *handshake,
                char accept[HANDSHAKE_ACCEPT_SIZE], struct refusal *refusal)
{
    if (!handshake_has_token(handshake->upgrade, "websocket") ||
        !handshake_has_token(handshake->connection, "upgrade"))
        return problem_refuse(refusal, PROBLEM_UPGRADE,
                              "this address speaks WebSocket: ask for it with "
                              "Upgrade: websocket and Connection: Upgrade (and "
                              "if you do, let the web server in between pass "
                              "them on)");
    if (!handshake->is_get)
        return problem_refuse(refusal, PROBLEM_UPGRADE,
                              "a WebSocket begins with GET");
    if (!handshake->is_http_1_1)
        return problem_refuse(refusal, PROBLEM_HANDSHAKE,
                              "a WebSocket begins with HTTP/1.1");
    if (!handshake->host[0] || strpbrk(handshake->host, ", \t"))
        return problem_refuse(refusal, PROBLEM_HANDSHAKE,
                              "there must be one Host header, and one host "
                              "in it");
    if (strcmp(handshake->version, "13") != 0)
        return problem_refuse(refusal, PROBLEM_UPGRADE,
                              "the version of WebSocket spoken here is 13, "
                              "not \"%.20s\"",
                              handshake->version);
    if (!is_key(handshake->key))
        return problem_refuse(refusal, PROBLEM_HANDSHAKE,
                              "Sec-WebSocket-Key is base64 of 16 bytes: 24 "
                              "characters, given once");
    if (!compute_accept(handshake->key, accept))
        return problem_refuse(refusal, PROBLEM_INTERNAL,
                              "SHA-1 cannot be computed here");
    return true;
}

/* The handshake (RFC 6455, section 4.2): is this request one that a WebSocket
 * can be made of, and what does one answer. It knows no connection. */
#ifndef EARSHOT_HANDSHAKE_H
#define EARSHOT_HANDSHAKE_H

#include <stdbool.h>

struct refusal;

enum { HANDSHAKE_ACCEPT_SIZE = 29 }; /* base64 of 20 bytes, and a NUL */

/* What of a GET request matters. A string is "" when the header is not there;
 * of several headers of a name the values are joined with commas. */
struct handshake {
    bool is_get;
    bool is_http_1_1; /* or a later 1.x */
    const char *host;
    const char *upgrade;
    const char *connection;
    const char *version;
    const char *key;
};

/* Judges a handshake. True: ACCEPT is what Sec-WebSocket-Accept has to be.
 * False: REFUSAL says what is wrong. */
__attribute__((warn_unused_result)) bool
handshake_judge(const struct handshake *handshake,
                char accept[HANDSHAKE_ACCEPT_SIZE], struct refusal *refusal);

/* True when the LIST, with commas between, has the TOKEN in any case (RFC 9110,
 * section 5.6.1). */
bool handshake_has_token(const char *list, const char *token);

#endif

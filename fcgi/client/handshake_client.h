/* The client's side of a WebSocket's opening handshake (RFC 6455, section 4.1):
 * the request, and whether the answer is the one that it asks for. It knows no
 * connection, and takes the answer in pieces of any size. */
#ifndef EARSHOT_CLIENT_HANDSHAKE_CLIENT_H
#define EARSHOT_CLIENT_HANDSHAKE_CLIENT_H

#include "base/bytes.h"

#include <stdbool.h>

enum {
    HANDSHAKE_NONCE_SIZE = 16,
    HANDSHAKE_HEAD_MAX = 16 * 1024,
};

struct handshake_client {
    char problem[192]; /* a sentence, when HANDSHAKE_WRONG was answered */
    int status;        /* of the answer, when it has come; else 0 */
    /* The rest is the module's own. */
    char accept[32]; /* what Sec-WebSocket-Accept has to be */
    bool offers_protocol;
    struct bytes head; /* of the answer, so far */
};

enum handshake_verdict {
    HANDSHAKE_MORE, /* the answer's head is not whole yet */
    HANDSHAKE_OPEN,
    HANDSHAKE_WRONG,
};

/* Appends to OUT the request for URL (ws, wss, http or https). HEADERS go along
 * as they are, each with its CRLF; NULL: none. False: it is no such URL, and
 * `problem` says so. */
__attribute__((warn_unused_result)) bool handshake_client_begin(
    struct handshake_client *handshake, const char *url, const char *headers,
    const uint8_t nonce[HANDSHAKE_NONCE_SIZE], struct bytes *out);

/* Takes what has come; *DATA and *LEN are moved on to what follows the head. */
__attribute__((warn_unused_result)) enum handshake_verdict
handshake_client_take(struct handshake_client *handshake, const char **data,
                      size_t *len);

void handshake_client_fini(struct handshake_client *handshake);

#endif

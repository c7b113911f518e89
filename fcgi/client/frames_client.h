/* One WebSocket as its client sees it (RFC 6455), without the socket: bytes
 * that have come become messages, and what must be sent is left in `out`:
 * handshake, masked frames, pongs, the close. The owner sends `out` and empties
 * it after each round of calls.
 *
 * A message that lies whole in one piece is given as it lies there, without
 * passing wslay, which takes all other frames apart: what the client costs must
 * not be taken for the server's. That text is UTF-8 is not checked. */
#ifndef EARSHOT_CLIENT_FRAMES_CLIENT_H
#define EARSHOT_CLIENT_FRAMES_CLIENT_H

#include "base/bytes.h"

#include <stdbool.h>

enum { WS_MESSAGE_MAX = 16 * 1024 * 1024 };

enum ws_found {
    WS_NOTHING, /* all that was fed is taken */
    WS_OPEN,    /* the handshake is over: frames may be sent */
    WS_TEXT,
    WS_BINARY,
    WS_CLOSE, /* the server closes, with `code`; nothing is read any more */
    WS_WRONG, /* `problem` says what the server did; likewise */
};

struct ws_message {
    const char *data;
    size_t len;
};

struct frames_client {
    struct bytes out; /* the owner's to send and to empty */
    uint16_t code;
    int status; /* of the handshake's answer, when it has come */
    bool is_open;
    const char *problem; /* until the next open or fini */
    /* The rest is the module's own. */
    struct handshake_client *handshake; /* until it is over, or when wrong */
    struct wslay_frame_context *parser; /* while a frame is cut */
    struct bytes message;               /* the fragments so far */
    struct bytes control;               /* this control frame's payload */
    const char *input;
    size_t input_len;
    uint64_t taken_bytes;  /* by the parser, all in all */
    uint64_t framed_bytes; /* of them: in frames that are over */
    uint64_t frame_bytes;  /* payload of this frame so far */
    uint64_t random;
    uint8_t opcode; /* of the message that is being gathered; 0: none */
    bool in_frame;
    bool is_given; /* `message` was found by the last call */
    bool is_over;
    bool has_closed; /* a close frame of ours is out */
};

/* Begins, at first (zeroed) or again: the handshake for URL, with HEADERS, each
 * with its CRLF (NULL: none), is in `out`. RANDOM seeds keys and masks. False:
 * the URL is none, and `problem` says so. */
__attribute__((warn_unused_result)) bool
frames_client_open(struct frames_client *client, const char *url,
                   const char *headers, uint64_t random);
void frames_client_fini(struct frames_client *client);

/* Gives it LEN bytes, to which it refers until frames_client_next() has
 * answered WS_NOTHING, WS_CLOSE or WS_WRONG. */
void frames_client_feed(struct frames_client *client, const char *data,
                        size_t len);

/* The next of what was fed. MESSAGE is filled with WS_TEXT and WS_BINARY, and
 * good until the next call. Pings are answered. */
__attribute__((warn_unused_result)) enum ws_found
frames_client_next(struct frames_client *client, struct ws_message *message);

/* Once it is open, until it has closed (then nothing is done). */
void frames_client_send_text(struct frames_client *client, const char *data,
                             size_t len);
void frames_client_close(struct frames_client *client, uint16_t code);

#endif

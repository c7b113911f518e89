/* What a client sends, taken apart: frames (RFC 6455, section 5) become whole
 * messages and control frames. wslay reads the frames; the rules that lie above
 * one frame are judged here: masks, reserved bits, opcodes, fragments, sizes,
 * UTF-8, codes of closing. It knows no socket.
 *
 * Between frames it keeps no parser and no buffer: a client that is silent
 * costs the struct alone. */
#ifndef EARSHOT_FRAMES_H
#define EARSHOT_FRAMES_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

/* Codes of closing (RFC 6455, section 7.4, and IANA's registry). */
enum close_code {
    CLOSE_NORMAL = 1000,
    CLOSE_GOING_AWAY = 1001,
    CLOSE_PROTOCOL = 1002,
    CLOSE_UNSUPPORTED = 1003,
    CLOSE_NO_CODE = 1005, /* a close frame without one; never sent */
    CLOSE_BAD_DATA = 1007,
    CLOSE_POLICY = 1008,
    CLOSE_TOO_BIG = 1009,
    CLOSE_INTERNAL = 1011,
    CLOSE_RESTART = 1012,
    CLOSE_TRY_LATER = 1013,
};

enum frames_found {
    FRAMES_NOTHING, /* all that was fed is taken */
    FRAMES_TEXT,    /* a message, which is UTF-8 */
    FRAMES_BINARY,
    FRAMES_PING,
    FRAMES_PONG,
    FRAMES_CLOSE, /* with `code` */
    FRAMES_WRONG, /* with `code` and `reason`; nothing can be read any more */
};

enum { FRAMES_HEADER_MAX = 14 };

struct wslay_frame_context;

struct frames {
    size_t message_max; /* set by the owner */
    /* Of what was found, until the next call: */
    const char *data;
    size_t len;
    uint16_t code;
    const char *reason;
    /* The rest is the module's own. */
    struct wslay_frame_context *parser; /* while a frame is cut, or NULL */
    uint64_t taken_bytes;               /* by the parser, all in all */
    uint64_t framed_bytes;              /* of them: in frames that are over */
    uint64_t frame_bytes;               /* payload of this frame so far */
    uint8_t tail[FRAMES_HEADER_MAX];    /* the last bytes that were taken */
    struct bytes message;               /* the fragments so far */
    struct bytes control;               /* this control frame's payload */
    struct bytes kept;                  /* fed and not taken */
    const char *input;
    size_t input_len;
    uint8_t opcode; /* of the message that is being gathered; 0: none */
    bool in_frame;
    bool is_given; /* `message` was found by the last call */
};

void frames_fini(struct frames *frames);

/* Gives it LEN bytes, to which it refers until frames_rest(). */
void frames_feed(struct frames *frames, const char *data, size_t len);

/* The next of what was fed. */
__attribute__((warn_unused_result)) enum frames_found
frames_next(struct frames *frames);

/* Ends a round of frames_next(): what was fed and is not taken is kept, and
 * what is not needed between frames is freed. */
void frames_rest(struct frames *frames);

/* True within a message: some of its fragments have been taken. True within a
 * message, or within any frame. */
bool frames_in_message(const struct frames *frames);
bool frames_is_unfinished(const struct frames *frames);

/* True when something was kept: frames_next() goes on with it. */
bool frames_has_more(const struct frames *frames);

#endif

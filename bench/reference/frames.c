#include "frames.h"

#include "base/utf8.h"

#include <string.h>
#include <wslay/wslay.h>

enum {
    MASK_SIZE = 4,
    CODE_SIZE = 2,
};

void
frames_fini(struct frames *frames)
{
    if (frames->parser)
        wslay_frame_context_free(frames->parser);
    bytes_fini(&frames->message);
    bytes_fini(&frames->control);
    bytes_fini(&frames->kept);
    *frames = (struct frames){.message_max = frames->message_max};
}

/* -- input -------------------------------------------------------------- */

void
frames_feed(struct frames *frames, const char *data, size_t len)
{
    if (frames->kept.len) {
        bytes_append(&frames->kept, data, len);
        data = frames->kept.data;
        len = frames->kept.len;
    }
    frames->input = data;
    frames->input_len = len;
}

/* Keeps the last bytes taken: see judge_header(). */
static void
keep_tail(struct frames *frames, const uint8_t *data, size_t len)
{
    size_t size = sizeof frames->tail;
    if (len < size) {
        memmove(frames->tail, frames->tail + len, size - len);
        memcpy(frames->tail + size - len, data, len);
    } else {
        memcpy(frames->tail, data + len - size, size);
    }
}

static ssize_t
on_wanted(uint8_t *buf, size_t len, int flags, void *context)
{
    struct frames *frames = context;
    (void)flags;
    if (len > frames->input_len)
        len = frames->input_len;
    if (!len)
        return 0;
    memcpy(buf, frames->input, len);
    keep_tail(frames, buf, len);
    frames->input += len;
    frames->input_len -= len;
    frames->taken_bytes += len;
    return (ssize_t)len;
}

bool
frames_has_more(const struct frames *frames)
{
    return frames->input_len || frames->taken_bytes != frames->framed_bytes;
}

bool
frames_in_message(const struct frames *frames)
{
    return frames->opcode;
}

bool
frames_is_unfinished(const struct frames *frames)
{
    return frames->opcode || frames->taken_bytes != frames->framed_bytes;
}

/* The parser may hold a part of a frame, of its header too; wslay tells neither
 * apart from nothing, so the bytes are counted. */
static bool
is_between_frames(const struct frames *frames)
{
    return frames->taken_bytes == frames->framed_bytes;
}

static void
forget_given(struct frames *frames)
{
    if (frames->is_given)
        bytes_fini(&frames->message);
    frames->is_given = false;
    if (!frames->in_frame)
        bytes_fini(&frames->control);
}

void
frames_rest(struct frames *frames)
{
    forget_given(frames);
    if (!frames->input_len) {
        bytes_fini(&frames->kept);
    } else if (frames->kept.len) {
        bytes_consume(&frames->kept, frames->kept.len - frames->input_len);
        frames->input = frames->kept.data;
    } else {
        bytes_append(&frames->kept, frames->input, frames->input_len);
        frames->input = frames->kept.data;
    }
    if (frames->parser && is_between_frames(frames)) {
        wslay_frame_context_free(frames->parser);
        frames->parser = NULL;
    }
}

/* -- rules -------------------------------------------------------------- */

static enum frames_found
wrong(struct frames *frames, enum close_code code, const char *reason)
{
    frames->code = (uint16_t)code;
    frames->reason = reason;
    return FRAMES_WRONG;
}

/* Judges the frame that begins. FRAMES_NOTHING: it may. */
static enum frames_found
judge_frame(struct frames *frames, const struct wslay_frame_iocb *frame)
{
    if (!frame->mask)
        return wrong(frames, CLOSE_PROTOCOL,
                     "a client masks its frames (RFC 6455, 5.1)");
    if (frame->rsv)
        return wrong(frames, CLOSE_PROTOCOL,
                     "a reserved bit is set, and no extension was agreed on");
    switch (frame->opcode) {
    case WSLAY_CONTINUATION_FRAME:
        if (!frames->opcode)
            return wrong(frames, CLOSE_PROTOCOL,
                         "there is no message to continue");
        break;
    case WSLAY_TEXT_FRAME:
    case WSLAY_BINARY_FRAME:
        if (frames->opcode)
            return wrong(frames, CLOSE_PROTOCOL,
                         "a message begins inside another");
        break;
    case WSLAY_CONNECTION_CLOSE:
    case WSLAY_PING:
    case WSLAY_PONG:
        return FRAMES_NOTHING;
    default:
        return wrong(frames, CLOSE_PROTOCOL, "an unknown kind of frame");
    }
    if (frame->payload_length > frames->message_max - frames->message.len)
        return wrong(frames, CLOSE_TOO_BIG,
                     "the message is larger than is taken here");
    return FRAMES_NOTHING;
}

/* Codes that may stand in a close frame (RFC 6455, 7.4.1 and 7.4.2). */
static bool
may_be_sent(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static enum frames_found
end_close(struct frames *frames)
{
    if (!frames->len) {
        frames->code = CLOSE_NO_CODE;
        return FRAMES_CLOSE;
    }
    const unsigned char *data = (const unsigned char *)frames->data;
    unsigned code = frames->len >= CODE_SIZE ? data[0] * 256u + data[1] : 0;
    if (!may_be_sent(code))
        return wrong(frames, CLOSE_PROTOCOL, "no valid code of closing");
    if (!utf8_valid(data + CODE_SIZE, frames->len - CODE_SIZE))
        return wrong(frames, CLOSE_BAD_DATA,
                     "the reason of closing is not UTF-8");
    frames->code = (uint16_t)code;
    return FRAMES_CLOSE;
}

static enum frames_found
end_control(struct frames *frames, uint8_t opcode)
{
    frames->data = frames->control.len ? frames->control.data : "";
    frames->len = frames->control.len;
    switch (opcode) {
    case WSLAY_PING:
        return FRAMES_PING;
    case WSLAY_PONG:
        return FRAMES_PONG;
    default:
        return end_close(frames);
    }
}

static enum frames_found
end_message(struct frames *frames)
{
    bool is_text = frames->opcode == WSLAY_TEXT_FRAME;
    frames->opcode = 0;
    frames->is_given = true;
    frames->data = frames->message.len ? frames->message.data : "";
    frames->len = frames->message.len;
    if (!is_text)
        return FRAMES_BINARY;
    if (!utf8_valid(frames->data, frames->len))
        return wrong(frames, CLOSE_BAD_DATA, "the text is not UTF-8");
    return FRAMES_TEXT;
}

/* -- reading ------------------------------------------------------------ */

static uint64_t
header_size(const struct wslay_frame_iocb *frame)
{
    uint64_t length = frame->payload_length;
    uint64_t extended = length > UINT16_MAX ? 8 : length > 125 ? 2 : 0;
    return 2 + extended + MASK_SIZE;
}

static enum frames_found
take_chunk(struct frames *frames, const struct wslay_frame_iocb *chunk)
{
    bool is_control = wslay_is_ctrl_frame(chunk->opcode);
    if (!frames->in_frame) {
        enum frames_found found = judge_frame(frames, chunk);
        if (found != FRAMES_NOTHING)
            return found;
        frames->in_frame = true;
        frames->frame_bytes = 0;
        if (!is_control && !frames->opcode)
            frames->opcode = chunk->opcode;
    }
    bytes_append(is_control ? &frames->control : &frames->message, chunk->data,
                 chunk->data_length);
    frames->frame_bytes += chunk->data_length;
    if (frames->frame_bytes < chunk->payload_length)
        return FRAMES_NOTHING;
    frames->in_frame = false;
    frames->framed_bytes += header_size(chunk) + chunk->payload_length;
    if (is_control)
        return end_control(frames, chunk->opcode);
    return chunk->fin ? end_message(frames) : FRAMES_NOTHING;
}

/* wslay tells of a frame with its first byte of payload; what only announces
 * itself is judged here, so that nobody waits for the payload of a giant. */
static enum frames_found
judge_header(struct frames *frames)
{
    size_t len = (size_t)(frames->taken_bytes - frames->framed_bytes);
    if (frames->in_frame || len < 2 || len > sizeof frames->tail)
        return FRAMES_NOTHING;
    const uint8_t *header = frames->tail + sizeof frames->tail - len;
    unsigned size = header[1] & 0x7f;
    size_t size_bytes = size == 127 ? 8 : size == 126 ? 2 : 0;
    struct wslay_frame_iocb frame = {
        .fin = header[0] >> 7,
        .rsv = header[0] >> 4 & 7,
        .opcode = header[0] & 0xf,
        .mask = header[1] >> 7,
        .payload_length = size_bytes ? 0 : size,
    };
    if (len < 2 + size_bytes)
        size_bytes = 0; /* it is not known yet */
    for (size_t i = 0; i < size_bytes; i++)
        frame.payload_length = frame.payload_length << 8 | header[2 + i];
    return judge_frame(frames, &frame);
}

static bool
has_parser(struct frames *frames)
{
    const struct wslay_frame_callbacks callbacks = {.recv_callback = on_wanted};
    return frames->parser ||
           wslay_frame_context_init(&frames->parser, &callbacks, frames) == 0;
}

enum frames_found
frames_next(struct frames *frames)
{
    forget_given(frames);
    if (!frames_has_more(frames))
        return FRAMES_NOTHING;
    if (!has_parser(frames))
        return wrong(frames, CLOSE_INTERNAL, "out of memory");
    for (;;) {
        struct wslay_frame_iocb chunk = {0};
        ssize_t len = wslay_frame_recv(frames->parser, &chunk);
        if (len == WSLAY_ERR_WANT_READ)
            return judge_header(frames);
        if (len < 0)
            return wrong(frames, CLOSE_PROTOCOL,
                         "a frame's header breaks the rules (RFC 6455, 5.2, "
                         "5.5)");
        enum frames_found found = take_chunk(frames, &chunk);
        if (found != FRAMES_NOTHING)
            return found;
    }
}

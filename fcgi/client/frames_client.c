#include "client/frames_client.h"

#include "client/handshake_client.h"

#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

enum {
    CODE_SIZE = 2,
    CONTROL_MAX = 125,
    LENGTH_16 = 126, /* in a header: the length follows in two bytes … */
    LENGTH_64 = 127, /* … or in eight */
    CLOSE_PROTOCOL = 1002,
    CLOSE_NO_CODE = 1005,
    CLOSE_TOO_BIG = 1009,
};

/* xorshift64*: masks need not be guessed by anyone here. */
static uint32_t
draw(struct frames_client *client)
{
    client->random ^= client->random >> 12;
    client->random ^= client->random << 25;
    client->random ^= client->random >> 27;
    return (uint32_t)((client->random * UINT64_C(0x2545f4914f6cdd1d)) >> 32);
}

/* -- life --------------------------------------------------------------- */

static void
end_handshake(struct frames_client *client)
{
    if (client->handshake)
        handshake_client_fini(client->handshake);
    free(client->handshake);
    client->handshake = NULL;
}

static void
end_parser(struct frames_client *client)
{
    if (client->parser)
        wslay_frame_context_free(client->parser);
    client->parser = NULL;
}

void
frames_client_fini(struct frames_client *client)
{
    end_handshake(client);
    end_parser(client);
    bytes_fini(&client->out);
    bytes_fini(&client->message);
    bytes_fini(&client->control);
    *client = (struct frames_client){0};
}

static enum ws_found
wrong(struct frames_client *client, const char *problem)
{
    client->problem = problem;
    client->is_over = true;
    return WS_WRONG;
}

bool
frames_client_open(struct frames_client *client, const char *url,
                   const char *headers, uint64_t random)
{
    frames_client_fini(client);
    client->random = random ? random : 1;
    client->handshake = xcalloc(1, sizeof *client->handshake);
    uint32_t nonce[HANDSHAKE_NONCE_SIZE / sizeof(uint32_t)];
    for (size_t i = 0; i < sizeof nonce / sizeof *nonce; i++)
        nonce[i] = draw(client);
    if (handshake_client_begin(client->handshake, url, headers,
                               (const uint8_t *)nonce, &client->out))
        return true;
    (void)wrong(client, client->handshake->problem);
    return false;
}

/* -- what is sent ------------------------------------------------------- */

static ssize_t
on_sent(const uint8_t *data, size_t len, int flags, void *context)
{
    struct frames_client *client = context;
    (void)flags;
    bytes_append(&client->out, data, len);
    return (ssize_t)len;
}

static int
on_mask(uint8_t *buf, size_t len, void *context)
{
    struct frames_client *client = context;
    for (size_t i = 0; i < len; i++)
        buf[i] = (uint8_t)(draw(client) >> 13);
    return 0;
}

static void
send_frame(struct frames_client *client, uint8_t opcode, const char *data,
           size_t len)
{
    const struct wslay_frame_callbacks callbacks = {
        .send_callback = on_sent, .genmask_callback = on_mask};
    struct wslay_frame_context *writer;
    if (wslay_frame_context_init(&writer, &callbacks, client) != 0)
        abort();
    struct wslay_frame_iocb frame = {.fin = 1,
                                     .opcode = opcode,
                                     .mask = 1,
                                     .payload_length = len,
                                     .data = (const uint8_t *)data,
                                     .data_length = len};
    ssize_t sent;
    do {
        sent = wslay_frame_send(writer, &frame);
        if (sent > 0) {
            frame.data += sent;
            frame.data_length -= (size_t)sent;
        }
    } while (sent > 0 && frame.data_length);
    wslay_frame_context_free(writer);
}

void
frames_client_send_text(struct frames_client *client, const char *data,
                        size_t len)
{
    if (client->is_open && !client->has_closed)
        send_frame(client, WSLAY_TEXT_FRAME, data, len);
}

void
frames_client_close(struct frames_client *client, uint16_t code)
{
    const char payload[CODE_SIZE] = {(char)(code >> 8), (char)code};
    if (client->is_open && !client->has_closed)
        send_frame(client, WSLAY_CONNECTION_CLOSE, payload,
                   code == CLOSE_NO_CODE ? 0 : CODE_SIZE);
    client->has_closed = client->is_open;
}

/* -- rules -------------------------------------------------------------- */

/* The server broke a rule of the frames: it is told, with CODE. */
static enum ws_found
broken(struct frames_client *client, uint16_t code, const char *problem)
{
    frames_client_close(client, code);
    return wrong(client, problem);
}

/* Judges the frame that begins. WS_NOTHING: it may. */
static enum ws_found
judge_frame(struct frames_client *client, const struct wslay_frame_iocb *frame)
{
    if (frame->mask)
        return broken(client, CLOSE_PROTOCOL,
                      "the server masked a frame (RFC 6455, 5.1)");
    if (frame->rsv)
        return broken(client, CLOSE_PROTOCOL,
                      "the server set a reserved bit, though no extension was "
                      "agreed on (RFC 6455, 5.2)");
    if (wslay_is_ctrl_frame(frame->opcode))
        return frame->opcode <= WSLAY_PONG
                   ? WS_NOTHING
                   : broken(client, CLOSE_PROTOCOL,
                            "the server sent a frame of no known kind "
                            "(RFC 6455, 5.2)");
    if (frame->opcode > WSLAY_BINARY_FRAME)
        return broken(client, CLOSE_PROTOCOL,
                      "the server sent a frame of no known kind (RFC 6455, "
                      "5.2)");
    if (!frame->opcode != !!client->opcode)
        return broken(client, CLOSE_PROTOCOL,
                      "the server's fragments do not follow each other (RFC "
                      "6455, 5.4)");
    if (frame->payload_length > WS_MESSAGE_MAX - client->message.len)
        return broken(client, CLOSE_TOO_BIG,
                      "the server sent a message above 16 MiB");
    return WS_NOTHING;
}

/* -- what is found ------------------------------------------------------ */

static enum ws_found
end_control(struct frames_client *client, uint8_t opcode)
{
    const uint8_t *data = (const uint8_t *)client->control.data;
    size_t len = client->control.len;
    client->control.len = 0;
    if (opcode == WSLAY_PING && !client->has_closed)
        send_frame(client, WSLAY_PONG, (const char *)data, len);
    if (opcode != WSLAY_CONNECTION_CLOSE)
        return WS_NOTHING;
    if (len == 1)
        return broken(client, CLOSE_PROTOCOL,
                      "the server's close has half a code (RFC 6455, 5.5.1)");
    client->code = CLOSE_NO_CODE;
    if (len)
        client->code = (uint16_t)(data[0] << 8 | data[1]);
    frames_client_close(client, client->code);
    client->is_over = true;
    return WS_CLOSE;
}

static enum ws_found
give(struct frames_client *client, const void *data, size_t len,
     struct ws_message *message)
{
    bool is_text = client->opcode == WSLAY_TEXT_FRAME;
    client->opcode = 0;
    *message = (struct ws_message){data, len};
    return is_text ? WS_TEXT : WS_BINARY;
}

/* A message in one frame that lies whole before us, spelled as most are. What
 * is spelled otherwise is wslay's. */
static bool
take_whole(struct frames_client *client, struct ws_message *message)
{
    const uint8_t *header = (const uint8_t *)client->input;
    if (client->taken_bytes != client->framed_bytes || client->opcode ||
        client->input_len < 2 ||
        (header[0] != (0x80 | WSLAY_TEXT_FRAME) &&
         header[0] != (0x80 | WSLAY_BINARY_FRAME)))
        return false;
    size_t len = header[1], size = 2;
    if (len >= LENGTH_16) {
        if (len != LENGTH_16 || client->input_len < 4)
            return false;
        len = (size_t)header[2] << 8 | header[3];
        size = 4;
        if (len < LENGTH_16)
            return false;
    }
    if (client->input_len - size < len)
        return false;
    client->opcode = header[0] & 0xf;
    *message = (struct ws_message){client->input + size, len};
    client->input += size + len;
    client->input_len -= size + len;
    return true;
}

static size_t
header_size(const struct wslay_frame_iocb *frame)
{
    uint64_t len = frame->payload_length;
    return len > UINT16_MAX ? 10 : len >= LENGTH_16 ? 4 : 2;
}

/* Takes a piece of a frame's payload, perhaps its only one. */
static enum ws_found
take_chunk(struct frames_client *client, const struct wslay_frame_iocb *chunk,
           struct ws_message *message)
{
    bool is_control = wslay_is_ctrl_frame(chunk->opcode);
    if (!client->in_frame) {
        if (judge_frame(client, chunk) != WS_NOTHING)
            return WS_WRONG;
        client->in_frame = true;
        client->frame_bytes = 0;
        if (!is_control && !client->opcode)
            client->opcode = chunk->opcode;
    }
    client->frame_bytes += chunk->data_length;
    bool is_end = client->frame_bytes == chunk->payload_length;
    if (is_end) {
        client->in_frame = false;
        client->framed_bytes += header_size(chunk) + chunk->payload_length;
    }
    struct bytes *gathered = is_control ? &client->control : &client->message;
    if (is_end && chunk->fin && !is_control && !gathered->len)
        return give(client, chunk->data, chunk->data_length, message);
    if (chunk->data_length)
        bytes_append(gathered, chunk->data, chunk->data_length);
    if (!is_end || !chunk->fin)
        return WS_NOTHING;
    if (is_control)
        return end_control(client, chunk->opcode);
    client->is_given = true;
    return give(client, gathered->data, gathered->len, message);
}

/* -- reading ------------------------------------------------------------ */

void
frames_client_feed(struct frames_client *client, const char *data, size_t len)
{
    client->input = data;
    client->input_len = len;
}

static ssize_t
on_wanted(uint8_t *buf, size_t len, int flags, void *context)
{
    struct frames_client *client = context;
    (void)flags;
    if (len > client->input_len)
        len = client->input_len;
    if (!len)
        return 0;
    memcpy(buf, client->input, len);
    client->input += len;
    client->input_len -= len;
    client->taken_bytes += len;
    return (ssize_t)len;
}

static bool
has_parser(struct frames_client *client)
{
    const struct wslay_frame_callbacks callbacks = {.recv_callback = on_wanted};
    return client->parser ||
           wslay_frame_context_init(&client->parser, &callbacks, client) == 0;
}

/* Lets go of what the last call gave, and of a parser between two frames: it
 * may be told only by counting, for wslay does not say. */
static void
settle(struct frames_client *client)
{
    if (client->is_given)
        bytes_fini(&client->message);
    client->is_given = false;
    if (client->taken_bytes == client->framed_bytes)
        end_parser(client);
}

static enum ws_found
take_handshake(struct frames_client *client)
{
    struct handshake_client *handshake = client->handshake;
    enum handshake_verdict verdict =
        handshake_client_take(handshake, &client->input, &client->input_len);
    client->status = handshake->status;
    switch (verdict) {
    case HANDSHAKE_MORE:
        return WS_NOTHING;
    case HANDSHAKE_WRONG:
        return wrong(client, handshake->problem);
    case HANDSHAKE_OPEN:
        break;
    }
    client->is_open = true;
    end_handshake(client);
    return WS_OPEN;
}

enum ws_found
frames_client_next(struct frames_client *client, struct ws_message *message)
{
    if (client->is_over)
        return client->problem ? WS_WRONG : WS_CLOSE;
    if (client->handshake)
        return take_handshake(client);
    settle(client);
    for (;;) {
        if (take_whole(client, message))
            return give(client, message->data, message->len, message);
        if (!client->input_len && !client->parser)
            return WS_NOTHING;
        if (!has_parser(client))
            return wrong(client, "out of memory");
        struct wslay_frame_iocb chunk = {0};
        ssize_t len = wslay_frame_recv(client->parser, &chunk);
        if (len == WSLAY_ERR_WANT_READ) {
            settle(client);
            return WS_NOTHING;
        }
        enum ws_found found =
            len < 0 ? broken(client, CLOSE_PROTOCOL,
                             "the header of a frame breaks the rules (RFC "
                             "6455, 5.2, 5.5)")
                    : take_chunk(client, &chunk, message);
        if (found != WS_NOTHING)
            return found;
        settle(client);
    }
}

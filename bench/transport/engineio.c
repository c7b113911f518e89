#include "engineio.h"

#include <string.h>

enum { DIGITS_MAX = 15 };

/* Takes digits at *AT; false when there are none, or too many. */
static bool
take_number(const char **at, const char *end, uint64_t *number)
{
    const char *from = *at;
    uint64_t sum = 0;
    while (*at < end && **at >= '0' && **at <= '9' && *at - from < DIGITS_MAX)
        sum = sum * 10 + (uint64_t)(*(*at)++ - '0');
    *number = sum;
    return *at > from && (*at == end || **at < '0' || **at > '9');
}

/* Type, number of attachments, namespace, number of the acknowledgement: all
 * but the first may be left out. AT is behind the type. */
static bool
take_front(const char **at, const char *end, bool is_binary,
           struct engineio_packet *packet)
{
    uint64_t number;
    if (is_binary) {
        if (!take_number(at, end, &number) || number > UINT16_MAX ||
            *at == end || **at != '-')
            return false;
        packet->attachments = (unsigned)number;
        ++*at;
    }
    if (*at < end && **at == '/') {
        const char *comma = memchr(*at, ',', (size_t)(end - *at));
        const char *stop = comma ? comma : end;
        packet->name_space =
            (struct json_text){.data = *at, .len = (size_t)(stop - *at)};
        *at = comma ? comma + 1 : end;
    }
    if (*at < end && **at >= '0' && **at <= '9') {
        packet->has_ack = true;
        return take_number(at, end, &packet->ack);
    }
    return true;
}

/* The first string of the event's array. */
static bool
take_event(struct engineio_packet *packet)
{
    const char *at = packet->body.data, *end = at + packet->body.len;
    if (at == end || *at != '[')
        return false;
    const char *name = ++at;
    if (!json_skip_value(&at, end) || *name != '"')
        return false;
    /* The escapes are not undone: names of events have none. */
    packet->event = (struct json_text){
        .data = name + 1, .len = (size_t)(at - name - 2), .is_string = true};
    return at < end && (*at == ',' || *at == ']');
}

static enum engineio_kind
read_message(const char *at, const char *end, struct engineio_packet *packet)
{
    static const enum engineio_kind kinds[] = {
        ENGINEIO_CONNECTED, ENGINEIO_DISCONNECTED, ENGINEIO_EVENT, ENGINEIO_ACK,
        ENGINEIO_REFUSED,   ENGINEIO_EVENT,        ENGINEIO_ACK};
    if (at == end || *at < '0' || *at > '6')
        return ENGINEIO_WRONG;
    char type = *at++;
    bool is_good = take_front(&at, end, type >= '5', packet);
    packet->body = (struct json_text){.data = at, .len = (size_t)(end - at)};
    enum engineio_kind kind = kinds[type - '0'];
    if (!is_good || (kind == ENGINEIO_EVENT && !take_event(packet)))
        return ENGINEIO_WRONG;
    return kind;
}

void
engineio_read(const char *frame, size_t len, struct engineio_packet *packet)
{
    static const enum engineio_kind kinds[] = {
        ENGINEIO_OPEN,  ENGINEIO_CLOSE, ENGINEIO_PING, ENGINEIO_PONG,
        ENGINEIO_WRONG, ENGINEIO_IDLE,  ENGINEIO_IDLE};
    *packet = (struct engineio_packet){.kind = ENGINEIO_WRONG};
    if (!len || *frame < '0' || *frame > '6')
        return;
    packet->body = (struct json_text){.data = frame + 1, .len = len - 1};
    packet->kind = *frame == '4' ? read_message(frame + 1, frame + len, packet)
                                 : kinds[*frame - '0'];
}

void
engineio_append_pong(struct bytes *bytes, const struct engineio_packet *ping)
{
    bytes_append_char(bytes, '3');
    if (ping->body.len)
        bytes_append(bytes, ping->body.data, ping->body.len);
}

/* The way up of a dialogue. */

#include "dialogue.h"

void
dialogue_init(struct dialogue *dialogue,
              const struct dialogue_listener *listener)
{
    *dialogue = (struct dialogue){.listener = *listener};
}

void
dialogue_fini(struct dialogue *dialogue)
{
    bytes_fini(&dialogue->up);
    bytes_fini(&dialogue->down);
    bytes_fini(&dialogue->payload);
    bytes_fini(&dialogue->passing);
}

bool
dialogue_takes_up(const struct dialogue *dialogue)
{
    return dialogue->up_state != UP_OVER && dialogue->up.len <= HEAD_MAX;
}

const struct modes *
dialogue_modes(const struct dialogue *dialogue)
{
    return dialogue->exchange_count ? &dialogue->exchanges[0].modes
                                    : &dialogue->latest.modes;
}

static void
pass_up(struct dialogue *dialogue, enum record_kind kind, const char *data,
        size_t len)
{
    if (len)
        dialogue->listener.on_bytes(dialogue->listener.context, kind, data,
                                    len);
}

static const char *
refuse(struct dialogue *dialogue, const char *problem)
{
    dialogue->up_state = UP_OVER;
    return problem;
}

static bool
has_field(struct span head, const char *name)
{
    struct field field;
    for (size_t at = 0; head_next_field(head.data, head.len, &at, &field);)
        if (span_is(field.name, name))
            return true;
    return false;
}

/* Remembers the exchange, passes the head on, and expects its body. */
static void
begin_exchange(struct dialogue *dialogue, const struct exchange *exchange,
               struct framing framing)
{
    dialogue->exchanges[dialogue->exchange_count++] = *exchange;
    pass_up(dialogue, RECORD_REQUEST, dialogue->passing.data,
            dialogue->passing.len);
    if (framing.kind == FRAMING_UNTIL_END)
        framing.kind = FRAMING_NONE; /* a request always says */
    body_begin(&dialogue->up_body, framing);
    dialogue->up_state = UP_BODY;
}

static const char *
take_request(struct dialogue *dialogue, struct span head)
{
    struct exchange exchange = {.tag = ""};
    struct request_line line;
    struct framing framing;
    struct span target;
    if (!head_request_line(head.data, head.len, &line))
        return "this is no HTTP/1 request";
    if (!head_framing(head.data, head.len, &framing))
        return "Content-Length and Transfer-Encoding say different things, or "
               "nothing that this tap knows";
    const char *problem = modes_read(line.target, &exchange, &target);
    if (problem)
        return problem;
    exchange.is_head = span_is(line.method, "HEAD");
    exchange.wants_upgrade =
        has_field(head, "Upgrade") || span_is(line.method, "CONNECT");
    dialogue->passing.len = 0;
    modes_rewrite(&dialogue->passing, head, &line, target, &exchange.modes);
    dialogue->latest = exchange;
    dialogue->has_asked = true;
    if (!dialogue->listener.on_request(dialogue->listener.context, &exchange))
        dialogue->up_state = UP_OVER;
    else
        begin_exchange(dialogue, &exchange, framing);
    return NULL;
}

/* Empty lines before a request are skipped (RFC 9112, 2.2). */
static void
skip_empty_lines(struct bytes *up)
{
    size_t count = 0;
    while (count < up->len &&
           (up->data[count] == '\r' || up->data[count] == '\n'))
        count++;
    bytes_consume(up, count);
}

/* True: something has been done, and there may be more to do. */
static bool
take_head(struct dialogue *dialogue, const char **problem)
{
    struct bytes *up = &dialogue->up;
    if (dialogue->exchange_count >= EXCHANGES_MAX)
        return false;
    skip_empty_lines(up);
    size_t len = head_end(up->data, up->len, dialogue->up_seen);
    dialogue->up_seen = up->len;
    if (len > HEAD_MAX || (!len && up->len > HEAD_MAX)) {
        *problem = refuse(dialogue, "the request's head is longer than 16 KiB");
        return false;
    }
    if (!len)
        return false;
    *problem = take_request(dialogue, (struct span){up->data, len});
    if (*problem)
        refuse(dialogue, *problem);
    bytes_consume(up, len);
    dialogue->up_seen = 0;
    return dialogue->up_state != UP_OVER;
}

static bool
take_body(struct dialogue *dialogue, const char **problem)
{
    struct bytes *up = &dialogue->up;
    size_t len = body_take(&dialogue->up_body, up->data, up->len, NULL);
    pass_up(dialogue, RECORD_UP, up->data, len);
    bytes_consume(up, len);
    if (dialogue->up_body.is_broken) {
        *problem = refuse(dialogue, "the request's chunks are broken");
        return false;
    }
    if (!body_is_over(&dialogue->up_body))
        return false;
    dialogue->up_state = dialogue->latest.wants_upgrade ? UP_WAITS : UP_HEAD;
    return up->len > 0;
}

const char *
dialogue_up(struct dialogue *dialogue, const char *data, size_t len)
{
    const char *problem = NULL;
    bytes_append(&dialogue->up, data, len);
    for (bool goes_on = true; goes_on;) {
        switch (dialogue->up_state) {
        case UP_HEAD:
            goes_on = take_head(dialogue, &problem);
            break;
        case UP_BODY:
            goes_on = take_body(dialogue, &problem);
            break;
        case UP_TUNNEL:
            pass_up(dialogue, RECORD_UP, dialogue->up.data, dialogue->up.len);
            dialogue->up.len = 0;
            goes_on = false;
            break;
        case UP_WAITS:
        case UP_OVER:
            goes_on = false;
            break;
        }
    }
    return problem;
}

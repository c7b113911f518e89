/* The way down of a dialogue. */

#include "dialogue.h"

#include <string.h>

static void
pass_down(struct dialogue *dialogue, enum record_kind kind, const char *data,
          size_t len)
{
    if (len)
        dialogue->listener.on_bytes(dialogue->listener.context, kind, data,
                                    len);
}

static void
answered(struct dialogue *dialogue)
{
    dialogue->listener.on_answered(dialogue->listener.context);
    memmove(dialogue->exchanges, dialogue->exchanges + 1,
            --dialogue->exchange_count * sizeof *dialogue->exchanges);
}

/* Whether the answer is an event stream whose comments can be taken out. */
static bool
may_drop_comments(const struct dialogue *dialogue, struct span head)
{
    static const char type[] = "text/event-stream";
    struct field field;
    bool is_stream = false;
    for (size_t at = 0; head_next_field(head.data, head.len, &at, &field);) {
        if (span_is(field.name, "Content-Encoding"))
            return false;
        if (span_is(field.name, "Content-Type"))
            is_stream =
                field.value.len >= sizeof type - 1 &&
                span_is((struct span){field.value.data, sizeof type - 1}, type);
    }
    /* A length that was announced must be kept to. */
    return is_stream && dialogue->exchanges[0].modes.no_beat &&
           dialogue->down_body.kind != FRAMING_LENGTH;
}

static void
begin_tunnel(struct dialogue *dialogue)
{
    dialogue->pings = (struct pings){0};
    dialogue->down_state = DOWN_TUNNEL;
    dialogue->up_state = UP_TUNNEL;
}

static void
begin_body(struct dialogue *dialogue, struct span head, int status)
{
    const struct exchange *exchange = &dialogue->exchanges[0];
    struct framing framing;
    if (!head_framing(head.data, head.len, &framing))
        framing = (struct framing){.kind = FRAMING_UNTIL_END};
    if (exchange->is_head || status == 204 || status == 304)
        framing = (struct framing){.kind = FRAMING_NONE};
    body_begin(&dialogue->down_body, framing);
    dialogue->comments = (struct comments){0};
    dialogue->drops_comments = may_drop_comments(dialogue, head);
    dialogue->down_state = DOWN_BODY;
    /* No upgrade came of it: requests go on. */
    if (dialogue->up_state == UP_WAITS && dialogue->exchange_count == 1)
        dialogue->up_state = UP_HEAD;
}

static const char *
take_answer(struct dialogue *dialogue, struct span head)
{
    int status;
    if (!head_status(head.data, head.len, &status))
        return "the server's answer is no HTTP/1";
    if (!dialogue->exchange_count) { /* such as a 408 before any request */
        pass_down(dialogue, RECORD_RESPONSE, head.data, head.len);
        dialogue->down_state = DOWN_OPAQUE;
        return NULL;
    }
    if (status == 101)
        begin_tunnel(dialogue);
    else if (status >= 200)
        begin_body(dialogue, head, status);
    pass_down(dialogue, RECORD_RESPONSE, head.data, head.len);
    if (status == 101 ||
        (status >= 200 && body_is_over(&dialogue->down_body))) {
        answered(dialogue);
        if (status != 101)
            dialogue->down_state = DOWN_HEAD;
    }
    return NULL;
}

/* True: something has been done, and there may be more to do. */
static bool
take_head(struct dialogue *dialogue, const char **problem)
{
    struct bytes *down = &dialogue->down;
    size_t len = head_end(down->data, down->len, dialogue->down_seen);
    dialogue->down_seen = down->len;
    if (len > HEAD_MAX || (!len && down->len > HEAD_MAX))
        *problem = "the head of the server's answer is longer than 16 KiB";
    else if (len)
        *problem = take_answer(dialogue, (struct span){down->data, len});
    if (*problem)
        dialogue->down_state = DOWN_OVER;
    if (!len || *problem)
        return false;
    bytes_consume(down, len);
    dialogue->down_seen = 0;
    return down->len > 0;
}

/* Passes on what is no comment, as chunks when it came in chunks. */
static void
pass_filtered(struct dialogue *dialogue)
{
    struct bytes *out = &dialogue->passing;
    struct bytes *payload = &dialogue->payload;
    bool is_chunked = dialogue->down_body.kind == FRAMING_CHUNKED;
    struct bytes kept = BYTES_EMPTY;
    comments_drop(&dialogue->comments, payload->data, payload->len, &kept);
    out->len = 0;
    if (kept.len && is_chunked)
        bytes_printf(out, "%zx\r\n", kept.len);
    bytes_append(out, kept.data, kept.len);
    if (kept.len && is_chunked)
        bytes_append_string(out, "\r\n");
    if (is_chunked && body_is_over(&dialogue->down_body))
        bytes_append_string(out, "0\r\n\r\n");
    bytes_fini(&kept);
    pass_down(dialogue, RECORD_DOWN, out->data, out->len);
}

static bool
take_body(struct dialogue *dialogue)
{
    struct bytes *down = &dialogue->down;
    bool filters = dialogue->drops_comments;
    dialogue->payload.len = 0;
    size_t len = body_take(&dialogue->down_body, down->data, down->len,
                           filters ? &dialogue->payload : NULL);
    if (filters)
        pass_filtered(dialogue);
    else
        pass_down(dialogue, RECORD_DOWN, down->data, len);
    bytes_consume(down, len);
    if (dialogue->down_body.is_broken) {
        dialogue->down_state = DOWN_OPAQUE;
        return true;
    }
    if (!body_is_over(&dialogue->down_body))
        return false;
    dialogue->down_state = DOWN_HEAD;
    answered(dialogue);
    return down->len > 0;
}

static void
take_tunnel(struct dialogue *dialogue)
{
    struct bytes *down = &dialogue->down;
    if (!dialogue_modes(dialogue)->no_beat) {
        pass_down(dialogue, RECORD_DOWN, down->data, down->len);
    } else {
        dialogue->passing.len = 0;
        pings_drop(&dialogue->pings, down->data, down->len, &dialogue->passing);
        pass_down(dialogue, RECORD_DOWN, dialogue->passing.data,
                  dialogue->passing.len);
    }
    down->len = 0;
}

const char *
dialogue_down(struct dialogue *dialogue, const char *data, size_t len)
{
    const char *problem = NULL;
    bytes_append(&dialogue->down, data, len);
    for (bool goes_on = dialogue->down.len > 0; goes_on;) {
        switch (dialogue->down_state) {
        case DOWN_HEAD:
            goes_on = take_head(dialogue, &problem);
            break;
        case DOWN_BODY:
            goes_on = take_body(dialogue);
            break;
        case DOWN_OPAQUE:
            pass_down(dialogue, RECORD_DOWN, dialogue->down.data,
                      dialogue->down.len);
            dialogue->down.len = 0;
            goes_on = false;
            break;
        case DOWN_TUNNEL:
            take_tunnel(dialogue);
            goes_on = false;
            break;
        case DOWN_OVER:
            goes_on = false;
            break;
        }
    }
    return problem;
}

/* What a client and a server say through the tap (a byte 0 stands between the
 * two, the first byte says how it is cut): what passes does not depend on how
 * the bytes arrive, and nothing passes up that was not sent. */
#include "fuzz.h"

#include "tap/dialogue.h"

#include <string.h>

struct outcome {
    struct bytes up, down;
    size_t requests, answered;
    bool up_has_ended, down_has_ended;
    bool changes_down;
};

static bool
on_request(void *context, const struct exchange *exchange)
{
    struct outcome *outcome = context;
    require(strlen(exchange->tag) <= TAG_MAX);
    outcome->requests++;
    outcome->changes_down |= exchange->modes.no_beat;
    return true;
}

static void
on_bytes(void *context, enum record_kind kind, const char *data, size_t len)
{
    struct outcome *outcome = context;
    bool is_up = kind == RECORD_REQUEST || kind == RECORD_UP;
    require(len > 0 && kind != RECORD_OPEN && kind != RECORD_CLOSE);
    bytes_append(is_up ? &outcome->up : &outcome->down, data, len);
}

static void
on_answered(void *context)
{
    struct outcome *outcome = context;
    require(++outcome->answered <= outcome->requests);
}

typedef const char *feeder(struct dialogue *dialogue, const char *data,
                           size_t len);

static bool
feed(struct dialogue *dialogue, feeder *feed_to, const char *data, size_t len,
     size_t piece)
{
    const char *problem = NULL;
    for (size_t at = 0; at < len && !problem; at += piece) {
        size_t some = len - at < piece ? len - at : piece;
        char *copy = xmemdup0(data + at, some); /* nothing is read behind it */
        problem = feed_to(dialogue, copy, some);
        free(copy);
    }
    return problem != NULL;
}

static struct outcome
run(const char *up, size_t up_len, const char *down, size_t down_len,
    size_t piece)
{
    struct outcome outcome = {0};
    struct dialogue dialogue;
    const struct dialogue_listener listener = {.context = &outcome,
                                               .on_request = on_request,
                                               .on_bytes = on_bytes,
                                               .on_answered = on_answered};
    dialogue_init(&dialogue, &listener);
    outcome.up_has_ended = feed(&dialogue, dialogue_up, up, up_len, piece);
    outcome.down_has_ended =
        feed(&dialogue, dialogue_down, down, down_len, piece);
    require(dialogue.exchange_count <= EXCHANGES_MAX);
    require(outcome.requests == outcome.answered + dialogue.exchange_count);
    dialogue_fini(&dialogue);
    return outcome;
}

static void
require_same(const struct bytes *one, const struct bytes *other)
{
    require(one->len == other->len);
    require(!one->len || memcmp(one->data, other->data, one->len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    size_t piece = (size_t)data[0] % 40 + 1;
    const char *up = (const char *)data + 1;
    const char *end = (const char *)data + size;
    const char *zero = memchr(up, 0, size - 1);
    const char *down = zero ? zero + 1 : end;
    size_t up_len = (size_t)((zero ? zero : end) - up);
    struct outcome whole =
        run(up, up_len, down, (size_t)(end - down), SIZE_MAX / 2);
    struct outcome cut = run(up, up_len, down, (size_t)(end - down), piece);
    require_same(&whole.up, &cut.up);
    require(whole.up.len <= up_len + whole.requests); /* /~tag becomes / */
    require(whole.requests == cut.requests);
    require(whole.answered == cut.answered);
    require(whole.up_has_ended == cut.up_has_ended);
    require(whole.down_has_ended == cut.down_has_ended);
    if (!whole.changes_down)
        require_same(&whole.down, &cut.down);
    bytes_fini(&whole.up);
    bytes_fini(&whole.down);
    bytes_fini(&cut.up);
    bytes_fini(&cut.down);
    return 0;
}

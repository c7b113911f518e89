/* Short and long polling: a request for what is new since the cursor, again and
 * again. Short polls are asked by the clock, at a phase of each subscriber's
 * own; long ones as soon as the last was answered. */

#include "base/bytes.h"
#include "base/clock.h"
#include "client/json_member.h"
#include "plan.h"
#include "target/target.h"
#include "transports.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What an answer may weigh whose cursor stands in it; and what of its buffer
 * is kept for the next. */
enum { ANSWER_MAX = 16 * 1024 * 1024, ANSWER_KEPT = 1024 };

/* A request that nobody answers for so long is being held: it is subscribed,
 * although the server cannot say so. */
enum { HELD_US = 200000 };

struct poll {
    struct bytes answer; /* as far as it must be looked through */
    int64_t next_us;     /* when the next short poll is due; 0: not yet known */
    bool has_asked;      /* of a long poll: what comes before the first */
};

static bool
must_keep_answer(const struct entrance *entrance)
{
    return entrance->take == CURSOR_JSON || entrance->lost || entrance->more;
}

static void
on_head(struct subscriber *subscriber, void *state)
{
    const char *type = subscriber_content_type(subscriber);
    (void)state;
    if (type && strncasecmp(type, "text/html", 9) == 0)
        subscriber_wrong_page(subscriber);
}

static void
on_bytes(struct subscriber *subscriber, void *state, const char *data,
         size_t len)
{
    struct poll *poll = state;
    subscriber_payload(subscriber, data, len);
    if (!must_keep_answer(subscriber_entrance(subscriber)))
        return;
    if (poll->answer.len + len > ANSWER_MAX)
        subscriber_fail(subscriber, "An answer to a poll is over 16 MiB");
    else
        bytes_append(&poll->answer, data, len);
}

static bool
contains(const struct bytes *answer, const char *text)
{
    return text && answer->len &&
           memmem(answer->data, answer->len, text, strlen(text)) != NULL;
}

static void
take_cursor(struct subscriber *subscriber, const struct bytes *answer,
            const char *names)
{
    struct json_text value;
    if (!json_member_any(answer->data, answer->len, names, &value))
        return;
    if (!value.has_escapes) {
        subscriber_cursor(subscriber, value.data, value.len);
        return;
    }
    char *text = xmalloc(value.len);
    subscriber_cursor(subscriber, text, json_text_decode(&value, text));
    free(text);
}

/* Takes of an answer what stands in it besides messages. True: there is more,
 * to be asked for at once. */
static bool
look(struct subscriber *subscriber, struct poll *poll)
{
    const struct entrance *entrance = subscriber_entrance(subscriber);
    if (entrance->take == CURSOR_JSON)
        take_cursor(subscriber, &poll->answer, entrance->take_name);
    if (contains(&poll->answer, entrance->lost))
        subscriber_lost(subscriber);
    return contains(&poll->answer, entrance->more);
}

static void
forget_answer(struct poll *poll)
{
    poll->answer.len = 0;
    if (poll->answer.cap > ANSWER_KEPT)
        bytes_fini(&poll->answer);
}

static void
fini(void *state)
{
    struct poll *poll = state;
    bytes_fini(&poll->answer);
}

static void
start_short(struct subscriber *subscriber, void *state)
{
    forget_answer(state);
    subscriber_request(subscriber, NULL);
}

/* As setInterval() does: the answer's time does not move the next one, and what
 * is missed is not caught up with. */
static void
ask_by_the_clock(struct subscriber *subscriber, struct poll *poll)
{
    int64_t interval_us = subscriber_plan(subscriber)->poll_interval_us;
    int64_t now_us = clock_monotonic_us();
    if (!poll->next_us)
        poll->next_us =
            now_us + (int64_t)(subscriber_random(subscriber) %
                               (uint64_t)(interval_us > 0 ? interval_us : 1));
    else
        poll->next_us += interval_us;
    if (poll->next_us < now_us)
        poll->next_us = now_us;
    subscriber_again_after(subscriber, poll->next_us - now_us);
}

static void
end_short(struct subscriber *subscriber, void *state)
{
    struct poll *poll = state;
    bool has_more = false;
    if (subscriber_ended_well(subscriber)) {
        has_more = look(subscriber, poll);
        subscriber_ready(subscriber);
    }
    if (has_more)
        subscriber_again(subscriber);
    else
        ask_by_the_clock(subscriber, poll);
}

/* The first one may be another request, which is not held and gives a cursor,
 * so that nothing falls between asking and following. */
static void
start_long(struct subscriber *subscriber, void *state)
{
    const struct entrance *entrance = subscriber_entrance(subscriber);
    struct poll *poll = state;
    forget_answer(poll);
    bool is_first = !poll->has_asked && entrance->hello && entrance->hello[0];
    subscriber_request(subscriber, is_first ? entrance->hello[0] : NULL);
    if (!is_first)
        subscriber_ready_when_held(subscriber, HELD_US);
}

static void
end_long(struct subscriber *subscriber, void *state)
{
    struct poll *poll = state;
    if (subscriber_ended_well(subscriber)) {
        poll->has_asked = true;
        look(subscriber, poll);
        subscriber_ready(subscriber);
    }
    subscriber_again(subscriber);
}

const struct transport transport_poll = {
    .name = "poll",
    .link = LINK_HTTP,
    .state_size = sizeof(struct poll),
    .start = start_short,
    .on_head = on_head,
    .on_bytes = on_bytes,
    .on_end = end_short,
    .fini = fini,
};

const struct transport transport_long_poll = {
    .name = "long-poll",
    .link = LINK_HTTP,
    .state_size = sizeof(struct poll),
    .start = start_long,
    .on_head = on_head,
    .on_bytes = on_bytes,
    .on_end = end_long,
    .fini = fini,
};

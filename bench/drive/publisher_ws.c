/* Publishing by frames of a WebSocket: one message under way on each, as by
 * requests, so that the two can be compared. */
#include "base/bytes.h"
#include "drive/faults.h"
#include "drive/press.h"
#include "drive/run.h"
#include "measure/token.h"
#include "plan.h"
#include "target/target.h"

#include <stdlib.h>
#include <string.h>

static struct publisher *
of_wire(struct wire *wire)
{
    return (struct publisher *)(void *)((char *)wire -
                                        offsetof(struct publisher, wire));
}

static void
send_out(struct publisher *publisher)
{
    struct bytes *out = &publisher->frames.out;
    if (out->len)
        wire_send(&publisher->wire, out->data, out->len);
    out->len = 0;
}

static void
give_up(struct publisher *publisher)
{
    publisher->is_open = false;
    publisher_answered(publisher, false);
    publisher->failures++;
    publisher_rest(publisher);
}

static void
on_open(struct wire *wire)
{
    struct publisher *publisher = of_wire(wire);
    struct press *press = publisher->press;
    uint64_t random = press->plan->seed + (uint64_t)(publisher->alias[9]);
    if (!frames_client_open(&publisher->frames, press->urls[0],
                            press->headers_text[0], random))
        faults_add(press->worker.run->faults, true, "%s: %s",
                   press->worker.run->publish_url, publisher->frames.problem);
    send_out(publisher);
}

static void
become_ready(struct publisher *publisher)
{
    if (publisher->is_open)
        return;
    publisher->is_open = true;
    publisher->failures = 0;
    publisher_idle(publisher);
}

static void
on_handshake_over(struct publisher *publisher)
{
    const struct entrance *entrance = publisher->press->entrance;
    const char *channel = publisher->press->worker.run->channels[0];
    for (char **hello = entrance->hello; hello && *hello; hello++) {
        char *text = target_fill(*hello, channel, NULL);
        frames_client_send_text(&publisher->frames, text, strlen(text));
        free(text);
    }
    if (!entrance->ready)
        become_ready(publisher);
}

static bool
contains(const struct ws_message *message, const char *text)
{
    return memmem(message->data, message->len, text, strlen(text)) != NULL;
}

static bool
is_own(const struct publisher *publisher, const struct ws_message *message)
{
    struct token_finder finder = {0};
    struct token token;
    const char *data = message->data;
    size_t len = message->len;
    while (token_next(&finder, &data, &len, &token))
        if (token.run == publisher->press->plan->run &&
            token.sequence == publisher->sequence)
            return true;
    return false;
}

/* Where the server says nothing of what it has accepted, the message that comes
 * back is its receipt. */
static void
on_message(struct publisher *publisher, const struct ws_message *message)
{
    const struct entrance *entrance = publisher->press->entrance;
    if (entrance->ready && !publisher->is_open) {
        if (contains(message, entrance->ready))
            become_ready(publisher);
        return;
    }
    if (!publisher->has_message)
        return;
    bool is_accepted = entrance->answer ? contains(message, entrance->answer)
                                        : is_own(publisher, message);
    if (is_accepted) {
        publisher_answered(publisher, true);
        publisher_idle(publisher);
    } else if (entrance->answer && contains(message, "error") &&
               !contains(message, "eb1-")) {
        faults_add(publisher->press->worker.run->faults, false,
                   "A message sent to %s is answered with %.*s",
                   publisher->press->worker.run->publish_url,
                   (int)(message->len < 200 ? message->len : 200),
                   message->data);
        publisher_answered(publisher, false);
        publisher_rest(publisher);
    }
}

static void
on_end(struct wire *wire, const char *why)
{
    struct publisher *publisher = of_wire(wire);
    struct run *run = publisher->press->worker.run;
    faults_add(run->faults, false, "The connection to %s ended: %s",
               run->publish_url, why ? why : "the server closed it");
    give_up(publisher);
}

static void
on_frames(struct wire *wire, const char *data, size_t len)
{
    struct publisher *publisher = of_wire(wire);
    struct ws_message message;
    enum ws_found found = WS_NOTHING;
    frames_client_feed(&publisher->frames, data, len);
    do {
        found = frames_client_next(&publisher->frames, &message);
        if (found == WS_OPEN)
            on_handshake_over(publisher);
        else if (found == WS_TEXT || found == WS_BINARY)
            on_message(publisher, &message);
    } while (found == WS_OPEN || found == WS_TEXT || found == WS_BINARY);
    send_out(publisher);
    if (found == WS_NOTHING)
        return;
    struct run *run = publisher->press->worker.run;
    faults_add(run->faults, found == WS_WRONG, "%s: %s", run->publish_url,
               found == WS_WRONG ? publisher->frames.problem
                                 : "the server closed the WebSocket");
    wire_close(wire);
    give_up(publisher);
}

static const struct wire_verbs verbs = {
    .on_open = on_open,
    .on_bytes = on_frames,
    .on_end = on_end,
};

static void
open_ws(struct publisher *publisher)
{
    struct press *press = publisher->press;
    if (publisher->is_open) {
        publisher_idle(publisher);
        return;
    }
    if (publisher->wire.state != WIRE_CLOSED)
        return;
    publisher->wire.pool = &press->pool;
    publisher->wire.opener = &press->worker.opener;
    publisher->wire.scratch = press->worker.scratch;
    publisher->wire.verbs = &verbs;
    wire_open(&publisher->wire, press->urls[0], &publisher->connect_to,
              press->plan->is_insecure);
}

static void
send_ws(struct publisher *publisher, uint32_t channel)
{
    struct press *press = publisher->press;
    const char *template = press->entrance->body;
    const char *name = press->worker.run->channels[channel];
    char *text =
        target_fill(template ? template : "{token}", name, publisher->message);
    frames_client_send_text(&publisher->frames, text, strlen(text));
    free(text);
    send_out(publisher);
}

static void
close_ws(struct publisher *publisher)
{
    if (publisher->is_open) {
        frames_client_close(&publisher->frames, 1000);
        send_out(publisher);
    }
    wire_close(&publisher->wire);
    frames_client_fini(&publisher->frames);
    publisher->is_open = false;
}

const struct publishing publishing_ws = {
    .open = open_ws,
    .send = send_ws,
    .close = close_ws,
};

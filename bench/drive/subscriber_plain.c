/* Subscribers whose transport is made of HTTP requests (LINK_HTTP), over plain
 * HTTP/1: libcurl makes the connection; requests are written and answers read
 * here. A poll by curl's multi interface costs the client some 60 µs, as much
 * as a thousand pollers' servers need for it, and a delivery on a stream half
 * as much again as it costs a bare reader. */
#include "drive/subscriber.h"

#include "drive/crowd.h"
#include "drive/faults.h"
#include "drive/request.h"
#include "drive/run.h"
#include "plan.h"
#include "target/target.h"

#include <stdlib.h>
#include <string.h>

/* A kept connection that ends so soon after a request was closed before the
 * server knew of it: as browsers do, it is asked again. */
static const int64_t unread_ns = 100000000;

static struct subscriber *
of_wire(struct wire *wire)
{
    return (struct subscriber *)(void *)((char *)wire -
                                         offsetof(struct subscriber, wire));
}

static void
take_head(void *context, const char *head, size_t len)
{
    struct subscriber *subscriber = context;
    const struct entrance *entrance = subscriber->crowd->entrance;
    const char *value;
    size_t value_len;
    subscriber->content_type[0] = '\0';
    if (answer_header(head, len, "Content-Type", &value, &value_len)) {
        size_t room = sizeof subscriber->content_type - 1;
        size_t taken = value_len < room ? value_len : room;
        memcpy(subscriber->content_type, value, taken);
        subscriber->content_type[taken] = '\0';
    }
    if (entrance->take == CURSOR_HEADER &&
        answer_header(head, len, entrance->take_name, &value, &value_len))
        subscriber_cursor(subscriber, value, value_len);
    subscriber_judge(subscriber, subscriber->answer.status);
}

static void
take_body(void *context, const char *data, size_t len)
{
    struct subscriber *subscriber = context;
    if (subscriber->is_good && !subscriber->has_failed)
        subscriber_arrived(subscriber, data, len);
}

static void
send_request(struct subscriber *subscriber)
{
    answer_reset(&subscriber->answer);
    subscriber->sent_ns = run_now(subscriber->crowd->worker.run);
    wire_send(&subscriber->wire, subscriber->request.data,
              subscriber->request.len);
}

static void
on_open(struct wire *wire)
{
    struct subscriber *subscriber = of_wire(wire);
    if (subscriber->is_stopped)
        wire_stop(wire);
    send_request(subscriber);
}

static void
finish(struct subscriber *subscriber)
{
    bool is_good = subscriber->is_good && !subscriber->has_failed;
    if (subscriber->answer.closes || subscriber->has_failed)
        wire_close(&subscriber->wire);
    if (is_good)
        subscriber_note_round_trip(subscriber);
    subscriber_ended(subscriber, is_good);
}

static void
on_answer(struct wire *wire, const char *data, size_t len)
{
    struct subscriber *subscriber = of_wire(wire);
    struct run *run = subscriber->crowd->worker.run;
    if (subscriber->state != SUBSCRIBER_ASKING) {
        wire_close(wire);
        return;
    }
    switch (answer_take(&subscriber->answer, data, len)) {
    case ANSWER_MORE:
        if (subscriber->has_failed)
            finish(subscriber);
        break;
    case ANSWER_WHOLE:
        finish(subscriber);
        break;
    case ANSWER_WRONG:
        subscriber->has_failed = true;
        faults_add(run->faults, true,
                   "%s is answered with what is no HTTP/1 response",
                   run->subscribe_url);
        finish(subscriber);
        break;
    }
}

static void
open_wire(struct subscriber *subscriber)
{
    struct crowd *crowd = subscriber->crowd;
    subscriber->is_kept = false;
    wire_open(&subscriber->wire, crowd->urls[subscriber->channel],
              &subscriber->connect_to, false);
}

static void
on_end(struct wire *wire, const char *why)
{
    struct subscriber *subscriber = of_wire(wire);
    struct run *run = subscriber->crowd->worker.run;
    bool is_untouched = !subscriber->answer.status && subscriber->is_kept;
    if (subscriber->state != SUBSCRIBER_ASKING)
        return;
    if (!why && answer_ends_here(&subscriber->answer)) {
        finish(subscriber);
        return;
    }
    if (is_untouched && !subscriber->is_cut &&
        run_now(run) - subscriber->sent_ns < unread_ns) {
        open_wire(subscriber);
        return;
    }
    if (!subscriber->is_cut)
        faults_add(run->faults, false, "%s %s %s: %s",
                   subscriber_method(subscriber), run->subscribe_url,
                   subscriber->answer.status
                       ? "broke off in the middle of the answer"
                       : "was not answered",
                   why ? why : "the server closed the connection");
    subscriber_ended(subscriber, false);
}

static const struct wire_verbs verbs = {
    .on_open = on_open,
    .on_bytes = on_answer,
    .on_end = on_end,
};

static void
write_request(struct subscriber *subscriber, const char *url)
{
    char *headers = subscriber_headers(subscriber);
    struct bytes *request = &subscriber->request;
    request->len = 0;
    request_write(request, subscriber_method(subscriber), url);
    bytes_append_string(request, "User-Agent: earshot-bench\r\n");
    bytes_append_string(request, headers);
    bytes_append_string(request, "\r\n");
    free(headers);
}

void
subscriber_request_plain(struct subscriber *subscriber, const char *url)
{
    struct crowd *crowd = subscriber->crowd;
    struct wire *wire = &subscriber->wire;
    write_request(subscriber, url);
    subscriber->answer.on_head = take_head;
    subscriber->answer.on_body = take_body;
    subscriber->answer.context = subscriber;
    wire->pool = subscriber->pool;
    wire->opener = &crowd->worker.opener;
    wire->scratch = crowd->worker.scratch;
    wire->verbs = &verbs;
    if (wire->state == WIRE_OPEN) {
        subscriber->is_kept = true;
        send_request(subscriber);
    } else if (wire->state == WIRE_CLOSED) {
        open_wire(subscriber);
    }
}

/* Publishing by POST over plain HTTP/1: libcurl makes the connection, and the
 * request is written and its answer read here. A request by curl's multi
 * interface costs 40 µs of the client, more than what the quickest servers need
 * for it; then the client would be what is measured. */
#include "base/bytes.h"
#include "drive/faults.h"
#include "drive/press.h"
#include "drive/request.h"
#include "drive/run.h"
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

static const char *
method_of(const struct press *press)
{
    return press->entrance->method ? press->entrance->method : "POST";
}

static void
send_request(struct publisher *publisher)
{
    struct bytes *request = &publisher->request;
    answer_reset(&publisher->answer);
    wire_send(&publisher->wire, request->data, request->len);
}

static void
on_open(struct wire *wire)
{
    struct publisher *publisher = of_wire(wire);
    if (publisher->has_message)
        send_request(publisher);
}

/* Its message was accepted or not; what comes next. */
static void
finish(struct publisher *publisher, bool is_good)
{
    publisher_answered(publisher, is_good);
    if (is_good)
        publisher_idle(publisher);
    else
        publisher_rest(publisher);
}

static void
take_answer(struct publisher *publisher)
{
    struct press *press = publisher->press;
    struct run *run = press->worker.run;
    int status = publisher->answer.status;
    bool is_good = request_accepts(press->entrance, status);
    if (publisher->answer.closes)
        wire_close(&publisher->wire);
    if (!is_good)
        faults_add_status(run->faults, method_of(press), run->publish_url,
                          status);
    finish(publisher, is_good);
}

static void
on_answer(struct wire *wire, const char *data, size_t len)
{
    struct publisher *publisher = of_wire(wire);
    struct press *press = publisher->press;
    struct run *run = press->worker.run;
    /* Some servers say 408 before they close what is kept. */
    if (!publisher->has_message) {
        wire_close(wire);
        return;
    }
    switch (answer_take(&publisher->answer, data, len)) {
    case ANSWER_MORE:
        break;
    case ANSWER_WHOLE:
        take_answer(publisher);
        break;
    case ANSWER_WRONG:
        wire_close(wire);
        faults_add(run->faults, true,
                   "%s %s is answered with what is no HTTP/1 response",
                   method_of(press), run->publish_url);
        finish(publisher, false);
        break;
    }
}

/* A kept connection that ends while nothing is asked ends as it may. */
static void
on_end(struct wire *wire, const char *why)
{
    struct publisher *publisher = of_wire(wire);
    struct press *press = publisher->press;
    struct run *run = press->worker.run;
    if (!publisher->has_message)
        return;
    if (!why && answer_ends_here(&publisher->answer)) {
        take_answer(publisher);
        return;
    }
    faults_add(run->faults, false, "%s %s was not answered: %s",
               method_of(press), run->publish_url,
               why ? why : "the server closed the connection");
    finish(publisher, false);
}

static const struct wire_verbs verbs = {
    .on_open = on_open,
    .on_bytes = on_answer,
    .on_end = on_end,
};

static void
open_plain(struct publisher *publisher)
{
    struct press *press = publisher->press;
    publisher->wire.pool = &press->pool;
    publisher->wire.opener = &press->worker.opener;
    publisher->wire.scratch = press->worker.scratch;
    publisher->wire.verbs = &verbs;
    publisher_idle(publisher);
}

static void
write_request(struct publisher *publisher, uint32_t channel)
{
    struct press *press = publisher->press;
    struct bytes *request = &publisher->request;
    const struct entrance *entrance = press->entrance;
    const char *name = press->worker.run->channels[channel];
    char *body = target_fill(entrance->body ? entrance->body : "", name,
                             publisher->message);
    char *url = strstr(entrance->url, "{token}")
                    ? target_fill(entrance->url, name, publisher->message)
                    : NULL;
    size_t len = strlen(body);
    request->len = 0;
    request_write(request, method_of(press), url ? url : press->urls[channel]);
    bytes_append_string(request, press->headers_text[channel]);
    bytes_printf(request, "Content-Length: %zu\r\n\r\n", len);
    bytes_append(request, body, len);
    free(body);
    free(url);
}

static void
send_plain(struct publisher *publisher, uint32_t channel)
{
    struct press *press = publisher->press;
    write_request(publisher, channel);
    if (publisher->wire.state == WIRE_OPEN)
        send_request(publisher);
    else if (publisher->wire.state == WIRE_CLOSED)
        wire_open(&publisher->wire, press->urls[channel],
                  &publisher->connect_to, false);
}

static void
close_plain(struct publisher *publisher)
{
    wire_close(&publisher->wire);
    bytes_fini(&publisher->request);
    answer_fini(&publisher->answer);
}

const struct publishing publishing_plain = {
    .open = open_plain,
    .send = send_plain,
    .close = close_plain,
};

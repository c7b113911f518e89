/* Subscribers whose transport speaks on a connection of its own (LINK_SOCKET),
 * and what it needs to speak HTTP there. */
#include "drive/subscriber.h"

#include "drive/crowd.h"
#include "drive/faults.h"
#include "drive/request.h"
#include "drive/run.h"
#include "plan.h"
#include "target/target.h"

#include <stdlib.h>
#include <string.h>

static struct subscriber *
of_wire(struct wire *wire)
{
    return (struct subscriber *)(void *)((char *)wire -
                                         offsetof(struct subscriber, wire));
}

/* A transport cannot close its connection itself: it is still on the stack. */
static void
end_failed(struct subscriber *subscriber)
{
    if (!subscriber->has_failed || subscriber->wire.state != WIRE_OPEN)
        return;
    wire_close(&subscriber->wire);
    subscriber_ended(subscriber, false);
}

static void
on_open(struct wire *wire)
{
    struct subscriber *subscriber = of_wire(wire);
    subscriber_transport(subscriber)
        ->on_connected(subscriber, subscriber->transport_state);
    if (subscriber->is_stopped)
        wire_stop(wire);
    end_failed(subscriber);
}

static void
on_bytes(struct wire *wire, const char *data, size_t len)
{
    struct subscriber *subscriber = of_wire(wire);
    subscriber_arrived(subscriber, data, len);
    end_failed(subscriber);
}

static void
on_end(struct wire *wire, const char *why)
{
    struct subscriber *subscriber = of_wire(wire);
    struct run *run = subscriber->crowd->worker.run;
    if (!subscriber->is_cut)
        faults_add(run->faults, false, "The connection to %s ended: %s",
                   run->subscribe_url, why ? why : "the server closed it");
    subscriber_ended(subscriber, false);
}

static const struct wire_verbs verbs = {
    .on_open = on_open,
    .on_bytes = on_bytes,
    .on_end = on_end,
};

void
subscriber_connect(struct subscriber *subscriber)
{
    struct crowd *crowd = subscriber->crowd;
    struct wire *wire = &subscriber->wire;
    subscriber->has_failed = false;
    if (wire->state != WIRE_CLOSED)
        wire_close(wire);
    wire->pool = subscriber->pool;
    wire->opener = &crowd->worker.opener;
    wire->scratch = crowd->worker.scratch;
    wire->verbs = &verbs;
    wire_open(wire, crowd->urls[subscriber->channel], &subscriber->connect_to,
              crowd->plan->is_insecure);
    if (run_is_main(crowd->worker.run, subscriber->asked_ns))
        crowd->worker.tally.requests_main++;
}

void
subscriber_send(struct subscriber *subscriber, const void *data, size_t len)
{
    wire_send(&subscriber->wire, data, len);
}

char *
subscriber_url(const struct subscriber *subscriber)
{
    const struct crowd *crowd = subscriber->crowd;
    const char *url = crowd->urls[subscriber->channel];
    if (crowd->entrance->give != CURSOR_QUERY || !subscriber->cursor.len)
        return xstrdup(url);
    return request_add_query(url, crowd->entrance->give_name,
                             subscriber->cursor.data, subscriber->cursor.len);
}

char *
subscriber_headers(const struct subscriber *subscriber)
{
    const struct crowd *crowd = subscriber->crowd;
    struct bytes text = BYTES_EMPTY;
    for (const struct curl_slist *at = crowd->headers[subscriber->channel]; at;
         at = at->next)
        bytes_printf(&text, "%s\r\n", at->data);
    if (crowd->entrance->give == CURSOR_HEADER && subscriber->cursor.len)
        bytes_printf(&text, "%s: %.*s\r\n", crowd->entrance->give_name,
                     (int)subscriber->cursor.len, subscriber->cursor.data);
    bytes_append_char(&text, '\0');
    return text.data;
}

/* Server-Sent Events: an answer that does not end. The id of the last event is
 * the cursor (HTML, section 9.2.4). */

#include "client/sse_parser.h"
#include "target/target.h"
#include "transports.h"

#include <string.h>
#include <strings.h>

struct sse {
    struct sse_parser parser;
    bool is_ready;
};

static void
start(struct subscriber *subscriber, void *state)
{
    struct sse *sse = state;
    sse->is_ready = false;
    sse_parser_reset(&sse->parser);
    subscriber_request(subscriber, NULL);
}

static void
become_ready(struct subscriber *subscriber, struct sse *sse)
{
    if (!sse->is_ready)
        subscriber_ready(subscriber);
    sse->is_ready = true;
}

static void
on_head(struct subscriber *subscriber, void *state)
{
    static const char stream[] = "text/event-stream";
    const char *type = subscriber_content_type(subscriber);
    if (!type || strncasecmp(type, stream, sizeof stream - 1) != 0)
        subscriber_wrong_page(subscriber);
    else if (!subscriber_entrance(subscriber)->ready)
        become_ready(subscriber, state);
}

static bool
contains(const struct sse_slice *slice, const char *text)
{
    return slice->len &&
           memmem(slice->data, slice->len, text, strlen(text)) != NULL;
}

static bool
says(const struct sse_event *event, const char *text)
{
    return text && (contains(&event->event, text) ||
                    (event->has_data && contains(&event->data, text)));
}

/* Ordinary events, which most are, have no name: those that have one are looked
 * at, and before it is ready all. */
static void
look(struct subscriber *subscriber, struct sse *sse,
     const struct sse_event *event)
{
    const struct entrance *entrance = subscriber_entrance(subscriber);
    if (!sse->is_ready && says(event, entrance->ready))
        become_ready(subscriber, sse);
    else if (event->event.len && says(event, entrance->lost))
        subscriber_lost(subscriber);
}

static void
on_bytes(struct subscriber *subscriber, void *state, const char *data,
         size_t len)
{
    struct sse *sse = state;
    bool wants_id = subscriber_entrance(subscriber)->take == CURSOR_SSE_ID;
    struct sse_event event;
    enum sse_found found;
    sse_parser_feed(&sse->parser, data, len);
    while ((found = sse_parser_next(&sse->parser, &event)) == SSE_EVENT) {
        if (wants_id && event.has_id)
            subscriber_cursor(subscriber, event.id.data, event.id.len);
        if (!sse->is_ready || event.event.len)
            look(subscriber, sse, &event);
        if (event.has_data)
            subscriber_payload(subscriber, event.data.data, event.data.len);
    }
    if (found == SSE_TOO_BIG)
        subscriber_fail(subscriber, "The event stream has an event of over "
                                    "16 MiB");
}

static void
on_end(struct subscriber *subscriber, void *state)
{
    (void)state;
    subscriber_broke(subscriber);
    subscriber_again(subscriber);
}

static void
fini(void *state)
{
    struct sse *sse = state;
    sse_parser_fini(&sse->parser);
}

const struct transport transport_sse = {
    .name = "sse",
    .link = LINK_HTTP,
    .is_stream = true,
    .state_size = sizeof(struct sse),
    .start = start,
    .on_head = on_head,
    .on_bytes = on_bytes,
    .on_end = on_end,
    .fini = fini,
};

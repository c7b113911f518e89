/* GET /tap/log: a page of records, at once or when there is one. */

#include "control_internal.h"

#include "base/json.h"
#include "tag.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGE_BYTES = 512 * 1024,
    WAIT_MAX_S = 25,
    WAITERS_MAX = 64,
    GATHER_US = 20 * 1000, /* records come in bursts: one answer for each */
};

struct waiter {
    TAILQ_ENTRY(waiter) place;
    struct control *control;
    struct evhttp_request *request;
    struct event *timer, *going;
    uint64_t after;
    bool has_news;
    char tag[PATTERN_SIZE];
};

static void
append_record(struct bytes *body, const struct record *record)
{
    const struct record_about *about = &record->about;
    bytes_printf(body,
                 "{\"n\":%llu,\"connection\":%llu,\"tag\":\"%s\","
                 "\"time\":%lld.%03d,\"kind\":\"%s\",\"size\":%zu,\"bytes\":\"",
                 (unsigned long long)record->n,
                 (unsigned long long)about->connection, about->tag,
                 (long long)(about->time_us / 1000),
                 (int)(about->time_us % 1000), record_kind_name(about->kind),
                 record->size);
    bytes_append_base64(body, record->bytes, record->kept_size);
    bytes_append_char(body, '"');
    if (about->is_held)
        bytes_append_string(body, ",\"held\":true");
    if (about->by != BY_NOBODY)
        bytes_printf(body, ",\"by\":\"%s\"", record_by_name(about->by));
    bytes_append_char(body, '}');
}

/* Appends the records after AFTER that match TAG, as many as make a page, and
 * returns whether there was one. A reader whose AFTER we have never reached
 * has known another tap, before a restart: it begins anew. */
static bool
append_page(struct bytes *body, const struct records *records, const char *tag,
            uint64_t after)
{
    uint64_t newest = records_newest(records);
    bool is_lost = after > newest || after + 1 < records_oldest(records);
    uint64_t n = is_lost ? records_oldest(records) : after + 1;
    size_t begin = body->len, count = 0;
    bytes_append_string(body, "{\"records\":[");
    for (; n <= newest && body->len - begin < PAGE_BYTES; n++) {
        const struct record *record = records_get(records, n);
        if (!tag_matches(tag, record->about.tag))
            continue;
        if (count++)
            bytes_append_char(body, ',');
        append_record(body, record);
    }
    bytes_printf(body, "],\"next\":%llu,\"lost\":%s,\"more\":%s}",
                 (unsigned long long)(n - 1), is_lost ? "true" : "false",
                 n <= newest ? "true" : "false");
    return count || is_lost;
}

static void
forget(struct waiter *waiter)
{
    TAILQ_REMOVE(&waiter->control->waiters, waiter, place);
    waiter->control->waiter_count--;
    evhttp_connection_set_closecb(
        evhttp_request_get_connection(waiter->request), NULL, NULL);
    event_free(waiter->timer);
    event_free(waiter->going);
    free(waiter);
}

static void
answer_waiter(struct waiter *waiter)
{
    struct bytes body = BYTES_EMPTY;
    struct evhttp_request *request = waiter->request;
    append_page(&body, waiter->control->records, waiter->tag, waiter->after);
    forget(waiter);
    control_answer(request, 200, &body);
}

static void
on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    answer_waiter(context);
}

/* While it holds a request evhttp reads nothing of its connection. Ours is an
 * eye on it: what is then sent to nobody lets evhttp clean up. */
static void
on_going(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    answer_waiter(context);
}

static void
on_gone(struct evhttp_connection *connection, void *context)
{
    (void)connection;
    forget(context);
}

static void
on_add(void *context, const struct record *record)
{
    struct control *control = context;
    static const struct timeval pause = {.tv_usec = GATHER_US};
    struct waiter *waiter;
    TAILQ_FOREACH(waiter, &control->waiters, place)
    {
        if (waiter->has_news || !tag_matches(waiter->tag, record->about.tag))
            continue;
        waiter->has_news = true;
        evtimer_add(waiter->timer, &pause);
    }
}

static void
wait_for_news(struct control *control, struct evhttp_request *request,
              const char *tag, uint64_t after, double wait_s)
{
    const struct timeval pause = {.tv_sec = (long)wait_s,
                                  .tv_usec = (long)(wait_s * 1e6) % 1000000};
    if (control->waiter_count >= WAITERS_MAX)
        answer_waiter(TAILQ_FIRST(&control->waiters));
    struct waiter *waiter = xcalloc(1, sizeof *waiter);
    waiter->control = control;
    waiter->request = request;
    waiter->after = after;
    memcpy(waiter->tag, tag, strlen(tag) + 1);
    waiter->timer = evtimer_new(control->base, on_timer, waiter);
    evtimer_add(waiter->timer, &pause);
    TAILQ_INSERT_TAIL(&control->waiters, waiter, place);
    control->waiter_count++;
    struct evhttp_connection *connection =
        evhttp_request_get_connection(request);
    evhttp_connection_set_closecb(connection, on_gone, waiter);
    waiter->going = event_new(
        control->base,
        bufferevent_getfd(evhttp_connection_get_bufferevent(connection)),
        EV_CLOSED, on_going, waiter);
    event_add(waiter->going, NULL);
}

void
follow_log(struct control *control, struct evhttp_request *request,
           const struct evkeyvalq *query, const char *tag)
{
    double from = (double)records_oldest(control->records) - 1, wait_s = 0;
    if (!control_number(request, query, "after", 0, 9007199254740991., &from) ||
        !control_number(request, query, "wait", 0, 86400, &wait_s))
        return;
    struct bytes body = BYTES_EMPTY;
    uint64_t after = (uint64_t)from;
    if (append_page(&body, control->records, tag, after) || wait_s <= 0) {
        control_answer(request, 200, &body);
        return;
    }
    bytes_fini(&body);
    /* What did not match has been looked at. */
    after = records_newest(control->records);
    wait_for_news(control, request, tag, after,
                  wait_s < WAIT_MAX_S ? wait_s : WAIT_MAX_S);
}

void
follow_init(struct control *control)
{
    TAILQ_INIT(&control->waiters);
    records_listen(control->records, on_add, control);
}

void
follow_fini(struct control *control)
{
    while (!TAILQ_EMPTY(&control->waiters))
        answer_waiter(TAILQ_FIRST(&control->waiters));
    records_listen(control->records, NULL, NULL);
}

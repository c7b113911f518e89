#include "drive/press.h"

#include "base/bytes.h"
#include "drive/request.h"
#include "drive/run.h"
#include "measure/histogram.h"
#include "measure/ledger.h"
#include "measure/token.h"
#include "plan.h"
#include "target/target.h"

#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { PAUSE_FIRST_US = 20000, PAUSE_DOUBLINGS = 6 };

static int64_t
now_of(const struct press *press)
{
    return run_now(press->worker.run);
}

static void
write_message(struct publisher *publisher)
{
    const struct plan *plan = publisher->press->plan;
    struct token token = {.run = plan->run,
                          .sequence = publisher->sequence,
                          .due_ns = publisher->due_ns,
                          .sent_ns = publisher->sent_ns};
    token_write(publisher->message, &token);
}

static void
publish(struct press *press, int64_t due_ns, int64_t now_ns, uint32_t channel)
{
    struct publisher *publisher = press->idle;
    struct messages *messages = press->worker.run->messages;
    bool is_counted = run_is_main(press->worker.run, due_ns);
    press->idle = publisher->next_idle;
    publisher->is_idle = false;
    publisher->has_message = true;
    publisher->due_ns = due_ns;
    publisher->sent_ns = now_ns;
    publisher->sequence = messages_add(messages, channel, is_counted);
    messages_sent(messages, publisher->sequence, now_ns);
    write_message(publisher);
    press->publishing->send(publisher, channel);
}

static uint32_t
next_channel(struct press *press)
{
    uint32_t channel = press->next_channel;
    press->next_channel = (channel + 1) % (uint32_t)press->plan->channels;
    return channel;
}

/* Takes one of the plan's limit; false: there are no more. */
static bool
take_of_limit(struct press *press, int64_t due_ns)
{
    struct run *run = press->worker.run;
    if (!press->plan->message_limit || !run_is_main(run, due_ns))
        return true;
    return atomic_fetch_sub(&run->messages_left, 1) > 0;
}

/* How late we are ourselves is only known of messages that had a connection
 * waiting for them. */
static void
note_slip(struct press *press, int64_t due_ns, int64_t now_ns)
{
    if (due_ns >= press->idle_since_ns)
        tally_sent(&press->worker.tally, due_ns, now_ns);
}

static void
publish_due(struct press *press)
{
    int64_t end_ns = atomic_load(&press->worker.run->end_ns);
    while (press->idle && press->is_publishing) {
        int64_t now_ns = now_of(press);
        int64_t due_ns = schedule_peek(&press->schedule);
        if (due_ns > now_ns && due_ns < end_ns)
            break;
        if (due_ns >= end_ns || !take_of_limit(press, due_ns)) {
            press->is_publishing = false;
            break;
        }
        schedule_take(&press->schedule);
        note_slip(press, due_ns, now_ns);
        publish(press, due_ns, now_ns, next_channel(press));
    }
}

static void
publish_in_turn(struct press *press)
{
    int64_t end_ns = atomic_load(&press->worker.run->end_ns);
    while (press->idle && press->is_publishing) {
        int64_t now_ns = now_of(press);
        if (now_ns >= end_ns || !take_of_limit(press, now_ns))
            press->is_publishing = false;
        else
            publish(press, now_ns, now_ns, next_channel(press));
    }
}

static void
set_alarm(struct press *press)
{
    if (!press->idle || !press->is_publishing || press->plan->rate_per_s <= 0)
        return;
    int64_t at_ns = schedule_peek(&press->schedule);
    int64_t end_ns = atomic_load(&press->worker.run->end_ns);
    if (at_ns > end_ns)
        at_ns = end_ns;
    at_ns += press->worker.run->zero_ns;
    struct itimerspec when = {.it_value = {.tv_sec = at_ns / 1000000000,
                                           .tv_nsec = at_ns % 1000000000}};
    timerfd_settime(press->alarm, TFD_TIMER_ABSTIME, &when, NULL);
}

static void
count_unfinished(struct press *press)
{
    int unfinished = press->is_publishing + press->probes;
    for (int i = 0; i < press->count; i++)
        unfinished += press->publishers[i].has_message;
    atomic_store(&press->unfinished, unfinished);
}

static void
turn(struct press *press)
{
    while (press->probes > 0 && press->idle) {
        int64_t now_ns = now_of(press);
        publish(press, now_ns, now_ns, (uint32_t)--press->probes);
    }
    if (press->plan->rate_per_s > 0)
        publish_due(press);
    else
        publish_in_turn(press);
    set_alarm(press);
}

static void
on_alarm(evutil_socket_t fd, short what, void *context)
{
    struct press *press = context;
    uint64_t count;
    (void)what;
    press->worker.watch.on_event(press->worker.watch.context);
    if (read(fd, &count, sizeof count) == (ssize_t)sizeof count)
        turn(press);
}

void
publisher_idle(struct publisher *publisher)
{
    struct press *press = publisher->press;
    if (publisher->is_idle || press->is_leaving)
        return;
    if (!press->idle)
        press->idle_since_ns = now_of(press);
    publisher->is_idle = true;
    publisher->next_idle = press->idle;
    press->idle = publisher;
    turn(press);
}

void
publisher_answered(struct publisher *publisher, bool is_accepted)
{
    struct press *press = publisher->press;
    struct messages *messages = press->worker.run->messages;
    if (!publisher->has_message)
        return;
    publisher->has_message = false;
    if (!is_accepted) {
        messages_refused(messages, publisher->sequence);
        tally_add(&press->worker.tally.refused);
        publisher->failures++;
        return;
    }
    int64_t now_ns = now_of(press);
    messages_accepted(messages, publisher->sequence, now_ns);
    tally_accepted(&press->worker.tally, publisher->due_ns, publisher->sent_ns,
                   now_ns);
    publisher->failures = 0;
}

static void
on_pause_over(evutil_socket_t fd, short what, void *context)
{
    struct publisher *publisher = context;
    (void)fd;
    (void)what;
    publisher->press->publishing->open(publisher);
}

void
publisher_rest(struct publisher *publisher)
{
    if (publisher->press->is_leaving)
        return;
    unsigned doublings = publisher->failures < PAUSE_DOUBLINGS
                             ? publisher->failures
                             : PAUSE_DOUBLINGS;
    int us = PAUSE_FIRST_US << doublings;
    struct timeval wait = {.tv_sec = us / 1000000, .tv_usec = us % 1000000};
    event_add(&publisher->pause, &wait);
}

static void
begin(struct worker *worker)
{
    struct press *press = (struct press *)worker;
    event_add(&press->alarm_event, NULL);
    for (int i = 0; i < press->count; i++)
        press->publishing->open(&press->publishers[i]);
}

static void
tick(struct worker *worker, int64_t now_ns)
{
    struct press *press = (struct press *)worker;
    (void)now_ns;
    turn(press);
    count_unfinished(press);
}

static void
begin_publishing(struct press *press)
{
    int64_t warm_ns = atomic_load(&press->worker.run->warm_ns);
    press->is_publishing = true;
    if (press->plan->rate_per_s > 0)
        schedule_init(&press->schedule, press->plan->seed,
                      press->plan->rate_per_s, press->plan->is_poisson,
                      warm_ns);
}

static void
leave(struct press *press)
{
    press->is_leaving = true;
    for (int i = 0; i < press->count; i++) {
        struct publisher *publisher = &press->publishers[i];
        event_del(&publisher->pause);
        publisher_answered(publisher, false);
        press->publishing->close(publisher);
    }
    event_del(&press->alarm_event);
}

static void
obey(struct worker *worker, unsigned orders)
{
    struct press *press = (struct press *)worker;
    if (orders & ORDER_PROBE)
        press->probes = press->plan->channels;
    if (orders & ORDER_PUBLISH)
        begin_publishing(press);
    if (orders & ORDER_DRAIN) {
        press->probes = 0;
        tally_slots_end(&worker->tally);
    }
    turn(press);
    count_unfinished(press);
    if (orders & ORDER_LEAVE)
        leave(press);
}

static const struct worker_verbs verbs = {
    .begin = begin,
    .tick = tick,
    .obey = obey,
};

static char *
text_of(const struct curl_slist *headers)
{
    struct bytes text = BYTES_EMPTY;
    bytes_append_string(&text, "User-Agent: earshot-bench\r\n");
    for (const struct curl_slist *at = headers; at; at = at->next)
        bytes_printf(&text, "%s\r\n", at->data);
    bytes_append_char(&text, '\0');
    return text.data;
}

/* Without TLS nobody speaks HTTP/2 to a server that may not know it. */
static const struct publishing *
publishing_by(const struct entrance *entrance)
{
    if (strcmp(entrance->transport, "ws") == 0)
        return &publishing_ws;
    return request_is_plain(entrance) ? &publishing_plain : &publishing_post;
}

static void
fill_channels(struct press *press)
{
    size_t count = (size_t)press->plan->channels;
    char **channels = press->worker.run->channels;
    press->headers = xcalloc(count, sizeof *press->headers);
    press->headers_text = xcalloc(count, sizeof *press->headers_text);
    press->urls = xcalloc(count, sizeof *press->urls);
    for (size_t i = 0; i < count; i++) {
        press->headers[i] = request_headers(press->entrance, channels[i]);
        press->headers_text[i] = text_of(press->headers[i]);
        press->urls[i] = target_fill(press->entrance->url, channels[i], "");
    }
}

static void
init_publisher(struct press *press, int number)
{
    struct publisher *publisher = &press->publishers[number];
    size_t size = press->plan->message_bytes;
    publisher->press = press;
    publisher->message = xmalloc(size + 1);
    memset(publisher->message, 'x', size);
    publisher->message[size] = '\0';
    sockets_alias(publisher->alias, (unsigned)number);
    publisher->connect_to.data = publisher->alias;
    event_assign(&publisher->pause, press->worker.base, -1, 0, on_pause_over,
                 publisher);
}

void
press_init(struct press *press, struct run *run, int worker_number, int count)
{
    *press = (struct press){.plan = run->plan, .count = count};
    worker_init(&press->worker, run, worker_number, run->publish_sockets,
                &verbs);
    press->entrance = run->plan->publish;
    press->publishing = publishing_by(press->entrance);
    fill_channels(press);
    pool_init(&press->pool, press->worker.base, &press->worker.watch);
    press->alarm = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    event_assign(&press->alarm_event, press->worker.base, press->alarm,
                 EV_READ | EV_PERSIST, on_alarm, press);
    press->publishers = xcalloc((size_t)count, sizeof *press->publishers);
    for (int i = 0; i < count; i++)
        init_publisher(press, i);
}

void
press_fini(struct press *press)
{
    for (int i = 0; i < press->count; i++) {
        free(press->publishers[i].message);
        free(press->publishers[i].body);
    }
    pool_fini(&press->pool);
    for (int i = 0; i < press->plan->channels; i++) {
        curl_slist_free_all(press->headers[i]);
        free(press->headers_text[i]);
        free(press->urls[i]);
    }
    free(press->headers);
    free(press->headers_text);
    free(press->urls);
    free(press->publishers);
    close(press->alarm);
    worker_fini(&press->worker);
}

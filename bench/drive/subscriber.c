#include "drive/subscriber.h"

#include "drive/crowd.h"
#include "drive/faults.h"
#include "drive/run.h"
#include "measure/histogram.h"
#include "plan.h"
#include "target/target.h"

#include <stdlib.h>
#include <string.h>

/* Waits after failures: at once, then 50 ms, doubled up to 2 s, each between a
 * half and the whole of it so that a crowd does not come back in step. */
enum { PAUSE_FIRST_US = 50000, PAUSE_MOST_US = 2000000 };

/* A stream that has lived so long was one. */
static const int64_t long_enough_ns = 1000000000;

enum { CURSOR_MAX = 4096 };

/* Who leaves waits for what is still on its way. */
static const int64_t leave_within_ns = 2000000000;

static struct run *
run_of(const struct subscriber *subscriber)
{
    return subscriber->crowd->worker.run;
}

static struct tally *
tally_of(const struct subscriber *subscriber)
{
    return &subscriber->crowd->worker.tally;
}

const struct transport *
subscriber_transport(const struct subscriber *subscriber)
{
    return subscriber->crowd->transport;
}

size_t
subscriber_size(const struct transport *transport)
{
    size_t size = sizeof(struct subscriber) + transport->state_size;
    size_t step = alignof(max_align_t);
    return (size + step - 1) / step * step;
}

static void become_ready_held(struct subscriber *subscriber);

static void
wake_after(struct subscriber *subscriber, int64_t us)
{
    struct timeval wait = {.tv_sec = us / 1000000, .tv_usec = us % 1000000};
    event_add(&subscriber->pause, &wait);
}

static void
start(struct subscriber *subscriber)
{
    subscriber->state = SUBSCRIBER_ASKING;
    subscriber->next = NEXT_NOTHING;
    subscriber->is_cut = false;
    subscriber->has_given = false;
    subscriber->asked_ns = run_now(run_of(subscriber));
    subscriber->finder = (struct token_finder){0};
    subscriber_transport(subscriber)
        ->start(subscriber, subscriber->transport_state);
}

static void
on_pause_over(evutil_socket_t fd, short what, void *context)
{
    struct subscriber *subscriber = context;
    (void)fd;
    (void)what;
    if (subscriber->state == SUBSCRIBER_PAUSING)
        start(subscriber);
    else if (subscriber->state == SUBSCRIBER_ASKING)
        become_ready_held(subscriber);
}

void
subscriber_init(struct subscriber *subscriber, struct crowd *crowd,
                struct pool *pool, uint32_t number)
{
    subscriber->crowd = crowd;
    subscriber->pool = pool;
    subscriber->number = number;
    subscriber->channel = number % (uint32_t)crowd->plan->channels;
    subscriber->state = SUBSCRIBER_NEW;
    dice_init(&subscriber->dice, crowd->plan->seed + number);
    sockets_alias(subscriber->alias, number);
    subscriber->connect_to.data = subscriber->alias;
    event_assign(&subscriber->pause, crowd->worker.base, -1, 0, on_pause_over,
                 subscriber);
}

void
subscriber_fini(struct subscriber *subscriber)
{
    if (subscriber_transport(subscriber)->fini)
        subscriber_transport(subscriber)->fini(subscriber->transport_state);
    receipt_fini(&subscriber->receipt);
    bytes_fini(&subscriber->cursor);
    bytes_fini(&subscriber->header);
    bytes_fini(&subscriber->request);
    answer_fini(&subscriber->answer);
}

void
subscriber_begin(struct subscriber *subscriber)
{
    subscriber->begun_ns = run_now(run_of(subscriber));
    start(subscriber);
}

static void
set_ready(struct subscriber *subscriber, bool is_ready)
{
    if (subscriber->is_ready == is_ready)
        return;
    subscriber->is_ready = is_ready;
    crowd_ready(subscriber->crowd, is_ready, !subscriber->was_ready);
}

/* It has all that was published before it was back: that is recovery, which a
 * connection alone is not. Without cursors nothing missed can come. */
static void
look_at_recovery(struct subscriber *subscriber, int64_t now_ns)
{
    bool has_cursor = subscriber->crowd->entrance->give != CURSOR_NONE;
    if (has_cursor &&
        receipt_lost(&subscriber->receipt, run_of(subscriber)->messages,
                     subscriber->channel, subscriber->until))
        return;
    histogram_add(tally_of(subscriber)->recover,
                  now_ns - subscriber->broken_ns);
    subscriber->broken_ns = 0;
}

static void
become_ready(struct subscriber *subscriber, int64_t now_ns)
{
    uint32_t count = messages_count(run_of(subscriber)->messages);
    if (!subscriber->was_ready) {
        subscriber->ready_ns = now_ns;
        histogram_add(tally_of(subscriber)->connect,
                      now_ns - subscriber->begun_ns);
        subscriber->receipt.from = count;
    }
    if (subscriber->broken_ns && !subscriber->is_ready) {
        subscriber->until = count;
        look_at_recovery(subscriber, now_ns);
    }
    set_ready(subscriber, true);
    subscriber->was_ready = true;
}

void
subscriber_ready(struct subscriber *subscriber)
{
    become_ready(subscriber, run_now(run_of(subscriber)));
}

/* Since the request was sent, as far as anybody can know. */
static void
become_ready_held(struct subscriber *subscriber)
{
    curl_off_t sent_us = 0;
    if (subscriber->crowd->is_plain) {
        if (subscriber->wire.state == WIRE_OPEN)
            become_ready(subscriber, subscriber->sent_ns);
        return;
    }
    curl_easy_getinfo(subscriber->transfer.easy, CURLINFO_PRETRANSFER_TIME_T,
                      &sent_us);
    if (sent_us)
        become_ready(subscriber, subscriber->asked_ns + sent_us * 1000);
}

void
subscriber_ready_when_held(struct subscriber *subscriber, int64_t us)
{
    if (!subscriber->is_ready)
        wake_after(subscriber, us);
}

/* Up to the message UNTIL. Who left because he had all that was accepted then
 * is not owed what has been accepted since. */
static void
settle_account(struct subscriber *subscriber, uint32_t until, bool has_all)
{
    struct tally *tally = tally_of(subscriber);
    const struct messages *messages = run_of(subscriber)->messages;
    struct receipt *receipt = &subscriber->receipt;
    if (subscriber->was_ready) {
        uint64_t lost =
            receipt_lost(receipt, messages, subscriber->channel, until);
        tally->owed +=
            receipt_owed(receipt, messages, subscriber->channel, until);
        if (has_all)
            tally->owed -= lost;
        else
            tally->lost += lost;
    }
    tally->repeated += receipt->repeated;
    tally->reordered += receipt->reordered;
    receipt_fini(receipt);
    *receipt = (struct receipt){0};
}

void
subscriber_close_link(struct subscriber *subscriber)
{
    if (subscriber->crowd->has_wires)
        wire_close(&subscriber->wire);
    else
        subscriber_close_http(subscriber);
}

void
subscriber_go(struct subscriber *subscriber, bool has_all)
{
    const struct transport *transport = subscriber_transport(subscriber);
    if (subscriber->state == SUBSCRIBER_ASKING && transport->leave)
        transport->leave(subscriber, subscriber->transport_state);
    subscriber_close_link(subscriber);
    event_del(&subscriber->pause);
    settle_account(subscriber,
                   subscriber->is_leaving ? subscriber->until : UINT32_MAX,
                   has_all);
    set_ready(subscriber, false);
    subscriber->state = SUBSCRIBER_GONE;
}

void
subscriber_churn(struct subscriber *subscriber)
{
    if (!subscriber->is_ready || subscriber->is_leaving)
        return;
    struct run *run = run_of(subscriber);
    subscriber->is_leaving = true;
    subscriber->until = messages_count(run->messages);
    subscriber->leave_ns = run_now(run) + leave_within_ns;
}

bool
subscriber_is_served(struct subscriber *subscriber)
{
    return !subscriber->was_ready ||
           !receipt_lost(&subscriber->receipt, run_of(subscriber)->messages,
                         subscriber->channel,
                         subscriber->is_leaving ? subscriber->until
                                                : UINT32_MAX);
}

void
subscriber_stop(struct subscriber *subscriber)
{
    subscriber->is_slow = true;
    subscriber->is_stopped = true;
    if (subscriber->crowd->has_wires)
        wire_stop(&subscriber->wire);
    else
        subscriber_stop_http(subscriber, true);
}

void
subscriber_resume(struct subscriber *subscriber)
{
    subscriber->is_stopped = false;
    if (subscriber->crowd->has_wires)
        wire_resume(&subscriber->wire);
    else
        subscriber_stop_http(subscriber, false);
}

void
subscriber_cut(struct subscriber *subscriber, int64_t now_ns)
{
    if (!subscriber->was_ready)
        return;
    subscriber->is_cut = true;
    set_ready(subscriber, false);
    if (!subscriber->broken_ns)
        subscriber->broken_ns = now_ns;
}

/* Who was ready before it was due has only waited for us to publish, which does
 * not count. */
static void
take_first(struct subscriber *subscriber, const struct token *token)
{
    struct crowd *crowd = subscriber->crowd;
    int64_t waited_ns =
        subscriber->was_ready ? token->due_ns - subscriber->ready_ns : 0;
    subscriber->has_got = true;
    atomic_fetch_add(&crowd->greeted, 1);
    histogram_add(crowd->worker.tally.first,
                  crowd->now_ns - subscriber->begun_ns -
                      (waited_ns > 0 ? waited_ns : 0));
}

static void
take(struct subscriber *subscriber, const struct token *token)
{
    struct crowd *crowd = subscriber->crowd;
    struct run *run = crowd->worker.run;
    if (receipt_take(&subscriber->receipt, run->messages, token->sequence,
                     token->sent_ns) != RECEIPT_NEW)
        return;
    tally_delivery(&crowd->worker.tally, token, crowd->now_ns,
                   !subscriber->is_slow);
    subscriber->has_given = true;
    if (!subscriber->has_got)
        take_first(subscriber, token);
    if (subscriber->broken_ns && subscriber->is_ready)
        look_at_recovery(subscriber, crowd->now_ns);
}

void
subscriber_payload(struct subscriber *subscriber, const char *data, size_t len)
{
    const struct plan *plan = subscriber->crowd->plan;
    struct token token;
    while (token_next(&subscriber->finder, &data, &len, &token))
        if (token.run == plan->run)
            take(subscriber, &token);
}

void
subscriber_arrived(struct subscriber *subscriber, const char *data, size_t len)
{
    subscriber->crowd->now_ns = run_now(run_of(subscriber));
    subscriber_transport(subscriber)
        ->on_bytes(subscriber, subscriber->transport_state, data, len);
}

static int64_t
pause_us(struct subscriber *subscriber)
{
    if (subscriber->failures <= 1)
        return 0;
    unsigned doubled = subscriber->failures - 2;
    int64_t most = doubled < 6 ? PAUSE_FIRST_US << doubled : PAUSE_MOST_US;
    if (most > PAUSE_MOST_US)
        most = PAUSE_MOST_US;
    return most / 2 +
           (int64_t)(dice_share(&subscriber->dice) * (double)most / 2);
}

/* Whether it was worth asking. A server that is overloaded may say so politely,
 * by a stream that is good and ends at once: it must not be asked in a loop. */
static bool
was_fruitful(const struct subscriber *subscriber, bool is_good)
{
    const struct transport *transport = subscriber_transport(subscriber);
    bool is_answer = transport->link == LINK_HTTP && !transport->is_stream;
    int64_t lived_ns = run_now(run_of(subscriber)) - subscriber->asked_ns;
    return subscriber->has_given || (is_good && is_answer) ||
           (subscriber->is_ready && lived_ns > long_enough_ns);
}

void
subscriber_ended(struct subscriber *subscriber, bool is_good)
{
    const struct transport *transport = subscriber_transport(subscriber);
    subscriber->is_good = is_good;
    subscriber->next = NEXT_NOTHING;
    event_del(&subscriber->pause);
    if (was_fruitful(subscriber, is_good))
        subscriber->failures = is_good ? 0 : 1;
    else
        subscriber->failures++;
    subscriber->crowd->now_ns = run_now(run_of(subscriber));
    if (!is_good)
        subscriber_broke(subscriber);
    transport->on_end(subscriber, subscriber->transport_state);
    int64_t us = pause_us(subscriber);
    if (subscriber->next == NEXT_LATER && subscriber->next_us > us)
        us = subscriber->next_us;
    if (us) {
        subscriber->state = SUBSCRIBER_PAUSING;
        wake_after(subscriber, us);
    } else {
        start(subscriber);
    }
}

void
subscriber_broke(struct subscriber *subscriber)
{
    if (!subscriber->is_ready)
        return;
    if (!subscriber->broken_ns)
        subscriber->broken_ns = run_now(run_of(subscriber));
    set_ready(subscriber, false);
}

bool
subscriber_has_cursor(const struct subscriber *subscriber)
{
    return subscriber->cursor.len > 0;
}

bool
subscriber_ended_well(const struct subscriber *subscriber)
{
    return subscriber->is_good;
}

void
subscriber_cursor(struct subscriber *subscriber, const char *text, size_t len)
{
    struct bytes *cursor = &subscriber->cursor;
    if (len > CURSOR_MAX) {
        subscriber_fail(subscriber, "The server's cursors are over 4 KiB.");
        return;
    }
    cursor->len = 0;
    bytes_append(cursor, text, len);
}

void
subscriber_lost(struct subscriber *subscriber)
{
    tally_add(&tally_of(subscriber)->told_lost);
}

void
subscriber_again(struct subscriber *subscriber)
{
    subscriber->next = NEXT_NOW;
}

void
subscriber_again_after(struct subscriber *subscriber, int64_t us)
{
    subscriber->next = NEXT_LATER;
    subscriber->next_us = us > 0 ? us : 0;
}

void
subscriber_fail(struct subscriber *subscriber, const char *sentence)
{
    if (subscriber->has_failed)
        return;
    subscriber->has_failed = true;
    faults_add(run_of(subscriber)->faults, true, "%s: %s",
               run_of(subscriber)->subscribe_url, sentence);
}

const struct entrance *
subscriber_entrance(const struct subscriber *subscriber)
{
    return subscriber->crowd->entrance;
}

const char *
subscriber_channel(const struct subscriber *subscriber)
{
    return run_of(subscriber)->channels[subscriber->channel];
}

uint64_t
subscriber_random(struct subscriber *subscriber)
{
    return dice_roll(&subscriber->dice);
}

const struct plan *
subscriber_plan(const struct subscriber *subscriber)
{
    return subscriber->crowd->plan;
}

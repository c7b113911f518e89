#include "drive/crowd.h"

#include "base/bytes.h"
#include "drive/request.h"
#include "drive/run.h"
#include "drive/subscriber.h"
#include "measure/ledger.h"
#include "plan.h"
#include "target/target.h"

#include <stdlib.h>
#include <string.h>

/* What all read buffers of a run may take together: large ones mean fewer reads
 * when messages come in bursts. */
enum { BUFFERS_BYTES = 32 * 1024 * 1024 };
enum { BUFFER_LEAST = 1024, BUFFER_MOST = 16 * 1024 };

struct subscriber *
crowd_at(const struct crowd *crowd, int index)
{
    return (struct subscriber *)(void *)(crowd->storage +
                                         (size_t)index * crowd->stride);
}

/* As many connections are begun at once as a listen backlog surely takes. */
static void
begin_more(struct crowd *crowd)
{
    while (crowd->begun < crowd->count &&
           crowd->connecting < crowd->connecting_max) {
        crowd->connecting++;
        subscriber_begin(crowd_at(crowd, crowd->begun++));
    }
}

void
crowd_ready(struct crowd *crowd, bool is_ready, bool was_connecting)
{
    atomic_fetch_add(&crowd->ready, is_ready ? 1 : -1);
    if (is_ready && was_connecting)
        crowd->connecting--;
}

static void
begin(struct worker *worker)
{
    begin_more((struct crowd *)worker);
}

static void
count_unserved(struct crowd *crowd)
{
    int unserved = 0;
    for (int i = 0; i < crowd->begun; i++)
        unserved += !subscriber_is_served(crowd_at(crowd, i));
    atomic_store(&crowd->unserved, unserved);
    tally_add(&crowd->counts);
}

static void
come_anew(struct subscriber *subscriber, bool has_all)
{
    struct crowd *crowd = subscriber->crowd;
    struct pool *pool = subscriber->pool;
    uint32_t number = subscriber->number;
    struct dice dice = subscriber->dice;
    subscriber_go(subscriber, has_all);
    subscriber_fini(subscriber);
    memset(subscriber, 0, crowd->stride);
    subscriber_init(subscriber, crowd, pool, number);
    subscriber->dice = dice;
    crowd->connecting++;
    subscriber_begin(subscriber);
}

/* Who leaves goes when it has what it was owed, or in the end without. */
static void
let_leavers_go(struct crowd *crowd, int64_t now_ns)
{
    for (int i = 0; i < crowd->begun; i++) {
        struct subscriber *subscriber = crowd_at(crowd, i);
        if (!subscriber->is_leaving)
            continue;
        bool has_all = subscriber_is_served(subscriber);
        if (has_all || now_ns >= subscriber->leave_ns)
            come_anew(subscriber, has_all);
    }
}

static void
churn(struct crowd *crowd, int64_t now_ns)
{
    while (crowd->churn_ns && crowd->churn_ns <= now_ns &&
           !crowd->is_draining) {
        double gap_s = 1 / crowd->churn_per_s;
        int who = (int)(dice_share(&crowd->dice) * crowd->count);
        crowd->churn_ns += (int64_t)(gap_s * 1e9);
        subscriber_churn(crowd_at(crowd, who));
    }
    if (crowd->churn_ns)
        let_leavers_go(crowd, now_ns);
}

static void
tick(struct worker *worker, int64_t now_ns)
{
    struct crowd *crowd = (struct crowd *)worker;
    begin_more(crowd);
    churn(crowd, now_ns);
    if (crowd->is_draining || crowd->plan->message_limit)
        count_unserved(crowd);
}

static void
begin_accounts(struct crowd *crowd)
{
    uint32_t count = messages_count(crowd->worker.run->messages);
    for (int i = 0; i < crowd->begun; i++)
        crowd_at(crowd, i)->receipt.from = count;
}

/* Every so many, so that the share holds in each crowd. */
static void
stop_some(struct crowd *crowd)
{
    double share = crowd->plan->slow_share;
    for (int i = 0; i < crowd->count; i++)
        if ((int)((i + 1) * share) > (int)(i * share))
            subscriber_stop(crowd_at(crowd, i));
}

static void
cut(struct crowd *crowd)
{
    struct worker *worker = &crowd->worker;
    int64_t now_ns = run_now(worker->run);
    for (int i = 0; i < crowd->begun; i++)
        subscriber_cut(crowd_at(crowd, i), now_ns);
    sockets_shut(worker->opener.sockets, worker->opener.owner);
}

static void
upset(struct crowd *crowd)
{
    switch (crowd->plan->upset) {
    case UPSET_CHURN:
        crowd->churn_per_s =
            crowd->plan->churn_per_s * crowd->count / crowd->plan->subscribers;
        if (crowd->churn_per_s > 0)
            crowd->churn_ns = run_now(crowd->worker.run);
        break;
    case UPSET_SLOW:
        stop_some(crowd);
        break;
    case UPSET_CUT:
        cut(crowd);
        break;
    case UPSET_NONE:
    case UPSET_RESTART:
        break;
    }
}

static void
drain(struct crowd *crowd)
{
    crowd->is_draining = true;
    for (int i = 0; i < crowd->begun; i++)
        if (crowd_at(crowd, i)->is_stopped)
            subscriber_resume(crowd_at(crowd, i));
    count_unserved(crowd);
}

static void
leave(struct crowd *crowd)
{
    crowd->is_leaving = true;
    for (int i = 0; i < crowd->begun; i++)
        subscriber_go(crowd_at(crowd, i), false);
}

static void
obey(struct worker *worker, unsigned orders)
{
    struct crowd *crowd = (struct crowd *)worker;
    if (orders & ORDER_OWED)
        begin_accounts(crowd);
    if (orders & ORDER_UPSET)
        upset(crowd);
    if (orders & ORDER_DRAIN) {
        tally_slots_end(&worker->tally);
        drain(crowd);
    }
    if (orders & ORDER_LEAVE)
        leave(crowd);
}

static const struct worker_verbs verbs = {
    .begin = begin,
    .tick = tick,
    .obey = obey,
};

static size_t
buffer_for(const struct plan *plan)
{
    size_t share = BUFFERS_BYTES / (size_t)plan->subscribers;
    return share < BUFFER_LEAST  ? BUFFER_LEAST
           : share > BUFFER_MOST ? BUFFER_MOST
                                 : share;
}

static void
fill_channels(struct crowd *crowd)
{
    size_t count = (size_t)crowd->plan->channels;
    char **channels = crowd->worker.run->channels;
    crowd->headers = xcalloc(count, sizeof *crowd->headers);
    crowd->urls = xcalloc(count, sizeof *crowd->urls);
    for (size_t i = 0; i < count; i++) {
        crowd->headers[i] = request_headers(crowd->entrance, channels[i]);
        crowd->urls[i] = target_fill(crowd->entrance->url, channels[i], NULL);
    }
}

void
crowd_init(struct crowd *crowd, struct run *run, int worker_number, int first,
           int count, int connecting_max)
{
    *crowd = (struct crowd){.plan = run->plan, .first = first, .count = count};
    worker_init(&crowd->worker, run, worker_number, run->subscribe_sockets,
                &verbs);
    crowd->entrance = run->plan->subscribe;
    crowd->transport = transport_find(crowd->entrance->transport);
    crowd->is_plain = crowd->transport->link == LINK_HTTP &&
                      request_is_plain(crowd->entrance);
    crowd->has_wires = crowd->is_plain || crowd->transport->link == LINK_SOCKET;
    crowd->connecting_max = connecting_max;
    crowd->buffer_bytes = buffer_for(run->plan);
    dice_init(&crowd->dice, run->plan->seed ^ (uint64_t)worker_number << 32);
    fill_channels(crowd);
    crowd->pool_count = (count + POOL_SIZE - 1) / POOL_SIZE;
    crowd->pools = xcalloc((size_t)crowd->pool_count, sizeof *crowd->pools);
    for (int i = 0; i < crowd->pool_count; i++)
        pool_init(&crowd->pools[i], crowd->worker.base, &crowd->worker.watch);
    crowd->stride = subscriber_size(crowd->transport);
    crowd->storage = xcalloc((size_t)count, crowd->stride);
    for (int i = 0; i < count; i++)
        subscriber_init(crowd_at(crowd, i), crowd, &crowd->pools[i / POOL_SIZE],
                        (uint32_t)(first + i));
}

void
crowd_fini(struct crowd *crowd)
{
    for (int i = 0; i < crowd->count; i++)
        subscriber_fini(crowd_at(crowd, i));
    for (int i = 0; i < crowd->pool_count; i++)
        pool_fini(&crowd->pools[i]);
    for (int i = 0; i < crowd->plan->channels; i++) {
        curl_slist_free_all(crowd->headers[i]);
        free(crowd->urls[i]);
    }
    free(crowd->headers);
    free(crowd->urls);
    free(crowd->pools);
    free(crowd->storage);
    worker_fini(&crowd->worker);
}

#include "drive/pool.h"

#include "base/bytes.h"

#include <event2/event_struct.h>
#include <stdlib.h>

static void
rest(struct transfer *transfer)
{
    if (transfer->is_under_way)
        transfer->pool->transfers--;
    transfer->is_under_way = false;
}

static void
settle(struct pool *pool, int running)
{
    if (running >= pool->transfers)
        return;
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(pool->multi, &left))) {
        char *owner = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
        struct transfer *transfer = (struct transfer *)(void *)owner;
        CURLcode code = message->data.result;
        if (transfer->only_connects)
            rest(transfer);
        else
            transfer_stop(transfer);
        transfer->on_done(transfer, code);
    }
}

static void
on_socket_event(evutil_socket_t fd, short what, void *context)
{
    struct pool *pool = context;
    int bits = (what & EV_READ ? CURL_CSELECT_IN : 0) |
               (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    int running = 0;
    if (pool->watch)
        pool->watch->on_event(pool->watch->context);
    curl_multi_socket_action(pool->multi, fd, bits, &running);
    settle(pool, running);
}

static void
on_timer_event(evutil_socket_t fd, short what, void *context)
{
    struct pool *pool = context;
    int running = 0;
    (void)fd;
    (void)what;
    curl_multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    settle(pool, running);
}

/* The event is kept by curl for us. */
static int
on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *context,
               void *assigned)
{
    struct pool *pool = context;
    struct event *event = assigned;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (event)
            event_del(event);
        free(event);
        curl_multi_assign(pool->multi, fd, NULL);
        return 0;
    }
    if (event) {
        event_del(event);
    } else {
        event = xcalloc(1, sizeof *event);
        curl_multi_assign(pool->multi, fd, event);
    }
    int events = EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) |
                 (what & CURL_POLL_OUT ? EV_WRITE : 0);
    event_assign(event, pool->base, fd, (short)events, on_socket_event, pool);
    event_add(event, NULL);
    return 0;
}

static int
on_curl_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct pool *pool = context;
    (void)multi;
    if (timeout_ms < 0) {
        event_del(pool->timer);
        return 0;
    }
    struct timeval wait = {.tv_sec = timeout_ms / 1000,
                           .tv_usec = timeout_ms % 1000 * 1000};
    event_add(pool->timer, &wait);
    return 0;
}

void
pool_init(struct pool *pool, struct event_base *base,
          const struct pool_watch *watch)
{
    *pool = (struct pool){.base = base, .watch = watch};
    pool->timer = event_new(base, -1, 0, on_timer_event, pool);
    pool->multi = curl_multi_init();
    curl_multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(pool->multi, CURLMOPT_SOCKETDATA, pool);
    curl_multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool);
    /* Whoever subscribes has a connection of its own, in HTTP/2 too. */
    curl_multi_setopt(pool->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    curl_multi_setopt(pool->multi, CURLMOPT_MAXCONNECTS, 8L * POOL_SIZE);
}

void
pool_fini(struct pool *pool)
{
    curl_multi_cleanup(pool->multi);
    event_free(pool->timer);
}

void
transfer_init(struct transfer *transfer, struct pool *pool,
              void (*on_done)(struct transfer *, CURLcode))
{
    *transfer = (struct transfer){.pool = pool, .on_done = on_done};
    transfer->easy = curl_easy_init();
    curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer);
    /* Otherwise curl asks the kernel about SIGPIPE twice an event. */
    curl_easy_setopt(transfer->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(transfer->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(transfer->easy, CURLOPT_PROXY, "");
}

void
transfer_fini(struct transfer *transfer)
{
    transfer_stop(transfer);
    if (transfer->easy)
        curl_easy_cleanup(transfer->easy);
    transfer->easy = NULL;
}

/* On a kept connection the request leaves here: a turn of the loop earlier than
 * by the timer that curl asks for. */
void
transfer_start(struct transfer *transfer)
{
    struct pool *pool = transfer->pool;
    int running = 0;
    transfer->is_under_way = true;
    transfer->is_added = true;
    pool->transfers++;
    curl_multi_add_handle(pool->multi, transfer->easy);
    curl_multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    if (running < pool->transfers)
        event_active(pool->timer, EV_TIMEOUT, 0);
}

void
transfer_pause(struct transfer *transfer, bool is_paused)
{
    if (transfer->is_under_way)
        curl_easy_pause(transfer->easy,
                        is_paused ? CURLPAUSE_RECV : CURLPAUSE_CONT);
}

void
transfer_stop(struct transfer *transfer)
{
    rest(transfer);
    if (!transfer->is_added)
        return;
    transfer->is_added = false;
    curl_multi_remove_handle(transfer->pool->multi, transfer->easy);
}

/* Transfers of one loop: libcurl's multi interface over libevent. It knows
 * neither subscribers nor publishers.
 *
 * A pool is kept small (POOL_SIZE users), for curl finds sockets and
 * connections by tables of a fixed size. Nothing is done in it but what an
 * event asks for: no timer stands while transfers just wait for bytes. */
#ifndef EARSHOT_BENCH_POOL_H
#define EARSHOT_BENCH_POOL_H

#include <curl/curl.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>

enum { POOL_SIZE = 500 };

/* Called first whenever a socket has something, for whoever measures turns. */
struct pool_watch {
    void (*on_event)(void *context);
    void *context;
};

struct pool {
    struct event_base *base;
    CURLM *multi;
    struct event *timer;
    const struct pool_watch *watch;
    int transfers; /* that are under way */
};

/* One that may be under way. `easy` has it as CURLOPT_PRIVATE. */
struct transfer {
    struct pool *pool;
    CURL *easy;
    /* It is over, and no longer in the pool; may be started anew at once. One
     * that only connects is still in it, or its connection would be closed. */
    void (*on_done)(struct transfer *transfer, CURLcode code);
    bool only_connects;
    bool is_added;
    bool is_under_way;
};

void pool_init(struct pool *pool, struct event_base *base,
               const struct pool_watch *watch);
/* All transfers must be removed. */
void pool_fini(struct pool *pool);

/* Makes the handle of a transfer that is going to run in POOL. */
void transfer_init(struct transfer *transfer, struct pool *pool,
                   void (*on_done)(struct transfer *, CURLcode));
void transfer_fini(struct transfer *transfer);

/* Begins at once: what can be sent is sent before this returns. on_done is
 * called later, never from here. Not from curl's callbacks. */
void transfer_start(struct transfer *transfer);
/* Reads no more of it for now, or again; not from curl's callbacks. */
void transfer_pause(struct transfer *transfer, bool is_paused);
/* Ends it without a word to on_done; not from curl's callbacks. */
void transfer_stop(struct transfer *transfer);

#endif

#include "drive/worker.h"

#include "base/bytes.h"
#include "drive/run.h"
#include "drive/wire.h"
#include "measure/histogram.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { TICK_US = 50000 };

static void
on_event(void *context)
{
    struct worker *worker = context;
    if (!worker->turn_ns)
        worker->turn_ns = run_now(worker->run);
}

static void
on_bell(evutil_socket_t fd, short what, void *context)
{
    struct worker *worker = context;
    (void)what;
    eventfd_t count;
    if (eventfd_read(fd, &count))
        return;
    unsigned orders = atomic_exchange(&worker->orders, 0);
    worker->verbs->obey(worker, orders);
    atomic_fetch_or(&worker->obeyed, orders);
    if (orders & ORDER_LEAVE)
        worker->is_over = true;
}

static void
on_tick(evutil_socket_t fd, short what, void *context)
{
    struct worker *worker = context;
    (void)fd;
    (void)what;
    int64_t now_ns = run_now(worker->run);
    tally_slots(&worker->tally, now_ns);
    worker->verbs->tick(worker, now_ns);
}

/* Bytes that came while a turn was under way have waited for at most its
 * length: how late we read is measured by that. */
static void
turn(struct worker *worker)
{
    worker->turn_ns = 0;
    event_base_loop(worker->base, EVLOOP_ONCE);
    if (!worker->turn_ns)
        return;
    int64_t now_ns = run_now(worker->run);
    if (run_is_main(worker->run, now_ns))
        histogram_add(worker->tally.turn, now_ns - worker->turn_ns);
}

static void *
work(void *context)
{
    struct worker *worker = context;
    struct timeval period = {.tv_usec = TICK_US};
    event_add(&worker->bell_event, NULL);
    event_add(&worker->tick_event, &period);
    worker->verbs->begin(worker);
    while (!worker->is_over)
        turn(worker);
    event_del(&worker->bell_event);
    event_del(&worker->tick_event);
    return NULL;
}

void
worker_init(struct worker *worker, struct run *run, int number,
            struct sockets *sockets, const struct worker_verbs *verbs)
{
    *worker = (struct worker){.run = run, .verbs = verbs};
    struct event_config *config = event_config_new();
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    worker->base = event_base_new_with_config(config);
    event_config_free(config);
    worker->opener = (struct opener){.sockets = sockets, .owner = number};
    worker->watch =
        (struct pool_watch){.on_event = on_event, .context = worker};
    worker->scratch = xmalloc(WIRE_READ_SIZE);
    tally_init(&worker->tally, run);
    worker->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    event_assign(&worker->bell_event, worker->base, worker->bell,
                 EV_READ | EV_PERSIST, on_bell, worker);
    event_assign(&worker->tick_event, worker->base, -1, EV_PERSIST, on_tick,
                 worker);
}

void
worker_fini(struct worker *worker)
{
    event_base_free(worker->base);
    close(worker->bell);
    tally_fini(&worker->tally);
    free(worker->scratch);
}

void
worker_start(struct worker *worker)
{
    if (pthread_create(&worker->thread, NULL, work, worker))
        abort();
}

void
worker_join(struct worker *worker)
{
    pthread_join(worker->thread, NULL);
}

void
worker_order(struct worker *worker, unsigned orders)
{
    atomic_fetch_or(&worker->orders, orders);
    eventfd_write(worker->bell, 1);
}

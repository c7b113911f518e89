#include "spread.h"

#include <stdatomic.h>
#include <sys/mman.h>

/* Each is written by its own process, but for `given_up_at', so a cache line
 * of its own. All of it is advice: whoever reads a value that is just being
 * changed errs by one connection. */
struct place {
    _Alignas(64) atomic_size_t connections;
    atomic_uint turn;        /* counts the turns of its loop */
    atomic_uint given_up_at; /* the turn in which it did not come */
    atomic_bool accepts;
};

struct spread_page {
    int count;
    struct place places[];
};

struct spread_page *
spread_page_new(int places)
{
    size_t size =
        sizeof(struct spread_page) + (size_t)places * sizeof(struct place);
    struct spread_page *page = mmap(NULL, size, PROT_READ | PROT_WRITE,
                                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return NULL;
    page->count = places;
    return page;
}

void
spread_init(struct spread *spread, struct spread_page *page, int place)
{
    *spread = (struct spread){.page = page, .place = place, .waits_for = -1};
    spread_leave(spread);
}

void
spread_leave(struct spread *spread)
{
    spread_forget(spread->page, spread->place);
}

void
spread_forget(struct spread_page *page, int place)
{
    atomic_store(&page->places[place].accepts, false);
}

void
spread_turn(struct spread *spread, size_t connections)
{
    struct place *place = &spread->page->places[spread->place];
    atomic_store_explicit(&place->connections, connections,
                          memory_order_relaxed);
    unsigned turn = atomic_load_explicit(&place->turn, memory_order_relaxed);
    atomic_store_explicit(&place->turn, turn + 1, memory_order_relaxed);
    if (!atomic_load_explicit(&place->accepts, memory_order_relaxed))
        atomic_store(&place->accepts, true);
}

static bool
is_given_up(struct place *place)
{
    return atomic_load_explicit(&place->turn, memory_order_relaxed) ==
           atomic_load_explicit(&place->given_up_at, memory_order_relaxed);
}

/* The least loaded that can be expected to come, or -1. */
static int
least_loaded(const struct spread *spread)
{
    int least = -1;
    size_t least_connections = 0;
    for (int i = 0; i < spread->page->count; i++) {
        struct place *place = &spread->page->places[i];
        if (i == spread->place || !atomic_load(&place->accepts) ||
            is_given_up(place))
            continue;
        size_t connections =
            atomic_load_explicit(&place->connections, memory_order_relaxed);
        if (least < 0 || connections < least_connections) {
            least = i;
            least_connections = connections;
        }
    }
    return least;
}

/* Whether the process at PLACE has turned since we began to wait for it; it
 * is woken by every connection, so one that lives has. */
static bool
has_come(struct spread *spread, int place, int64_t now_us)
{
    unsigned turn = atomic_load_explicit(&spread->page->places[place].turn,
                                         memory_order_relaxed);
    if (spread->waits_for == place && spread->waits_for_turn == turn)
        return now_us - spread->waits_since_us < SPREAD_PATIENCE_US;
    spread->waits_for = place;
    spread->waits_for_turn = turn;
    spread->waits_since_us = now_us;
    return true;
}

bool
spread_takes(struct spread *spread, size_t connections, int64_t now_us)
{
    struct place *places = spread->page->places;
    atomic_store_explicit(&places[spread->place].connections, connections,
                          memory_order_relaxed);
    for (int least; (least = least_loaded(spread)) >= 0;) {
        size_t fewest = atomic_load_explicit(&places[least].connections,
                                             memory_order_relaxed);
        if (connections <= fewest + fewest / 8 + SPREAD_SLACK)
            return true;
        if (has_come(spread, least, now_us))
            return false;
        atomic_store_explicit(&places[least].given_up_at,
                              spread->waits_for_turn, memory_order_relaxed);
    }
    return true;
}

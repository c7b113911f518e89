/* A subscriber for tests of the hub: it notes what it is given, and its socket
 * takes as much as the test lets it. */
#ifndef EARSHOT_TESTS_LISTENER_H
#define EARSHOT_TESTS_LISTENER_H

#include "hub/hub.h"
#include "hub/message.h"

enum { LISTENER_IDS_MAX = 4096, LISTENER_LOSS = -1 };

struct listener {
    struct subscriber subscriber;
    int64_t ids[LISTENER_IDS_MAX]; /* ids taken; LISTENER_LOSS for a notice */
    size_t count;
    char lost_cursor[CURSOR_SIZE]; /* of the newest notice */
    bool lost_at_start;            /* what hub_join said */
    size_t pending;                /* taken since the last flush */
    size_t pending_max;            /* one write carries no more */
    bool is_blocked;               /* its socket takes nothing */
    bool is_on_its_way;            /* a flush has met that */
    bool ends;                     /* it wants no more after a flush */
    size_t flushes;
    bool was_misled; /* by a message under another epoch than the file's */
    const struct shared *piece; /* the newest encoding */
    struct listener *next;
};

/* One hub over one queue in memory, new for each test. */
extern struct queue *queue;
extern struct hub *hub;

/* Who was given what, in order, over all listeners of the test. */
struct given {
    const struct listener *listener;
    int64_t id;
};

extern struct given given[LISTENER_IDS_MAX];
extern size_t given_count;

/* A test's set-up and its end; whoever has not left by then leaves. */
int hub_test_begin(void **state);
int hub_test_end(void **state);

#define HUB_TEST(name)                                                         \
    cmocka_unit_test_setup_teardown(name, hub_test_begin, hub_test_end)

/* Where to start. */
#define NOW ((struct start){.kind = START_NOW})
#define EARLIEST ((struct start){.kind = START_EARLIEST})
#define LAST(n) ((struct start){.kind = START_LAST, .last = (n)})
#define CURSOR(text) ((struct start){.kind = START_CURSOR, .cursor = (text)})
#define AFTER(id) CURSOR(cursor_of(id))
const char *cursor_of(int64_t id); /* valid until the next call */

/* A listener that has joined the hub; CHANNELS are "a,b,c". NULL: it was not
 * let in. */
struct listener *listen_to(const char *channels, struct start start);
/* One that has joined without a look at the file, or NULL. */
struct listener *listen_live(const char *channels, struct start start);
void listener_leave(struct listener *listener);

/* Turns until the hub has nothing more to do at once; returns how often. */
int turn_all(void);

/* What a listener was given, as "1 2 lost 3"; valid until the next call. */
const char *heard(const struct listener *listener);

/* Its socket has room again. */
void listener_drain(struct listener *listener);

#endif

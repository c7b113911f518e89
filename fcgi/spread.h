/* Connections spread over the processes of one parent.
 *
 * They all accept from one socket, and the kernel gives a connection to
 * whoever asks first: left to themselves, the process that runs takes all that
 * are there. So each says on a page of memory that they share how many it
 * has, and one that has far more than the least loaded leaves a new one to it.
 * A process that does not come for it (stopped, stuck, dead) is waited for
 * once, SPREAD_PATIENCE_US, and then not again until it has shown itself.
 *
 * Nothing here waits, knows a socket or a clock. */
#ifndef EARSHOT_SPREAD_H
#define EARSHOT_SPREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SPREAD_PLACES_MAX = 256,
    SPREAD_SLACK = 4,               /* connections, and an eighth of them */
    SPREAD_PATIENCE_US = 50 * 1000, /* with the least loaded */
    SPREAD_ASK_AGAIN_US = 2 * 1000, /* whether one may accept now */
};

/* The connections of one who has no room for more. */
#define SPREAD_FULL (SIZE_MAX / 2)

struct spread_page; /* what they share */

/* One process' view of it. The fields are spread.c's. */
struct spread {
    struct spread_page *page;
    int place;
    int waits_for; /* whom, -1: nobody */
    unsigned waits_for_turn;
    int64_t waits_since_us;
};

/* A page for so many, before the first fork; never freed. NULL with errno when
 * it cannot be had. */
struct spread_page *spread_page_new(int places);

/* This process is the one at PLACE, from 0. Nobody leaves it anything until
 * its first spread_turn(). */
void spread_init(struct spread *spread, struct spread_page *page, int place);

/* It has begun a turn of its loop and has so many CONNECTIONS: so it lives,
 * and accepts. */
void spread_turn(struct spread *spread, size_t connections);

/* Whether it, with so many CONNECTIONS, should accept one that is there. When
 * not, it asks again after SPREAD_ASK_AGAIN_US, if it is still there. */
bool spread_takes(struct spread *spread, size_t connections, int64_t now_us);

/* It accepts none now: it stops, or cannot. Until its next spread_turn(). */
void spread_leave(struct spread *spread);

/* The same for the process at PLACE, by its parent: it has died. */
void spread_forget(struct spread_page *page, int place);

#endif

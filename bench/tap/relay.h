/* The relay: takes clients' connections, leads each to the target, and keeps
 * them to what was ordered. One thread, libevent; it never waits. */
#ifndef EARSHOT_TAP_RELAY_H
#define EARSHOT_TAP_RELAY_H

#include "address.h"
#include "record.h"

struct event_base;
struct relay;

/* Takes LISTENER, a listening socket, over. TARGET is copied; RECORDS must
 * outlive the relay. */
struct relay *relay_new(struct event_base *base, int listener,
                        const struct address *target, struct records *records);
void relay_free(struct relay *relay); /* resets what is open */

/* Each does it to the connections whose tag matches PATTERN (a valid one) and
 * returns how many those are. */

/* Resets them, and for FOR_MS milliseconds those that come. */
size_t relay_cut(struct relay *relay, const char *pattern, int64_t for_ms);

/* Passes nothing more, and closes nothing. */
size_t relay_mute(struct relay *relay, const char *pattern);

/* At most RATE bytes a second downwards; 0: as fast as it goes. */
size_t relay_slow(struct relay *relay, const char *pattern, int64_t rate);

/* Ends what the others have ordered for PATTERN and all that it covers. */
size_t relay_clear(struct relay *relay, const char *pattern);

size_t relay_count(const struct relay *relay);

#endif

/* Immutable bytes that several owners hold by reference: what is encoded once
 * and written to many. One thread only. */
#ifndef EARSHOT_BASE_SHARED_H
#define EARSHOT_BASE_SHARED_H

#include <stddef.h>

struct bytes;

struct shared {
    unsigned references;
    size_t len;
    char data[];
};

/* A copy of LEN bytes, held once, by the caller. */
struct shared *shared_new(const void *data, size_t len);

/* The same from BYTES, which is left empty. */
struct shared *shared_take(struct bytes *bytes);

struct shared *shared_hold(struct shared *shared); /* returns its argument */
void shared_release(struct shared *shared);        /* NULL is no one's */

#endif

/* How the ledger keeps messages: for ledger.c and receipt.c alone. */
#ifndef EARSHOT_BENCH_LEDGER_INTERNAL_H
#define EARSHOT_BENCH_LEDGER_INTERNAL_H

#include "measure/ledger.h"
#include "measure/table.h"

#include <stdatomic.h>

/* What became of a message, in one word; from FIRST_ANSWER on it is the time
 * of its being accepted, with that much added. */
enum { UNDER_WAY = 0, REFUSED = 1, FIRST_ANSWER = 2 };

struct entry {
    _Atomic uint32_t channel;
    _Atomic uint32_t place; /* the how many-th of its channel, from 1; 0: it is
                               not published yet */
    _Atomic bool is_counted;
    _Atomic int64_t sent_ns; /* 0: not told */
    _Atomic int64_t answer;
};

struct channel {
    struct table sequences; /* by place, _Atomic uint32_t: one more than it is,
                               0: not known yet */
    _Atomic uint32_t count;
};

struct messages {
    struct table entries;  /* struct entry, by sequence */
    struct table channels; /* struct channel *_Atomic */
    _Atomic uint32_t count;
    _Atomic uint64_t accepted;
    uint32_t run;
};

/* The entry of a SEQUENCE that was given out and is whole, or NULL. */
struct entry *messages_entry(const struct messages *messages,
                             uint32_t sequence);
/* NULL when nothing was published on it. */
const struct channel *messages_channel(const struct messages *messages,
                                       uint32_t channel);

#endif

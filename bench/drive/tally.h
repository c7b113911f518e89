/* What one thread measures. Merged with the others' at the end (gather.c);
 * until then only the atomic counters may be read by others. */
#ifndef EARSHOT_BENCH_TALLY_H
#define EARSHOT_BENCH_TALLY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct histogram;
struct run;
struct token;

/* A message's last subscriber, as far as this thread has seen. */
struct last {
    int64_t due_ns;
    int64_t read_ns; /* 0: nobody */
};

struct tally {
    struct run *run;
    struct histogram *latency;
    struct histogram *latency_sent;
    struct histogram *connect;
    struct histogram *first;
    struct histogram *recover;
    struct histogram *publish;
    struct histogram *publish_sent;
    struct histogram *slip;
    struct histogram *turn;
    struct histogram *slot;
    int slot_number;
    struct last *lasts; /* by sequence, of counted messages */
    uint32_t last_count;

    uint64_t deliveries_main; /* read in the main phase */
    uint64_t answers_main;    /* accepted in it */
    uint64_t counted;         /* accepted of those due in it */
    uint64_t requests_main;
    double round_trip_ns; /* of requests in the main phase, together … */
    uint64_t round_trips; /* … and how many */

    /* Sums of the subscribers' accounts, when they are closed. */
    uint64_t owed;
    uint64_t lost;
    uint64_t repeated;
    uint64_t reordered;

    _Atomic uint64_t deliveries;
    _Atomic uint64_t accepted;
    _Atomic uint64_t refused;
    _Atomic uint64_t told_lost;
};

void tally_init(struct tally *tally, struct run *run);
void tally_fini(struct tally *tally);

/* A message arrived, for the first time here, and was read at NOW_NS. IS_TIMED:
 * its latency counts (not that of a reader who was told to stop). */
void tally_delivery(struct tally *tally, const struct token *token,
                    int64_t now_ns, bool is_timed);
/* Its publishing was answered well. */
void tally_accepted(struct tally *tally, int64_t due_ns, int64_t sent_ns,
                    int64_t now_ns);
/* It left at SENT_NS. */
void tally_sent(struct tally *tally, int64_t due_ns, int64_t sent_ns);
/* Gives the slices that are over at NOW_NS; now and then. */
void tally_slots(struct tally *tally, int64_t now_ns);
/* The same for all of them: the phase is over. */
void tally_slots_end(struct tally *tally);

/* Counters that one thread writes. */
static inline void
tally_add(_Atomic uint64_t *counter)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + 1, memory_order_relaxed);
}

#endif

/* The ledger: what was published, and what each subscriber got of it: lost,
 * repeated, out of order. It knows no transport.
 *
 * Order: message A was before B when A's publishing had been answered before B
 * was sent. A subscriber who gets B and later A got A out of order. (Of two
 * messages that were under way together nobody can say which is first.)
 *
 * Messages are added, answered and read by all threads at once, without a lock.
 * A `receipt` belongs to its subscriber's thread, or to any other once that has
 * ended. */
#ifndef EARSHOT_BENCH_LEDGER_H
#define EARSHOT_BENCH_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

/* All messages of a run, by sequence. */
struct messages;

struct messages *messages_new(uint32_t run);
void messages_free(struct messages *messages);
uint32_t messages_run(const struct messages *messages);

/* The next sequence, on CHANNEL (0 … without holes). */
uint32_t messages_add(struct messages *messages, uint32_t channel,
                      bool is_counted);
/* When it is sent: the time in its token, told before or soon after. */
void messages_sent(struct messages *messages, uint32_t sequence,
                   int64_t sent_ns);
/* It was accepted: whoever is subscribed must get it. The first answer counts.
 */
void messages_accepted(struct messages *messages, uint32_t sequence,
                       int64_t answered_ns);
/* It was refused, or nobody knows: who gets it gets it. */
void messages_refused(struct messages *messages, uint32_t sequence);

uint32_t messages_count(const struct messages *messages);
uint64_t messages_accepted_count(const struct messages *messages);
/* Of the main phase (`is_counted`), not of the warm-up. */
bool messages_is_counted(const struct messages *messages, uint32_t sequence);

/* What one subscriber got, of one channel. Zeroed is new. Only `from` is its
 * owner's to set, and the three counts to read. */
struct receipt {
    uint64_t *bits; /* what it got, by the message's place in its channel */
    uint32_t room_bits;
    uint32_t from; /* owed from this sequence on: added after it was ready */
    uint32_t channel;
    uint32_t low;         /* places below are settled: got, or never owed … */
    uint32_t low_from;    /* … from this sequence on */
    uint64_t low_owed;    /* and so many of them were owed */
    int64_t last_sent_ns; /* of what it got, the latest that was sent */
    uint64_t got;         /* owed or not, without repeats */
    uint64_t repeated;
    uint64_t reordered;
};

enum receipt_verdict { RECEIPT_NEW, RECEIPT_REPEATED, RECEIPT_FOREIGN };

/* Takes a token of this run that arrived; in constant time. FOREIGN when no
 * such message was published, or at another time than the token says (a run of
 * the same number before this one), or on another channel than what it got
 * before. */
enum receipt_verdict receipt_take(struct receipt *receipt,
                                  const struct messages *messages,
                                  uint32_t sequence, int64_t sent_ns);

/* What CHANNEL's subscriber was owed and did not get: accepted messages from
 * `from` on and below UNTIL (UINT32_MAX: all). Each costs as much as there are
 * messages from the first that it has not got or that is not answered, so both
 * may be asked often; only what was owed below an UNTIL looks at all. */
uint64_t receipt_lost(struct receipt *receipt, const struct messages *messages,
                      uint32_t channel, uint32_t until);
uint64_t receipt_owed(struct receipt *receipt, const struct messages *messages,
                      uint32_t channel, uint32_t until);
void receipt_fini(struct receipt *receipt);

#endif

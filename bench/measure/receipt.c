#include "measure/ledger_internal.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

enum { WORD_BITS = 64 };

static bool
has(const struct receipt *receipt, uint32_t place)
{
    return place < receipt->room_bits &&
           receipt->bits[place / WORD_BITS] >> place % WORD_BITS & 1;
}

static void
make_room(struct receipt *receipt, uint32_t place)
{
    if (place < receipt->room_bits)
        return;
    size_t had = receipt->room_bits / WORD_BITS;
    size_t words = had ? had : 1;
    while (words * WORD_BITS <= place)
        words *= 2;
    receipt->bits = xrealloc(receipt->bits, words * sizeof *receipt->bits);
    memset(receipt->bits + had, 0, (words - had) * sizeof *receipt->bits);
    receipt->room_bits = (uint32_t)(words * WORD_BITS);
}

static void
set(struct receipt *receipt, uint32_t place)
{
    make_room(receipt, place);
    receipt->bits[place / WORD_BITS] |= UINT64_C(1) << place % WORD_BITS;
}

/* What a place of the channel means to this subscriber. */
enum due { DUE_LATER, DUE_NEVER, DUE_GOT, DUE_MISSING };

static enum due
due_of(const struct receipt *receipt, const struct messages *messages,
       const struct channel *channel, uint32_t place, uint32_t until)
{
    const _Atomic uint32_t *listed = table_at(&channel->sequences, place);
    uint32_t sequence =
        listed ? atomic_load_explicit(listed, memory_order_acquire) : 0;
    if (!sequence)
        return DUE_LATER;
    sequence--;
    if (sequence < receipt->from || sequence >= until)
        return DUE_NEVER;
    const struct entry *entry = messages_entry(messages, sequence);
    int64_t answer = atomic_load_explicit(&entry->answer, memory_order_acquire);
    if (answer < FIRST_ANSWER)
        return answer == REFUSED ? DUE_NEVER : DUE_LATER;
    return has(receipt, place) ? DUE_GOT : DUE_MISSING;
}

/* Moves `low` on as far as all is settled, so that no question has to look at
 * a message twice. */
static void
settle(struct receipt *receipt, const struct messages *messages,
       const struct channel *channel)
{
    if (receipt->low_from != receipt->from) {
        receipt->low = 0;
        receipt->low_owed = 0;
        receipt->low_from = receipt->from;
    }
    uint32_t count =
        atomic_load_explicit(&channel->count, memory_order_acquire);
    for (; receipt->low < count; receipt->low++) {
        enum due due =
            due_of(receipt, messages, channel, receipt->low, UINT32_MAX);
        if (due == DUE_LATER || due == DUE_MISSING)
            return;
        receipt->low_owed += due == DUE_GOT;
    }
}

static void
follow(struct receipt *receipt, uint32_t channel)
{
    if (receipt->channel == channel)
        return;
    receipt->channel = channel;
    receipt->low = 0;
    receipt->low_owed = 0;
}

/* The first message that a subscriber gets says whose channel it follows. */
static bool
is_own(struct receipt *receipt, const struct entry *entry)
{
    uint32_t channel =
        atomic_load_explicit(&entry->channel, memory_order_relaxed);
    if (!receipt->got)
        follow(receipt, channel);
    return receipt->channel == channel;
}

/* A message is sent only once, at one time. */
static bool
is_true(const struct entry *entry, int64_t sent_ns)
{
    int64_t known = atomic_load_explicit(&entry->sent_ns, memory_order_acquire);
    return !known || known == sent_ns;
}

static void
judge_order(struct receipt *receipt, const struct entry *entry, int64_t sent_ns)
{
    int64_t answer = atomic_load_explicit(&entry->answer, memory_order_acquire);
    if (answer >= FIRST_ANSWER && answer - FIRST_ANSWER < receipt->last_sent_ns)
        receipt->reordered++;
    if (sent_ns > receipt->last_sent_ns)
        receipt->last_sent_ns = sent_ns;
}

enum receipt_verdict
receipt_take(struct receipt *receipt, const struct messages *messages,
             uint32_t sequence, int64_t sent_ns)
{
    const struct entry *entry = messages_entry(messages, sequence);
    if (!entry || !is_true(entry, sent_ns) || !is_own(receipt, entry))
        return RECEIPT_FOREIGN;
    uint32_t place =
        atomic_load_explicit(&entry->place, memory_order_relaxed) - 1;
    if (has(receipt, place)) {
        receipt->repeated++;
        return RECEIPT_REPEATED;
    }
    set(receipt, place);
    receipt->got++;
    judge_order(receipt, entry, sent_ns);
    settle(receipt, messages, messages_channel(messages, receipt->channel));
    return RECEIPT_NEW;
}

/* The receipt to ask about CHANNEL, settled: NOTHING, which got nothing, when
 * all that came was another channel's. */
static struct receipt *
asked(struct receipt *receipt, const struct messages *messages,
      const struct channel *channel, uint32_t number, struct receipt *nothing)
{
    if (!receipt->got)
        follow(receipt, number);
    if (receipt->channel != number) {
        *nothing = (struct receipt){.from = receipt->from, .channel = number};
        receipt = nothing;
    }
    settle(receipt, messages, channel);
    return receipt;
}

struct sums {
    uint64_t missing;
    uint64_t got;
};

static struct sums
sum_from(const struct receipt *receipt, const struct messages *messages,
         const struct channel *channel, uint32_t place, uint32_t until)
{
    struct sums sums = {0};
    uint32_t count =
        atomic_load_explicit(&channel->count, memory_order_acquire);
    for (; place < count; place++) {
        enum due due = due_of(receipt, messages, channel, place, until);
        sums.missing += due == DUE_MISSING;
        sums.got += due == DUE_GOT;
    }
    return sums;
}

uint64_t
receipt_lost(struct receipt *receipt, const struct messages *messages,
             uint32_t number, uint32_t until)
{
    const struct channel *channel = messages_channel(messages, number);
    if (!channel)
        return 0;
    struct receipt nothing;
    receipt = asked(receipt, messages, channel, number, &nothing);
    return sum_from(receipt, messages, channel, receipt->low, until).missing;
}

uint64_t
receipt_owed(struct receipt *receipt, const struct messages *messages,
             uint32_t number, uint32_t until)
{
    const struct channel *channel = messages_channel(messages, number);
    if (!channel)
        return 0;
    struct receipt nothing;
    receipt = asked(receipt, messages, channel, number, &nothing);
    bool is_all = until == UINT32_MAX;
    struct sums sums =
        sum_from(receipt, messages, channel, is_all ? receipt->low : 0, until);
    return (is_all ? receipt->low_owed : 0) + sums.missing + sums.got;
}

void
receipt_fini(struct receipt *receipt)
{
    free(receipt->bits);
    *receipt = (struct receipt){0};
}

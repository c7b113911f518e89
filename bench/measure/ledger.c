#include "measure/ledger_internal.h"

#include "base/bytes.h"

#include <assert.h>
#include <stdlib.h>

struct messages *
messages_new(uint32_t run)
{
    struct messages *messages = xcalloc(1, sizeof *messages);
    messages->entries.element_size = sizeof(struct entry);
    messages->channels.element_size = sizeof(struct channel * _Atomic);
    messages->run = run;
    return messages;
}

static void
free_channels(struct messages *messages)
{
    struct channel *_Atomic *slot;
    for (uint32_t i = 0; (slot = table_at(&messages->channels, i)); i++) {
        struct channel *channel = *slot;
        if (channel)
            table_fini(&channel->sequences);
        free(channel);
    }
}

void
messages_free(struct messages *messages)
{
    if (!messages)
        return;
    free_channels(messages);
    table_fini(&messages->channels);
    table_fini(&messages->entries);
    free(messages);
}

uint32_t
messages_run(const struct messages *messages)
{
    return messages->run;
}

/* Channels are numbered from 0 without holes, so the table has no holes
 * either: whoever comes first makes one for every number up to his. */
static struct channel *
make_channel(struct messages *messages, uint32_t number)
{
    for (uint32_t i = 0; i < number; i++)
        table_make(&messages->channels, i);
    struct channel *_Atomic *slot = table_make(&messages->channels, number);
    struct channel *channel = xcalloc(1, sizeof *channel);
    channel->sequences.element_size = sizeof(_Atomic uint32_t);
    struct channel *none = NULL;
    if (atomic_compare_exchange_strong(slot, &none, channel))
        return channel;
    free(channel);
    return none;
}

const struct channel *
messages_channel(const struct messages *messages, uint32_t number)
{
    struct channel *_Atomic *slot = table_at(&messages->channels, number);
    return slot ? atomic_load_explicit(slot, memory_order_acquire) : NULL;
}

uint32_t
messages_add(struct messages *messages, uint32_t number, bool is_counted)
{
    struct channel *channel =
        (struct channel *)messages_channel(messages, number);
    if (!channel)
        channel = make_channel(messages, number);
    uint32_t sequence = atomic_fetch_add(&messages->count, 1);
    uint32_t place = atomic_fetch_add(&channel->count, 1);
    struct entry *entry = table_make(&messages->entries, sequence);
    atomic_store_explicit(&entry->channel, number, memory_order_relaxed);
    atomic_store_explicit(&entry->is_counted, is_counted, memory_order_relaxed);
    atomic_store_explicit(&entry->place, place + 1, memory_order_release);
    _Atomic uint32_t *listed = table_make(&channel->sequences, place);
    atomic_store_explicit(listed, sequence + 1, memory_order_release);
    return sequence;
}

struct entry *
messages_entry(const struct messages *messages, uint32_t sequence)
{
    if (sequence >= messages_count(messages))
        return NULL;
    struct entry *entry = table_at(&messages->entries, sequence);
    if (!entry || !atomic_load_explicit(&entry->place, memory_order_acquire))
        return NULL;
    return entry;
}

static struct entry *
own_entry(struct messages *messages, uint32_t sequence)
{
    struct entry *entry = messages_entry(messages, sequence);
    assert(entry);
    return entry;
}

void
messages_sent(struct messages *messages, uint32_t sequence, int64_t sent_ns)
{
    atomic_store_explicit(&own_entry(messages, sequence)->sent_ns, sent_ns,
                          memory_order_release);
}

/* The first answer counts. */
static bool
answer(struct messages *messages, uint32_t sequence, int64_t word)
{
    int64_t under_way = UNDER_WAY;
    return atomic_compare_exchange_strong(
        &own_entry(messages, sequence)->answer, &under_way, word);
}

void
messages_accepted(struct messages *messages, uint32_t sequence,
                  int64_t answered_ns)
{
    int64_t time_ns = answered_ns > 0 ? answered_ns : 0;
    if (answer(messages, sequence, time_ns + FIRST_ANSWER))
        atomic_fetch_add(&messages->accepted, 1);
}

void
messages_refused(struct messages *messages, uint32_t sequence)
{
    answer(messages, sequence, REFUSED);
}

uint32_t
messages_count(const struct messages *messages)
{
    return atomic_load_explicit(&messages->count, memory_order_acquire);
}

uint64_t
messages_accepted_count(const struct messages *messages)
{
    return atomic_load_explicit(&messages->accepted, memory_order_acquire);
}

bool
messages_is_counted(const struct messages *messages, uint32_t sequence)
{
    const struct entry *entry = messages_entry(messages, sequence);
    return entry &&
           atomic_load_explicit(&entry->is_counted, memory_order_relaxed);
}

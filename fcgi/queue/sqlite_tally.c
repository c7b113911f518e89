/* Counting by channel what one transaction changes. */
#include "queue/sqlite_internal.h"

#include <string.h>

void
queue_tally_reset(struct tally *tally)
{
    if (tally->count)
        memset(tally->slots, 0, sizeof(tally->slots));
    tally->count = 0;
}

/* FNV-1a. */
static size_t
slot_of(const char *channel)
{
    uint32_t hash = 2166136261u;
    for (const char *p = channel; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    return hash & (QUEUE_TALLY_SLOTS - 1);
}

bool
queue_tally_add(struct tally *tally, const char *channel, int64_t id)
{
    size_t slot = slot_of(channel);
    struct tally_entry *entry;
    while (tally->slots[slot]) {
        entry = &tally->entries[tally->slots[slot] - 1];
        if (strcmp(entry->channel, channel) == 0) {
            entry->count++;
            if (id > entry->last_id)
                entry->last_id = id;
            return true;
        }
        slot = (slot + 1) & (QUEUE_TALLY_SLOTS - 1);
    }
    if (tally->count == QUEUE_BATCH_MESSAGES)
        return false;
    entry = &tally->entries[tally->count++];
    *entry = (struct tally_entry){channel, 1, id};
    tally->slots[slot] = (uint16_t)tally->count;
    return true;
}

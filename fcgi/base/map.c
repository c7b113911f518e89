#include "base/map.h"

#include "base/bytes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { FIRST_BUCKETS = 16 };

/* Names come from peers: an unguessable start keeps them from aiming at one
 * bucket. */
static uint64_t hash_seed;

static void
draw_seed(void)
{
    if (getrandom(&hash_seed, sizeof hash_seed, 0) != sizeof hash_seed)
        hash_seed = UINT64_C(0x9e3779b97f4a7c15);
}

/* FNV-1a over 64 bits with a drawn start, folded through a final mix. */
static uint32_t
hash_of(const char *key)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, draw_seed);
    uint64_t hash = hash_seed;
    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * UINT64_C(0x100000001b3);
    hash ^= hash >> 32;
    hash *= UINT64_C(0xd6e8feb86659fd93);
    return (uint32_t)(hash >> 32);
}

static struct map_entry **
slot_of(const struct map *map, const char *key, uint32_t hash)
{
    struct map_entry **slot = &map->buckets[hash & (map->bucket_count - 1)];
    while (*slot && ((*slot)->hash != hash || strcmp((*slot)->key, key) != 0))
        slot = &(*slot)->next;
    return slot;
}

static void
grow(struct map *map)
{
    struct map old = *map;
    map->bucket_count = old.bucket_count ? old.bucket_count * 2 : FIRST_BUCKETS;
    map->buckets = xcalloc(map->bucket_count, sizeof(struct map_entry *));
    for (size_t i = 0; i < old.bucket_count; i++) {
        for (struct map_entry *entry = old.buckets[i], *next; entry;
             entry = next) {
            next = entry->next;
            struct map_entry **bucket =
                &map->buckets[entry->hash & (map->bucket_count - 1)];
            entry->next = *bucket;
            *bucket = entry;
        }
    }
    free(old.buckets);
}

void
map_fini(struct map *map)
{
    for (size_t i = 0; i < map->bucket_count; i++) {
        for (struct map_entry *entry = map->buckets[i], *next; entry;
             entry = next) {
            next = entry->next;
            free(entry);
        }
    }
    free(map->buckets);
    *map = (struct map){0};
}

void *
map_get(const struct map *map, const char *key)
{
    if (!map->size)
        return NULL;
    const struct map_entry *entry = *slot_of(map, key, hash_of(key));
    return entry ? entry->value : NULL;
}

const char *
map_put(struct map *map, const char *key, void *value)
{
    if (map->size >= map->bucket_count)
        grow(map);
    uint32_t hash = hash_of(key);
    struct map_entry **slot = slot_of(map, key, hash);
    if (!*slot) {
        size_t len = strlen(key);
        *slot = xcalloc(1, sizeof(struct map_entry) + len + 1);
        (*slot)->hash = hash;
        memcpy((*slot)->key, key, len + 1);
        map->size++;
    }
    (*slot)->value = value;
    return (*slot)->key;
}

void *
map_remove(struct map *map, const char *key)
{
    if (!map->size)
        return NULL;
    struct map_entry **slot = slot_of(map, key, hash_of(key));
    struct map_entry *entry = *slot;
    if (!entry)
        return NULL;
    void *value = entry->value;
    *slot = entry->next;
    free(entry);
    map->size--;
    return value;
}

const struct map_entry *
map_next(const struct map *map, const struct map_entry *entry)
{
    size_t bucket = 0;
    if (entry) {
        if (entry->next)
            return entry->next;
        bucket = (entry->hash & (map->bucket_count - 1)) + 1;
    }
    while (bucket < map->bucket_count && !map->buckets[bucket])
        bucket++;
    return bucket < map->bucket_count ? map->buckets[bucket] : NULL;
}

/* A map from strings to pointers: open hashing with chains, growing by
 * doubling. Keys are copied. It knows nothing of what it holds. */
#ifndef EARSHOT_BASE_MAP_H
#define EARSHOT_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map_entry {
    struct map_entry *next;
    void *value;
    uint32_t hash;
    char key[];
};

struct map {
    struct map_entry **buckets; /* NULL while empty and never used */
    size_t bucket_count;        /* a power of two */
    size_t size;
};

void map_fini(struct map *map); /* frees the entries, not the values */

void *map_get(const struct map *map, const char *key); /* NULL: none */

/* Puts VALUE (not NULL) under KEY, in place of what was there. Returns the
 * map's own copy of the key, which lives until KEY is taken out. */
const char *map_put(struct map *map, const char *key, void *value);

/* Takes KEY out and returns its value; NULL when there was none. */
void *map_remove(struct map *map, const char *key);

/* Walks all entries in no particular order: start with NULL, ends with NULL.
 * The map must not change meanwhile. */
const struct map_entry *map_next(const struct map *map,
                                 const struct map_entry *entry);

#endif

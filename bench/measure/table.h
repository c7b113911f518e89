/* An array that grows and never moves: many threads read and grow it without a
 * lock. Elements are zeroed at first, and what they hold is their user's to
 * make atomic. Its chunks double, so that a small one is small. */
#ifndef EARSHOT_BENCH_MEASURE_TABLE_H
#define EARSHOT_BENCH_MEASURE_TABLE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { TABLE_FIRST_BITS = 6, TABLE_CHUNKS = 32 - TABLE_FIRST_BITS };

/* Zeroed but for the size is empty. */
struct table {
    size_t element_size;
    void *_Atomic chunks[TABLE_CHUNKS];
};

/* The element at INDEX (below 2^32 - 2^6), for whose chunk room is made. */
void *table_make(struct table *table, uint32_t index);
/* The same, or NULL when no room was made for it. */
void *table_at(const struct table *table, uint32_t index);
void table_fini(struct table *table);

#endif

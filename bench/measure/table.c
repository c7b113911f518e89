#include "measure/table.h"

#include "base/bytes.h"

#include <assert.h>
#include <stdlib.h>

/* Chunk c holds 2^(c + TABLE_FIRST_BITS) elements. */
static int
chunk_of(uint32_t index, uint32_t *within)
{
    uint32_t shifted = index + (UINT32_C(1) << TABLE_FIRST_BITS);
    assert(shifted > index);
    int top = 31 - __builtin_clz(shifted);
    *within = shifted - (UINT32_C(1) << top);
    return top - TABLE_FIRST_BITS;
}

void *
table_at(const struct table *table, uint32_t index)
{
    uint32_t within;
    int at = chunk_of(index, &within);
    char *chunk =
        atomic_load_explicit(&table->chunks[at], memory_order_acquire);
    return chunk ? chunk + within * table->element_size : NULL;
}

void *
table_make(struct table *table, uint32_t index)
{
    void *element = table_at(table, index);
    if (element)
        return element;
    uint32_t within;
    int at = chunk_of(index, &within);
    void *none = NULL;
    void *chunk =
        xcalloc((size_t)1 << (at + TABLE_FIRST_BITS), table->element_size);
    if (!atomic_compare_exchange_strong(&table->chunks[at], &none, chunk))
        free(chunk);
    return table_at(table, index);
}

void
table_fini(struct table *table)
{
    for (int i = 0; i < TABLE_CHUNKS; i++) {
        free(atomic_load_explicit(&table->chunks[i], memory_order_relaxed));
        atomic_store_explicit(&table->chunks[i], NULL, memory_order_relaxed);
    }
}

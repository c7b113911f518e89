/* Memory that is wanted soon. */
#ifndef EARSHOT_PREFETCH_H
#define EARSHOT_PREFETCH_H

#include <stddef.h>

enum { CACHE_LINE = 64 }; /* bytes, of nearly all processors */

/* Asks for LEN bytes from DATA on; any address will do. */
static inline void
prefetch(const void *data, size_t len)
{
    for (size_t at = 0; at < len; at += CACHE_LINE)
        __builtin_prefetch((const char *)data + at);
}

#endif

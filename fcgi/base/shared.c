#include "base/shared.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

struct shared *
shared_new(const void *data, size_t len)
{
    struct shared *shared = xmalloc(sizeof *shared + len);
    shared->references = 1;
    shared->len = len;
    if (len)
        memcpy(shared->data, data, len);
    return shared;
}

struct shared *
shared_take(struct bytes *bytes)
{
    struct shared *shared = shared_new(bytes->data, bytes->len);
    bytes_fini(bytes);
    return shared;
}

struct shared *
shared_hold(struct shared *shared)
{
    shared->references++;
    return shared;
}

void
shared_release(struct shared *shared)
{
    if (shared && --shared->references == 0)
        free(shared);
}

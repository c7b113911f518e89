#include "headers.h"

#include "base/bytes.h"

#include <assert.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/queue.h>

void
headers_fini(struct headers *headers)
{
    for (size_t i = 0; i < headers->joined_count; i++)
        free(headers->joined[i]);
    headers->joined_count = 0;
}

const char *
headers_get(struct headers *headers, const char *name)
{
    const char *value = NULL;
    struct bytes joined = BYTES_EMPTY;
    const struct evkeyval *header;
    TAILQ_FOREACH(header, headers->all, next)
    {
        if (strcasecmp(header->key, name) != 0)
            continue;
        if (value) {
            if (!joined.len)
                bytes_append_string(&joined, value);
            bytes_append_string(&joined, ", ");
            bytes_append_string(&joined, header->value);
        }
        value = header->value;
    }
    if (!joined.len)
        return value ? value : "";
    assert(headers->joined_count < HEADERS_JOINED_MAX);
    bytes_append_char(&joined, '\0');
    headers->joined[headers->joined_count++] = joined.data;
    return joined.data;
}

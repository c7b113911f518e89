#include "record.h"

#include "base/bytes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 65536 }; /* more than fit of the smallest records */

struct records {
    struct record *places[PLACES]; /* N is at N modulo PLACES */
    uint64_t oldest, newest;
    size_t limit_bytes, bytes;
    void (*on_add)(void *context, const struct record *record);
    void *context;
};

struct records *
records_new(size_t limit_bytes, uint64_t before)
{
    struct records *records = xcalloc(1, sizeof *records);
    records->limit_bytes = limit_bytes;
    records->newest = before;
    records->oldest = before + 1;
    return records;
}

static size_t
cost(const struct record *record)
{
    return sizeof *record + record->kept_size;
}

static void
drop_oldest(struct records *records)
{
    struct record **place = &records->places[records->oldest++ % PLACES];
    records->bytes -= cost(*place);
    free(*place);
    *place = NULL;
}

void
records_free(struct records *records)
{
    while (records->oldest <= records->newest)
        drop_oldest(records);
    free(records);
}

void
records_listen(struct records *records,
               void (*on_add)(void *context, const struct record *record),
               void *context)
{
    records->on_add = on_add;
    records->context = context;
}

static size_t
kept_size(enum record_kind kind, size_t size)
{
    bool is_head = kind == RECORD_REQUEST || kind == RECORD_RESPONSE;
    return is_head || size < RECORD_BYTES_MAX ? size : RECORD_BYTES_MAX;
}

void
records_add(struct records *records, const struct record_about *about,
            const void *data, size_t size)
{
    size_t kept = kept_size(about->kind, size);
    struct record *record = xmalloc(sizeof *record + kept);
    *record = (struct record){.about = *about,
                              .n = ++records->newest,
                              .size = size,
                              .kept_size = kept};
    if (kept)
        memcpy(record->bytes, data, kept);
    records->bytes += cost(record);
    while (records->oldest < record->n &&
           (records->bytes > records->limit_bytes ||
            record->n - records->oldest >= PLACES))
        drop_oldest(records);
    records->places[record->n % PLACES] = record;
    if (records->on_add)
        records->on_add(records->context, record);
}

uint64_t
records_oldest(const struct records *records)
{
    return records->oldest;
}

uint64_t
records_newest(const struct records *records)
{
    return records->newest;
}

const struct record *
records_get(const struct records *records, uint64_t n)
{
    assert(n >= records->oldest && n <= records->newest);
    return records->places[n % PLACES];
}

const char *
record_kind_name(enum record_kind kind)
{
    static const char *const names[] = {
        [RECORD_OPEN] = "open", [RECORD_REQUEST] = "request",
        [RECORD_UP] = "up",     [RECORD_RESPONSE] = "response",
        [RECORD_DOWN] = "down", [RECORD_CLOSE] = "close",
    };
    return names[kind];
}

const char *
record_by_name(enum record_by by)
{
    static const char *const names[] = {
        [BY_NOBODY] = "", [BY_CLIENT] = "client", [BY_SERVER] = "server",
        [BY_CUT] = "cut", [BY_IDLE] = "idle",     [BY_TAP] = "tap",
    };
    return names[by];
}

/* What the tap has seen: a ring of records, bounded in bytes. The oldest go;
 * each has a number, so that a reader knows what it has missed.
 *
 * It knows no socket and no clock: who adds a record says when it was. */
#ifndef EARSHOT_TAP_RECORD_H
#define EARSHOT_TAP_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tag.h"

enum record_kind {
    RECORD_OPEN,     /* a client's connection */
    RECORD_REQUEST,  /* a request's head, as it is passed on */
    RECORD_UP,       /* further bytes to the server */
    RECORD_RESPONSE, /* an answer's head */
    RECORD_DOWN,     /* further bytes to the client */
    RECORD_CLOSE,
};

/* Of a head all bytes are kept, of other bytes so many. */
enum { RECORD_BYTES_MAX = 4096 };

/* Who ended a connection. */
enum record_by { BY_NOBODY, BY_CLIENT, BY_SERVER, BY_CUT, BY_IDLE, BY_TAP };

struct record_about {
    uint64_t connection;
    int64_t time_us; /* since 1970 */
    enum record_kind kind;
    enum record_by by; /* RECORD_CLOSE */
    bool is_held;      /* a buffering proxy has it, the client has not */
    char tag[TAG_SIZE];
};

struct record {
    struct record_about about;
    uint64_t n;       /* one more than that of the record before */
    size_t size;      /* bytes that passed */
    size_t kept_size; /* of those, in BYTES */
    char bytes[];
};

struct records;

/* A ring of at most LIMIT_BYTES, with what each record costs besides. Its
 * numbers begin above BEFORE. */
struct records *records_new(size_t limit_bytes, uint64_t before);
void records_free(struct records *records);

/* ON_ADD is called after each record; there is one listener. */
void records_listen(struct records *records,
                    void (*on_add)(void *context, const struct record *record),
                    void *context);

void records_add(struct records *records, const struct record_about *about,
                 const void *data, size_t size);

/* The numbers of the oldest that is kept and of the newest; with none kept,
 * the oldest is the newest plus one. */
uint64_t records_oldest(const struct records *records);
uint64_t records_newest(const struct records *records);

/* The record N; N is from the oldest to the newest. */
const struct record *records_get(const struct records *records, uint64_t n);

/* The words of the contract: "open", "client". */
const char *record_kind_name(enum record_kind kind);
const char *record_by_name(enum record_by by);

#endif

/* The queue: one durable log of messages for all channels.
 *
 * An id is given once and never again; ids only grow, and the order of ids is
 * the order that everyone sees. Several processes may share one queue.
 *
 * This interface is what the rest of the program knows: nothing outside
 * queue/sqlite*.c may assume SQLite. A queue belongs to one thread, the loop's.
 * Reads answer at once and are bounded; appends are handed over and answered
 * later, through queue_dispatch(). Nothing here waits, except queue_open() and
 * queue_close().
 *
 * A queue may be unusable (its file damaged, of a newer version, not ours,
 * gone): then reads and appends answer QUEUE_UNUSABLE, queue_trouble() says
 * why in words, and the queue tries by itself to become usable again. Where it
 * only cannot be written (a read-only disk), appends alone answer so, and
 * reads go on. */
#ifndef EARSHOT_QUEUE_QUEUE_H
#define EARSHOT_QUEUE_QUEUE_H

#include "base/buckets.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    QUEUE_EPOCH_SIZE = 9,    /* 8 of a-z0-9, and a NUL */
    QUEUE_CHANNEL_MAX = 128, /* bytes of a channel's name */
    QUEUE_EVENT_MAX = 128,
    QUEUE_FROM_MAX = 64,
    QUEUE_KEY_MAX = 255,
    QUEUE_FINGERPRINT_SIZE = 32,
};

enum queue_status {
    QUEUE_OK,
    QUEUE_AGAIN,      /* a read met a lock: ask again next turn */
    QUEUE_TIMEOUT,    /* an append was not begun in time; it will not be */
    QUEUE_KEY_REUSED, /* the key was used with another fingerprint */
    QUEUE_REFUSED,    /* a message breaks the queue's own rules */
    QUEUE_FULL,       /* no space; not stored */
    QUEUE_UNUSABLE,   /* not stored, not read; queue_trouble() says why */
};

enum queue_type { QUEUE_TEXT, QUEUE_JSON, QUEUE_BINARY };

enum queue_synchronous { QUEUE_SYNC_FULL, QUEUE_SYNC_NORMAL, QUEUE_SYNC_OFF };

struct queue_options {
    const char *path;
    enum queue_synchronous synchronous; /* OFF is for tests only */
    bool new_epoch;        /* give the file a new epoch on opening */
    bool bell;             /* false: no inotify; queue_look() is all */
    bool existing_only;    /* make no queue where there is none */
    int64_t keep_messages; /* per channel */
    int64_t keep_age_ms;
    int64_t keep_channels;
    int64_t keep_bytes;
    int64_t keep_keys_ms;
    int64_t message_max_bytes; /* the schema's bound is 1 MiB all the same */
};

struct queue;

/* One message on its way in. Strings end in NUL and live as long as the
 * append; data need not. */
struct queue_message {
    const char *channel;
    const char *event; /* "message" unless named */
    const char *from;  /* NULL: none */
    enum queue_type type;
    const void *data;
    size_t size_bytes;
};

/* What became of an append. */
struct queue_outcome {
    enum queue_status status;
    int64_t first_id; /* the ids are first_id … first_id + count - 1 */
    size_t count;
    bool repeated; /* stored before under this key; ids are the first ones */
    char epoch[QUEUE_EPOCH_SIZE];
    int64_t committed_us; /* monotonic time at which the commit returned */
};

/* Messages to be stored together, all or none. The caller owns it and all it
 * points to, and leaves it untouched until on_done has been called (from
 * queue_dispatch, on the loop's thread) or queue_cancel has taken it back.
 * The fields below the line are the queue's own. */
struct queue_append {
    const struct queue_message *messages;
    size_t count;
    const char *key; /* NULL: no Idempotency-Key */
    unsigned char fingerprint[QUEUE_FINGERPRINT_SIZE]; /* with a key */
    void (*on_done)(struct queue_append *append,
                    const struct queue_outcome *outcome);
    void *context;
    /* -- */
    struct queue_append *next;
    struct queue_append *prev;
    struct queue_slip *slip;
    struct queue_outcome outcome;
    int state;
};

/* Opens (creating or migrating) the queue; starts its writer thread. Always
 * gives a queue: one that cannot be used now says so by queue_trouble(). The
 * options are copied. May wait. */
struct queue *queue_open(const struct queue_options *options);

/* Commits what has been handed over (answering it is over: on_done is not
 * called any more once this has begun; call queue_dispatch until
 * queue_appending() is 0 first), ends the thread, closes the file. */
void queue_close(struct queue *queue);

/* Becomes readable when queue_dispatch() has something to do. */
int queue_fd(const struct queue *queue);

/* Calls on_done of every append that has its outcome. Returns true when there
 * may be messages that have not been read yet (the bell rang, something was
 * committed here, the file was reopened). */
bool queue_dispatch(struct queue *queue);

/* Looks whether the file has changed without a bell (and whether it is still
 * the file that was opened). Cheap: four times a second is meant. */
bool queue_look(struct queue *queue);

/* Whether news from others matters, as it does from the start. While it does
 * not, queue_dispatch() may be silent about them, which spares the loop being
 * woken by them. True when they matter again: some may have been missed. */
bool queue_listen(struct queue *queue, bool listens);

/* Hands over an append. */
void queue_append(struct queue *queue, struct queue_append *append);

/* Takes an append back: true when it had not been begun and never will be;
 * false when it is being committed: on_done will tell. */
bool queue_cancel(struct queue *queue, struct queue_append *append);

/* How many appends have no outcome dispatched yet. */
size_t queue_appending(const struct queue *queue);

/* All that is read between these two sees the file as it is at the first of the
 * reads, at the price of one read transaction; MAY_BE_OLDER: or as an earlier
 * pair of this turn has seen it, for whom the bell brings what came since. */
void queue_begin_reads(struct queue *queue, bool may_be_older);
void queue_end_reads(struct queue *queue);
/* At the end of each turn, or the file can only grow. */
void queue_end_turn(struct queue *queue);

/* Where the file ends now. */
struct queue_head {
    int64_t id; /* the newest id ever given; 0 when none */
    char epoch[QUEUE_EPOCH_SIZE];
};

__attribute__((warn_unused_result)) enum queue_status
queue_head(struct queue *queue, struct queue_head *head);

/* One message on its way out; pointers are valid during the call only. A row
 * that another program wrote and that is not what it claims to be (text that
 * is not UTF-8) comes as QUEUE_BINARY, event and from always as valid text. */
struct queue_row {
    int64_t id;
    const char *channel;
    const char *event;
    const char *from; /* NULL: none */
    enum queue_type type;
    const void *data;
    size_t size_bytes;
    int64_t time_ms; /* since 1970 */
};

/* What one read may take, and what it found. Everything in one read
 * transaction, which is over when the call returns. */
struct queue_page {
    int64_t after_id;   /* in: rows with greater ids */
    int64_t upto_id;    /* in: and at most this; INT64_MAX: the file's end */
    size_t rows_max;    /* in */
    size_t bytes_max;   /* in: of data; one row comes even if it is larger */
    int64_t reached_id; /* out: every row up to here has been seen: the last
                           row's id, or the bound when there were no more */
    bool more;          /* out: rows were left because of rows_max/bytes_max,
                           or because something was lost before the next */
    int64_t head_id;    /* out: as queue_head() */
    char epoch[QUEUE_EPOCH_SIZE]; /* in: when not empty, a file of another
                                     epoch answers QUEUE_AGAIN; out */
};

/* Reads the messages of some channels. on_row is called for each, in order of
 * id. on_lost, when not NULL, is called before any row for each channel that
 * had a message pruned with an id in (after_id, reached_id], with the highest
 * such id. QUEUE_OK, QUEUE_AGAIN or QUEUE_UNUSABLE; on the last two neither is
 * called and PAGE is as it was. */
struct queue_reader {
    void (*on_row)(void *context, const struct queue_row *row);
    void (*on_lost)(void *context, const char *channel, int64_t pruned_id);
    /* With queue_read_all only: false leaves out a channel's rows before their
     * data is touched. NULL: every channel. */
    bool (*wants)(void *context, const char *channel);
    void *context;
};

__attribute__((warn_unused_result)) enum queue_status
queue_read(struct queue *queue, const char *const *channels,
           size_t channel_count, struct queue_page *page,
           const struct queue_reader *reader);

/* The same over all channels: the hub's own reading. When more channels than
 * it is sensible to name were pruned at once (above 1,000), on_lost is called
 * once with channel NULL: every channel. */
__attribute__((warn_unused_result)) enum queue_status
queue_read_all(struct queue *queue, struct queue_page *page,
               const struct queue_reader *reader);

/* The id after which the newest COUNT messages of the channels together lie
 * (0 when there are no more than that; the head when COUNT is 0). More than
 * 10,000 are taken for 10,000. */
__attribute__((warn_unused_result)) enum queue_status
queue_last(struct queue *queue, const char *const *channels,
           size_t channel_count, int64_t count, int64_t *after_id);

/* What is kept of a channel; first and last are 0 when nothing is. */
struct queue_bounds {
    int64_t messages;
    int64_t first_id;
    int64_t last_id;
    int64_t pruned_id; /* the highest id known to have been pruned; 0: none */
    char epoch[QUEUE_EPOCH_SIZE];
};

__attribute__((warn_unused_result)) enum queue_status
queue_bounds(struct queue *queue, const char *channel,
             struct queue_bounds *bounds);

/* Figures for the status page; never fails (what is unknown is 0). */
struct queue_stats {
    struct buckets commit; /* how long each commit took, from when its batch
                              was begun */
    int64_t commits;
    int64_t messages;   /* appended by this process */
    int64_t repeats;    /* answered from their key */
    int64_t failed;     /* appends that got no QUEUE_OK */
    int64_t pruned;     /* by this process */
    int64_t size_bytes; /* of the file, less its free pages */
    int64_t wal_bytes;
    int64_t commit_us_total;
    int64_t commit_us_max;
    bool bell; /* inotify is at work */
};

void queue_stats(struct queue *queue, struct queue_stats *stats);

/* What is in the file now, whoever wrote it. Reading may take a hundredth of
 * the time at most: with very many channels it answers from a while ago. */
struct queue_totals {
    int64_t messages;   /* kept */
    int64_t channels;   /* known, those that are empty now too */
    int64_t oldest_ms;  /* when the oldest was stored, since 1970; 0: none */
    int64_t size_bytes; /* of the file, less its free pages */
    int64_t wal_bytes;
};

__attribute__((warn_unused_result)) enum queue_status
queue_totals(struct queue *queue, struct queue_totals *totals);

/* Why the queue is unusable, or NULL when it is usable: one sentence that says
 * what to do. Valid until the next call into the queue. */
const char *queue_trouble(const struct queue *queue);

#endif

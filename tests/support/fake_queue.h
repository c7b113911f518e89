/* A queue in memory: queue.h for tests of the hub, with what a test needs to
 * make happen: pruning, another file, a read that meets a lock. */
#ifndef EARSHOT_TESTS_FAKE_QUEUE_H
#define EARSHOT_TESTS_FAKE_QUEUE_H

#include "queue/queue.h"

struct fake_row {
    int64_t id;
    char channel[32];
    size_t size_bytes;
};

struct fake_mark { /* the highest id pruned of a channel */
    char channel[32];
    int64_t pruned_id;
};

enum { FAKE_ROWS_MAX = 4096, FAKE_MARKS_MAX = 64 };

struct queue {
    struct fake_row rows[FAKE_ROWS_MAX];
    size_t row_count;
    struct fake_mark marks[FAKE_MARKS_MAX];
    size_t mark_count;
    struct queue_head head;
    enum queue_status status; /* what every read answers */
    bool names_no_channel;    /* losses come with channel NULL */
    void (*on_read)(void);    /* called before each read, if any */
    size_t heads;             /* how often each was asked */
    size_t reads;
    size_t reads_of_all;
    size_t rows_given;
};

struct queue *fake_queue_new(void);
void fake_queue_free(struct queue *queue);

/* Stores a message; returns its id. */
int64_t fake_queue_put(struct queue *queue, const char *channel);
int64_t fake_queue_put_sized(struct queue *queue, const char *channel,
                             size_t size_bytes);

/* Takes the messages of CHANNEL up to UPTO_ID out, as retention does. */
void fake_queue_prune(struct queue *queue, const char *channel,
                      int64_t upto_id);

/* Only the mark, as where a channel's mark was folded into a common one. */
void fake_queue_mark(struct queue *queue, const char *channel,
                     int64_t pruned_id);

/* Another, empty file is in its place; its ids begin after HEAD_ID. */
void fake_queue_replace(struct queue *queue, const char *epoch,
                        int64_t head_id);

#endif

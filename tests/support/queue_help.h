/* A queue in a directory of its own, for unit tests. */
#ifndef EARSHOT_TESTS_QUEUE_HELP_H
#define EARSHOT_TESTS_QUEUE_HELP_H

#include "queue/queue.h"

#include <sqlite3.h>

enum { SEEN_MAX = 4096, SEEN_TEXT = 64, SENT_MAX = 1200 };

struct place {
    char directory[64];
    char path[96];
    struct queue_options options;
};

void place_make(struct place *place);
void place_make_in(struct place *place, const char *directory);
void place_remove(struct place *place);
void place_file(const struct place *place, const char *suffix, char *path,
                size_t size);

/* An append on its way. */
struct sent {
    struct queue_append append;
    struct queue_message messages[SENT_MAX];
    struct queue_outcome outcome;
    bool answered;
};

/* COUNT messages of the same DATA; KEY may be NULL. */
void prepare(struct sent *sent, const char *channel, const char *data,
             size_t count, const char *key);
/* The same, and into the queue. */
void hand_over(struct queue *queue, struct sent *sent, const char *channel,
               const char *data, size_t count, const char *key);
/* Dispatches until it is answered; fails after ten seconds. */
void await(struct queue *queue, struct sent *sent);
/* Dispatches until nothing is under way. */
void await_all(struct queue *queue);
/* One message, stored: its id. */
int64_t publish(struct queue *queue, const char *channel, const char *data);
/* One message: what became of it. */
enum queue_status try_publish(struct queue *queue, const char *channel,
                              const char *data);
/* Dispatches until the condition holds; false after ten seconds. */
bool wait_until(struct queue *queue,
                bool (*holds)(struct queue *queue, void *context),
                void *context);

/* What a read gave. */
struct seen {
    size_t rows;
    struct {
        int64_t id;
        int64_t time_ms;
        enum queue_type type;
        size_t size_bytes;
        char channel[SEEN_TEXT];
        char event[SEEN_TEXT];
        char from[SEEN_TEXT];
        char data[SEEN_TEXT];
    } row[SEEN_MAX];
    size_t lost;
    struct {
        int64_t pruned_id;
        char channel[SEEN_TEXT]; /* "*": every channel */
        size_t rows_before;
    } loss[SEEN_MAX];
    const char *wanted; /* with queue_read_all(): this channel only */
};

void seen_reset(struct seen *seen);
struct queue_reader seen_reader(struct seen *seen);

/* A whole page from AFTER_ID; `channels` separated by commas, NULL: all. */
struct queue_page read_page(struct queue *queue, struct seen *seen,
                            const char *channels, int64_t after_id,
                            size_t rows_max);
/* Page after page, to the end. Returns how many pages. */
int read_to_end(struct queue *queue, struct seen *seen, const char *channels,
                int64_t after_id, size_t rows_max);

/* As another program would, with its own connection. */
int foreign(const struct place *place, const char *sql);
int64_t foreign_number(const struct place *place, const char *sql);

#endif

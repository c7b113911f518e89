/* NDJSON: one message a line, all of them or none. */
#ifndef EARSHOT_NDJSON_H
#define EARSHOT_NDJSON_H

#include "base/bytes.h"
#include "queue/queue.h"

struct options;

/* The messages of a batch; their strings and data lie in it. */
struct batch {
    struct queue_message *messages;
    size_t count;
    size_t cap;
    struct json_object *lines; /* one for each message: they hold the text */
};

enum batch_problem {
    BATCH_OK,
    BATCH_BAD_LINE,  /* one line is wrong */
    BATCH_TOO_LARGE, /* too many lines, or one message is too large */
    BATCH_EMPTY,
};

/* Reads LEN bytes of DATA, each line {"event"?,"from"?,"data"}, as messages of
 * CHANNEL. What is not a string in `data` is kept as its own JSON text. Blank
 * lines are skipped. On success BATCH is to be ended by batch_fini(); else
 * SENTENCE (of SIZE bytes) says what is wrong and where. */
__attribute__((warn_unused_result)) enum batch_problem
batch_read(struct batch *batch, const char *channel, const char *data,
           size_t len, const struct options *options, char *sentence,
           size_t size);
void batch_fini(struct batch *batch);

#endif

/* Following a queue's file: as a subscriber of a hub of our own, so that loss,
 * pruning and a file that is replaced are told as everywhere. */
#include "tail.h"

#include "commands.h"
#include "file.h"
#include "hub/encode.h"
#include "hub/hub.h"
#include "hub/message.h"
#include "problem.h"

#include <stddef.h>

enum { LOOK_MS = 250 };

struct reader {
    struct subscriber subscriber;
    struct tail *tail;
};

static struct tail *
tail_of(struct subscriber *subscriber)
{
    return ((struct reader *)(void *)((char *)subscriber -
                                      offsetof(struct reader, subscriber)))
        ->tail;
}

/* What is printed may have to wait for its reader, and the hub is reading: so
 * it is only gathered. A turn gives a bounded amount. */
static bool
take(struct subscriber *subscriber, struct message *message)
{
    struct tail *tail = tail_of(subscriber);
    const struct queue_row *row = message->row;
    if (tail->options->json)
        encode_message(&tail->out, row, message->cursor, ENCODING_JSON);
    else
        bytes_append(&tail->out, row->data, row->size_bytes);
    bytes_append_char(&tail->out, '\n');
    return true;
}

static bool
lost(struct subscriber *subscriber, const char *cursor)
{
    (void)cursor;
    tail_lost(tail_of(subscriber));
    return true;
}

static enum flushed
flush(struct subscriber *subscriber)
{
    (void)subscriber;
    return FLUSHED_ALL;
}

static const struct transport to_output = {.id = TRANSPORT_SSE,
                                           .name = "tail",
                                           .take = take,
                                           .lost = lost,
                                           .flush = flush};

/* A queue that is locked, or whose disk is away, may come back. */
static bool
join(struct reader *reader, struct hub *hub, struct queue *queue)
{
    struct tail *tail = reader->tail;
    const struct follow *follow = &tail->follow;
    bool was_lost = false;
    while (!tail->is_over) {
        enum queue_status status =
            hub_join(hub, &reader->subscriber, follow->channels,
                     follow->channel_count, &follow->start, &was_lost);
        if (status == QUEUE_OK && was_lost)
            tail_lost(tail);
        if (status == QUEUE_OK)
            return true;
        if (status == QUEUE_UNUSABLE) {
            struct refusal refusal;
            follow_trouble(queue, status, &refusal);
            tail_fail(tail, refusal.sentence);
        } else {
            tail_wait(tail, queue_fd(queue), LOOK_MS);
            queue_dispatch(queue);
        }
    }
    return false;
}

static void
tell_trouble(struct tail *tail, const struct queue *queue)
{
    const char *trouble = queue_trouble(queue);
    if (trouble)
        tail_trouble(tail, trouble);
    else
        tail->has_complained = false;
}

void
tail_file(struct tail *tail)
{
    struct reader reader = {.subscriber.transport = &to_output, .tail = tail};
    struct queue *queue = file_open(tail->options);
    struct hub *hub = hub_new(queue);
    if (join(&reader, hub, queue)) {
        while (!tail->is_over) {
            bool news = queue_dispatch(queue);
            news |= queue_look(queue);
            bool more = hub_turn(hub, news);
            tail_flush(tail);
            tell_trouble(tail, queue);
            tail_wait(tail, queue_fd(queue), more ? 0 : LOOK_MS);
        }
        hub_leave(&reader.subscriber);
    }
    hub_free(hub);
    queue_close(queue);
}

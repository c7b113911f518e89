#include "fake_queue.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct queue *
fake_queue_new(void)
{
    struct queue *queue = calloc(1, sizeof *queue);
    assert(queue);
    strcpy(queue->head.epoch, "epoch001");
    return queue;
}

void
fake_queue_free(struct queue *queue)
{
    free(queue);
}

int64_t
fake_queue_put_sized(struct queue *queue, const char *channel,
                     size_t size_bytes)
{
    assert(queue->row_count < FAKE_ROWS_MAX);
    struct fake_row *row = &queue->rows[queue->row_count++];
    row->id = ++queue->head.id;
    row->size_bytes = size_bytes;
    snprintf(row->channel, sizeof row->channel, "%s", channel);
    return row->id;
}

int64_t
fake_queue_put(struct queue *queue, const char *channel)
{
    return fake_queue_put_sized(queue, channel, 1);
}

static struct fake_mark *
mark_of(struct queue *queue, const char *channel)
{
    for (size_t i = 0; i < queue->mark_count; i++)
        if (strcmp(queue->marks[i].channel, channel) == 0)
            return &queue->marks[i];
    return NULL;
}

static struct fake_mark *
get_mark(struct queue *queue, const char *channel)
{
    struct fake_mark *mark = mark_of(queue, channel);
    if (!mark) {
        assert(queue->mark_count < FAKE_MARKS_MAX);
        mark = &queue->marks[queue->mark_count++];
        snprintf(mark->channel, sizeof mark->channel, "%s", channel);
    }
    return mark;
}

void
fake_queue_mark(struct queue *queue, const char *channel, int64_t pruned_id)
{
    get_mark(queue, channel)->pruned_id = pruned_id;
}

void
fake_queue_prune(struct queue *queue, const char *channel, int64_t upto_id)
{
    struct fake_mark *mark = get_mark(queue, channel);
    size_t kept = 0;
    for (size_t i = 0; i < queue->row_count; i++) {
        struct fake_row row = queue->rows[i];
        if (row.id > upto_id || strcmp(row.channel, channel) != 0)
            queue->rows[kept++] = row;
        else if (mark->pruned_id < row.id)
            mark->pruned_id = row.id;
    }
    queue->row_count = kept;
}

void
fake_queue_replace(struct queue *queue, const char *epoch, int64_t head_id)
{
    queue->row_count = queue->mark_count = 0;
    queue->head.id = head_id;
    snprintf(queue->head.epoch, sizeof queue->head.epoch, "%s", epoch);
}

/* -- queue.h ------------------------------------------------------------ */

static enum queue_status
begin_read(struct queue *queue, size_t *counter)
{
    ++*counter;
    if (queue->on_read)
        queue->on_read();
    return queue->status;
}

enum queue_status
queue_head(struct queue *queue, struct queue_head *head)
{
    enum queue_status status = begin_read(queue, &queue->heads);
    if (status == QUEUE_OK)
        *head = queue->head;
    return status;
}

static bool
is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return !names;
}

/* The rows of one page: their places, and where the page ends. */
struct picked {
    const struct fake_row *rows[FAKE_ROWS_MAX];
    size_t count;
};

static void
pick(const struct queue *queue, const char *const *names, size_t name_count,
     struct queue_page *page, const struct queue_reader *reader,
     struct picked *picked)
{
    size_t bytes = 0;
    picked->count = 0;
    page->more = false;
    page->reached_id =
        page->upto_id < queue->head.id ? page->upto_id : queue->head.id;
    for (size_t i = 0; i < queue->row_count; i++) {
        const struct fake_row *row = &queue->rows[i];
        if (row->id <= page->after_id || row->id > page->upto_id ||
            !is_one_of(row->channel, names, name_count) ||
            (!names && reader->wants &&
             !reader->wants(reader->context, row->channel)))
            continue;
        if (picked->count && (picked->count == page->rows_max ||
                              bytes + row->size_bytes > page->bytes_max)) {
            page->more = true;
            page->reached_id = picked->rows[picked->count - 1]->id;
            return;
        }
        bytes += row->size_bytes;
        picked->rows[picked->count++] = row;
    }
}

static void
tell_marks(const struct queue *queue, const char *const *names,
           size_t name_count, const struct queue_page *page,
           const struct queue_reader *reader)
{
    int64_t highest = 0;
    for (size_t i = 0; reader->on_lost && i < queue->mark_count; i++) {
        const struct fake_mark *mark = &queue->marks[i];
        if (mark->pruned_id <= page->after_id ||
            mark->pruned_id > page->reached_id ||
            !is_one_of(mark->channel, names, name_count))
            continue;
        if (highest < mark->pruned_id)
            highest = mark->pruned_id;
        if (names || !queue->names_no_channel)
            reader->on_lost(reader->context, mark->channel, mark->pruned_id);
    }
    if (highest && !names && queue->names_no_channel)
        reader->on_lost(reader->context, NULL, highest);
}

static enum queue_status
read_page(struct queue *queue, const char *const *names, size_t name_count,
          struct queue_page *page, const struct queue_reader *reader)
{
    static char data[1 << 20];
    struct picked picked;
    if (page->epoch[0] && strcmp(page->epoch, queue->head.epoch) != 0)
        return QUEUE_AGAIN;
    pick(queue, names, name_count, page, reader, &picked);
    page->head_id = queue->head.id;
    memcpy(page->epoch, queue->head.epoch, sizeof page->epoch);
    tell_marks(queue, names, name_count, page, reader);
    for (size_t i = 0; i < picked.count; i++) {
        const struct queue_row row = {.id = picked.rows[i]->id,
                                      .channel = picked.rows[i]->channel,
                                      .event = "message",
                                      .type = QUEUE_TEXT,
                                      .data = data,
                                      .size_bytes = picked.rows[i]->size_bytes};
        queue->rows_given++;
        reader->on_row(reader->context, &row);
    }
    return QUEUE_OK;
}

enum queue_status
queue_read(struct queue *queue, const char *const *channels,
           size_t channel_count, struct queue_page *page,
           const struct queue_reader *reader)
{
    enum queue_status status = begin_read(queue, &queue->reads);
    if (status != QUEUE_OK)
        return status;
    return read_page(queue, channels, channel_count, page, reader);
}

enum queue_status
queue_read_all(struct queue *queue, struct queue_page *page,
               const struct queue_reader *reader)
{
    enum queue_status status = begin_read(queue, &queue->reads_of_all);
    if (status != QUEUE_OK)
        return status;
    return read_page(queue, NULL, 0, page, reader);
}

enum queue_status
queue_last(struct queue *queue, const char *const *channels,
           size_t channel_count, int64_t count, int64_t *after_id)
{
    if (queue->status != QUEUE_OK)
        return queue->status;
    *after_id = count ? 0 : queue->head.id;
    for (size_t i = queue->row_count; i-- && count;)
        if (is_one_of(queue->rows[i].channel, channels, channel_count) &&
            --count == 0)
            *after_id = queue->rows[i].id - 1;
    return QUEUE_OK;
}

enum queue_status
queue_bounds(struct queue *queue, const char *channel,
             struct queue_bounds *bounds)
{
    if (queue->status != QUEUE_OK)
        return queue->status;
    const struct fake_mark *mark = mark_of(queue, channel);
    *bounds = (struct queue_bounds){.pruned_id = mark ? mark->pruned_id : 0};
    memcpy(bounds->epoch, queue->head.epoch, sizeof bounds->epoch);
    for (size_t i = 0; i < queue->row_count; i++) {
        if (strcmp(queue->rows[i].channel, channel) != 0)
            continue;
        if (!bounds->messages++)
            bounds->first_id = queue->rows[i].id;
        bounds->last_id = queue->rows[i].id;
    }
    return QUEUE_OK;
}

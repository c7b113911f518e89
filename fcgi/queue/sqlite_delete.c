/* Deleting, within a transaction of the writer, and what is remembered of the
 * deleted. */
#include "queue/sqlite_internal.h"

#include "base/clock.h"

#include <string.h>

enum { CHUNK_ROWS_MIN = 8 };

static int
note_pruned(struct queue *queue, const char *channel, int64_t count,
            int64_t highest_id)
{
    sqlite3_stmt *note = queue->writer.statements[WRITE_SUB_KEPT];
    sqlite3_bind_text(note, 1, channel, -1, SQLITE_STATIC);
    sqlite3_bind_int64(note, 2, count);
    sqlite3_bind_int64(note, 3, highest_id);
    if (queue->on_removed)
        queue->on_removed(queue->removed_context, channel, count);
    return queue_run(note);
}

static int64_t
nth_oldest(struct queue *queue, const char *channel, int64_t n)
{
    sqlite3_stmt *find = queue->writer.statements[WRITE_NTH_OLDEST];
    sqlite3_bind_text(find, 1, channel, -1, SQLITE_STATIC);
    sqlite3_bind_int64(find, 2, n - 1);
    int64_t id = 0;
    if (sqlite3_step(find) == SQLITE_ROW)
        id = sqlite3_column_int64(find, 0);
    sqlite3_reset(find);
    return id;
}

/* Chunks grow from a small one: messages may be large. */
int
queue_delete_oldest(struct queue *queue, const char *channel, int64_t count,
                    int64_t until_us, int64_t *deleted)
{
    sqlite3_stmt *delete = queue->writer.statements[WRITE_DELETE_OLDEST];
    int64_t cut = 0;
    int rc = SQLITE_OK;
    *deleted = 0;
    for (int64_t rows = CHUNK_ROWS_MIN; rc == SQLITE_OK && *deleted < count;
         rows *= 2) {
        int64_t chunk = count - *deleted;
        if (chunk > rows)
            chunk = rows;
        int64_t id = nth_oldest(queue, channel, chunk);
        if (!id)
            break;
        cut = id;
        sqlite3_bind_text(delete, 1, channel, -1, SQLITE_STATIC);
        sqlite3_bind_int64(delete, 2, cut);
        rc = queue_run(delete);
        *deleted += sqlite3_changes(queue->writer.db);
        if (clock_monotonic_us() > until_us)
            break;
    }
    if (rc == SQLITE_OK && *deleted)
        rc = note_pruned(queue, channel, *deleted, cut);
    return rc;
}

int
queue_find_oldest(struct queue *queue, struct queue_oldest *rows, int max)
{
    sqlite3_stmt *find = queue->writer.statements[WRITE_OLDEST];
    int count = 0;
    sqlite3_bind_int64(find, 1, max);
    while (count < max && sqlite3_step(find) == SQLITE_ROW) {
        rows[count].id = sqlite3_column_int64(find, 0);
        rows[count].time_ms = sqlite3_column_int64(find, 2);
        const char *channel = (const char *)sqlite3_column_text(find, 1);
        sqlite3_snprintf(sizeof(rows[count].channel), rows[count].channel, "%s",
                         channel ? channel : "");
        count++;
    }
    sqlite3_reset(find);
    return count;
}

int
queue_delete_rows(struct queue *queue, const struct queue_oldest *rows,
                  int count, int64_t before_ms, int64_t *deleted)
{
    struct writer *writer = &queue->writer;
    sqlite3_stmt *delete = writer->statements[WRITE_DELETE_ONE];
    int rc = SQLITE_OK;
    queue_tally_reset(&writer->tally);
    for (int i = 0; rc == SQLITE_OK && i < count; i++) {
        if (rows[i].time_ms >= before_ms)
            continue;
        sqlite3_bind_int64(delete, 1, rows[i].id);
        rc = queue_run(delete);
        queue_tally_add(&writer->tally, rows[i].channel, rows[i].id);
        ++*deleted;
    }
    for (size_t i = 0; rc == SQLITE_OK && i < writer->tally.count; i++) {
        const struct tally_entry *entry = &writer->tally.entries[i];
        rc = note_pruned(queue, entry->channel, entry->count, entry->last_id);
    }
    queue_tally_reset(&writer->tally);
    return rc;
}

/* An emptied channel's mark goes into the floor, which stands for every
 * channel that has no row. */
int
queue_forget(struct queue *queue, const char *channel)
{
    struct writer *writer = &queue->writer;
    sqlite3_stmt *statement = writer->statements[WRITE_FORGET];
    int64_t pruned = 0;
    sqlite3_bind_text(statement, 1, channel, -1, SQLITE_STATIC);
    if (sqlite3_step(statement) == SQLITE_ROW) {
        pruned = sqlite3_column_int64(statement, 0);
        writer->channels_over--;
    }
    int rc = sqlite3_reset(statement);
    if (rc != SQLITE_OK || !pruned)
        return rc;
    statement = writer->statements[WRITE_RAISE_FLOOR];
    sqlite3_bind_int64(statement, 1, pruned);
    return queue_run(statement);
}

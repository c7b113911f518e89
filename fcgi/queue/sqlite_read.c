/* Reading, on the loop's thread: bounded, and never in a read transaction that
 * outlives the call.
 *
 * A statement that has given a row and was not reset holds SQLite's read
 * transaction. So reading the head first, and resetting it last, makes one
 * transaction of all that is in between. */
#include "queue/sqlite_internal.h"

#include "base/bytes.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LAST_MAX = 10000 }; /* more than this is not counted one by one */

static const char *const read_sql[READ_STATEMENTS] = {
    [READ_HEAD] = "SELECT epoch, floor, (SELECT seq FROM sqlite_sequence"
                  " WHERE name = 'message') FROM state",
    [READ_ALL] = "SELECT id, channel, event, \"from\", type, time,"
                 " CASE WHEN earshot_wants(channel) THEN data END"
                 " FROM message WHERE id > ?1 AND id <= ?2 ORDER BY id",
    [READ_IDS] = "SELECT id FROM message WHERE channel = ?1 AND id > ?2"
                 " AND id <= ?3 ORDER BY id",
    [READ_ROW] = "SELECT id, channel, event, \"from\", type, time, data"
                 " FROM message WHERE id = ?1",
    [READ_MARK] = "SELECT pruned FROM channel WHERE name = ?1",
    [READ_MARKS] = "SELECT name, pruned FROM channel"
                   " WHERE pruned > 0 AND pruned > ?1 AND pruned <= ?2"
                   " ORDER BY pruned LIMIT ?3",
    [READ_NEXT_MARK] = "SELECT min(pruned) FROM channel"
                       " WHERE pruned > 0 AND pruned > ?1",
    [READ_BOUNDS] = "SELECT kept, pruned,"
                    " (SELECT min(id) FROM message WHERE channel = ?1),"
                    " (SELECT max(id) FROM message WHERE channel = ?1)"
                    " FROM channel WHERE name = ?1",
    [READ_TOTALS] = "SELECT count(*), sum(kept),"
                    " (SELECT time FROM message ORDER BY id LIMIT 1),"
                    " (SELECT page_count FROM pragma_page_count),"
                    " (SELECT freelist_count FROM pragma_freelist_count),"
                    " (SELECT page_size FROM pragma_page_size)"
                    " FROM channel",
    [READ_IDS_DOWN] = "SELECT id FROM message WHERE channel = ?1"
                      " ORDER BY id DESC",
    [READ_DATA_VERSION] = "PRAGMA data_version",
};

/* Runs: a channel's ids in order; several are merged by their heads. ---------
 */

static void
free_runs(struct queue *queue)
{
    for (size_t i = 0; i < queue->run_count; i++) {
        sqlite3_finalize(queue->runs[i].up);
        sqlite3_finalize(queue->runs[i].down);
    }
    free(queue->runs);
    queue->runs = NULL;
    queue->run_count = 0;
}

int
queue_need_runs(struct queue *queue, size_t count)
{
    if (count <= queue->run_count)
        return SQLITE_OK;
    queue->runs = xrealloc(queue->runs, count * sizeof(*queue->runs));
    for (; queue->run_count < count; queue->run_count++) {
        const char *const sql[] = {read_sql[READ_IDS], read_sql[READ_IDS_DOWN]};
        sqlite3_stmt *pair[2] = {NULL, NULL};
        int rc = queue_prepare_all(queue->reader, sql, 2, pair);
        if (rc != SQLITE_OK) {
            queue_finalize_all(pair, 2);
            return rc;
        }
        queue->runs[queue->run_count] =
            (struct run){.up = pair[0], .down = pair[1]};
    }
    return SQLITE_OK;
}

int
queue_advance(sqlite3_stmt *ids, struct run *run)
{
    int rc = sqlite3_step(ids);
    run->id = rc == SQLITE_ROW ? sqlite3_column_int64(ids, 0) : 0;
    return rc == SQLITE_DONE ? SQLITE_OK : rc == SQLITE_ROW ? SQLITE_OK : rc;
}

void
queue_end_runs(struct queue *queue, size_t count)
{
    for (size_t i = 0; i < count && i < queue->run_count; i++) {
        sqlite3_reset(queue->runs[i].up);
        sqlite3_reset(queue->runs[i].down);
    }
}

/* The connection ------------------------------------------------------------
 */

void
queue_reader_close(struct queue *queue)
{
    queue_finalize_all(queue->statements, READ_STATEMENTS);
    free_runs(queue);
    sqlite3_close(queue->reader);
    queue->reader = NULL;
    queue->reader_generation = 0;
    queue->immutable = false;
}

/* Called by READ_ALL for each row before its data is looked at. */
static void
wants(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    struct queue *queue = sqlite3_user_data(context);
    const struct queue_reader *reader = queue->wanting;
    const char *channel = (const char *)sqlite3_value_text(values[0]);
    queue->wanted = channel && reader &&
                    (!reader->wants || reader->wants(reader->context, channel));
    sqlite3_result_int(context, queue->wanted);
}

/* SQLite reads a WAL file that it cannot write only while it has a -wal; one
 * that has none is open nowhere, and will not change until it has. */
static int
open_immutable(struct queue *queue)
{
    struct bytes uri = BYTES_EMPTY;
    bytes_append_string(&uri, "file:");
    for (const char *p = queue->path; *p; p++)
        if (strchr("%?#", *p))
            bytes_printf(&uri, "%%%02x", (unsigned)*p);
        else
            bytes_append_char(&uri, *p);
    bytes_append(&uri, "?immutable=1", sizeof("?immutable=1"));
    int rc = sqlite3_open_v2(
        uri.data, &queue->reader,
        SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL);
    bytes_fini(&uri);
    return rc;
}

static bool
has_wal(const struct queue *queue)
{
    return access(queue->wal_path, F_OK) == 0;
}

/* A copy that cannot be given an epoch of its own is not read. */
static int
check_identity(sqlite3 *db, const char *path)
{
    sqlite3_stmt *statement;
    struct stat named;
    if (stat(path, &named) < 0)
        return SQLITE_CANTOPEN;
    int rc = sqlite3_prepare_v2(db, "SELECT inode, device FROM state", -1,
                                &statement, NULL);
    if (rc != SQLITE_OK)
        return rc;
    if (sqlite3_step(statement) != SQLITE_ROW ||
        sqlite3_column_int64(statement, 0) != (int64_t)named.st_ino ||
        sqlite3_column_int64(statement, 1) != (int64_t)named.st_dev)
        rc = SQLITE_READONLY;
    int closed = sqlite3_finalize(statement);
    return closed != SQLITE_OK ? closed : rc;
}

static int
open_reader(struct queue *queue)
{
    bool read_only = atomic_load(&queue->read_only);
    queue->immutable = read_only && !has_wal(queue);
    int rc = queue->immutable
                 ? open_immutable(queue)
                 : sqlite3_open_v2(queue->path, &queue->reader,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                                   NULL);
    if (rc == SQLITE_OK && read_only)
        rc = check_identity(queue->reader, queue->path);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3 *db = queue->reader;
    sqlite3_extended_result_codes(db, 1);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_busy_timeout(db, 0);
    rc = sqlite3_exec(db, "PRAGMA query_only = ON", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function_v2(db, "earshot_wants", 1, SQLITE_UTF8,
                                        queue, wants, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc =
            queue_prepare_all(db, read_sql, READ_STATEMENTS, queue->statements);
    return rc;
}

enum queue_status
queue_read_status(struct queue *queue, int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return QUEUE_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_SCHEMA:
        return QUEUE_AGAIN;
    default:
        sqlite3_snprintf(sizeof(queue->read_trouble), queue->read_trouble,
                         "%s cannot be read (%s): if it is damaged, move it "
                         "away and a new one is made",
                         queue->path, sqlite3_errstr(rc));
        log_error("queue", "%s", queue->read_trouble);
        return QUEUE_UNUSABLE;
    }
}

bool
queue_reader_ready(struct queue *queue)
{
    unsigned generation = atomic_load(&queue->generation);
    if (queue->immutable && has_wal(queue))
        queue->reader_generation = 0;
    if (generation && queue->reader_generation == generation)
        return true;
    queue_reader_close(queue);
    if (!generation)
        return false;
    int rc = open_reader(queue);
    if (queue_read_status(queue, rc) != QUEUE_OK) {
        queue_reader_close(queue);
        return false;
    }
    queue->reader_generation = generation;
    queue->read_trouble[0] = '\0';
    queue->data_version = -1;
    return true;
}

bool
queue_reader_changed(struct queue *queue)
{
    sqlite3_stmt *look = queue->statements[READ_DATA_VERSION];
    int64_t version = queue->data_version;
    queue_drop_view(queue); /* in one nothing ever changes */
    if (sqlite3_step(look) == SQLITE_ROW)
        version = sqlite3_column_int64(look, 0);
    sqlite3_reset(look);
    bool changed = version != queue->data_version;
    queue->data_version = version;
    return changed;
}

/* One read transaction ------------------------------------------------------
 */

void
queue_drop_view(struct queue *queue)
{
    sqlite3_reset(queue->statements[READ_HEAD]);
}

void
queue_end_view(struct queue *queue)
{
    if (!queue->keeps_view)
        queue_drop_view(queue);
}

void
queue_begin_reads(struct queue *queue, bool may_be_older)
{
    if (!may_be_older)
        queue_drop_view(queue);
    queue->keeps_view = true;
}

/* The view stays for whom an older one will do; everybody else drops it. */
void
queue_end_reads(struct queue *queue)
{
    queue->keeps_view = false;
}

void
queue_end_turn(struct queue *queue)
{
    queue_drop_view(queue);
}

enum queue_status
queue_begin_view(struct queue *queue, struct view *view)
{
    if (!queue_reader_ready(queue))
        return QUEUE_UNUSABLE;
    sqlite3_stmt *head = queue->statements[READ_HEAD];
    if (!queue->keeps_view)
        queue_drop_view(queue);
    int rc = sqlite3_stmt_busy(head) ? SQLITE_ROW : sqlite3_step(head);
    if (rc == SQLITE_DONE ||
        (rc == SQLITE_ROW &&
         sqlite3_column_bytes(head, 0) != QUEUE_EPOCH_SIZE - 1))
        rc = SQLITE_CORRUPT;
    if (rc != SQLITE_ROW) {
        queue_drop_view(queue);
        return queue_read_status(queue, rc);
    }
    memcpy(view->epoch, sqlite3_column_text(head, 0), QUEUE_EPOCH_SIZE);
    view->floor = sqlite3_column_int64(head, 1);
    view->head_id = sqlite3_column_int64(head, 2);
    return QUEUE_OK;
}

enum queue_status
queue_head(struct queue *queue, struct queue_head *head)
{
    struct view view;
    enum queue_status status = queue_begin_view(queue, &view);
    if (status != QUEUE_OK)
        return status;
    queue_end_view(queue);
    head->id = view.head_id;
    memcpy(head->epoch, view.epoch, sizeof(head->epoch));
    return QUEUE_OK;
}

/* Questions -----------------------------------------------------------------
 */

static int
nth_newest(struct queue *queue, const char *const *channels, size_t count,
           int64_t n, int64_t *after_id)
{
    int rc = queue_need_runs(queue, count);
    for (size_t i = 0; rc == SQLITE_OK && i < count; i++) {
        struct run *run = &queue->runs[i];
        sqlite3_bind_text(run->down, 1, channels[i], -1, SQLITE_STATIC);
        rc = queue_advance(run->down, run);
    }
    *after_id = 0;
    for (int64_t seen = 0; rc == SQLITE_OK; seen++) {
        struct run *newest = NULL;
        for (size_t i = 0; i < count; i++)
            if (queue->runs[i].id &&
                (!newest || queue->runs[i].id > newest->id))
                newest = &queue->runs[i];
        *after_id = newest ? newest->id : 0;
        if (!newest || seen == n)
            break;
        rc = queue_advance(newest->down, newest);
    }
    queue_end_runs(queue, count);
    return rc;
}

enum queue_status
queue_last(struct queue *queue, const char *const *channels,
           size_t channel_count, int64_t count, int64_t *after_id)
{
    struct view view;
    enum queue_status status = queue_begin_view(queue, &view);
    if (status != QUEUE_OK)
        return status;
    int64_t id = view.head_id;
    int rc = SQLITE_OK;
    if (count > 0)
        rc = nth_newest(queue, channels, channel_count,
                        count < LAST_MAX ? count : LAST_MAX, &id);
    queue_end_view(queue);
    status = queue_read_status(queue, rc);
    if (status == QUEUE_OK)
        *after_id = id;
    return status;
}

enum queue_status
queue_bounds(struct queue *queue, const char *channel,
             struct queue_bounds *bounds)
{
    struct view view;
    enum queue_status status = queue_begin_view(queue, &view);
    if (status != QUEUE_OK)
        return status;
    struct queue_bounds found = {.pruned_id = view.floor};
    sqlite3_stmt *find = queue->statements[READ_BOUNDS];
    sqlite3_bind_text(find, 1, channel, -1, SQLITE_STATIC);
    int rc = sqlite3_step(find);
    if (rc == SQLITE_ROW) {
        found.messages = sqlite3_column_int64(find, 0);
        found.pruned_id = sqlite3_column_int64(find, 1);
        found.first_id = sqlite3_column_int64(find, 2);
        found.last_id = sqlite3_column_int64(find, 3);
    }
    memcpy(found.epoch, view.epoch, sizeof(found.epoch));
    sqlite3_reset(find);
    queue_end_view(queue);
    status = queue_read_status(queue, rc);
    if (status == QUEUE_OK)
        *bounds = found;
    return status;
}

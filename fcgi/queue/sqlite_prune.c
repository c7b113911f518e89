/* Retention and checkpoints: what is due, by amount, in small batches.
 *
 * Each step is a short transaction of its own, after the answers have gone
 * out, so that a publisher never waits for more than one of them. A limit is
 * acted upon when it is passed by a twentieth.
 *
 * Age is not measured with the wall clock, which may jump by years, but with a
 * clock that follows it at most 64 times as fast as real time goes by. So a
 * jump empties nothing at once: a week takes two hours and a half, in which
 * somebody may notice; and after a fortnight's standstill the retention is
 * where it should be in five hours. A clock that was set back is followed at
 * once: that prunes less. */
#include "queue/sqlite_internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <string.h>
#include <sys/stat.h>

enum {
    TICK_US = 2000000,
    STEP_US = 2000, /* a step ends at the first chunk that passes this */
    AGE_ROWS = 64,
    CHUNK_LARGE = 16, /* where rows may be large */
    KEYS_ROWS = 256,
    SWEEP_ROWS = 1000,
    FORGET_ROWS = 256,
    AGE_SPEED = 64,
    AGE_SAVE_MS = 3600000,
    SIZE_FRAMES = 256, /* looks at the file's size this often */
    FRAME_HEADER = 24,
    SPACE_STEPS = 16,
    TRUNCATE_BUSY_MS = 10,
};

#define PASSIVE_BYTES (INT64_C(16) << 20)
#define TRUNCATE_BYTES (INT64_C(64) << 20)
#define RETRY_BYTES (INT64_C(4) << 20)

static int64_t
with_slack(const struct queue *queue, int64_t limit)
{
    return limit > INT64_MAX / 2 || queue->is_alone ? limit
                                                    : limit + limit / 20;
}

static bool
is_due(const struct writer *writer, const char *channel)
{
    for (size_t i = 0; i < writer->due_count; i++)
        if (strcmp(writer->due[i], channel) == 0)
            return true;
    return false;
}

/* A list that is full is no loss: the next sweep finds the others. */
void
queue_prune_kept(struct queue *queue, const char *channel, int64_t kept)
{
    struct writer *writer = &queue->writer;
    if (kept <= with_slack(queue, queue->options.keep_messages) ||
        writer->due_count == QUEUE_DUE_CHANNELS || is_due(writer, channel))
        return;
    size_t len = strlen(channel);
    if (len <= QUEUE_CHANNEL_MAX)
        memcpy(writer->due[writer->due_count++], channel, len + 1);
}

void
queue_prune_opened(struct queue *queue, int64_t aged_ms)
{
    struct writer *writer = &queue->writer;
    writer->due_count = 0;
    writer->sweeping = true;
    writer->sweep_after[0] = '\0';
    writer->over_bytes = writer->over_channels = false;
    writer->over_age = writer->over_keys = false;
    writer->new_channels = INT64_MAX / 2;
    writer->aged_ms = writer->aged_saved_ms = aged_ms;
    writer->aged_us = clock_monotonic_us();
    writer->ticked_us = writer->aged_us - TICK_US;
    writer->wal_frames = writer->wal_frames_tried = 0;
    writer->frames_since_size = SIZE_FRAMES;
    writer->page_size = 4096;
}

/* Numbers ------------------------------------------------------------------ */

static int64_t
number(struct queue *queue, enum write_statement which)
{
    sqlite3_stmt *statement = queue->writer.statements[which];
    int64_t value = 0;
    if (sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return value;
}

static int64_t
used_bytes(struct queue *queue)
{
    return (number(queue, WRITE_PAGE_COUNT) - number(queue, WRITE_FREE_COUNT)) *
           queue->writer.page_size;
}

static int64_t
wal_bytes(const struct writer *writer, int frames)
{
    return (int64_t)frames * (writer->page_size + FRAME_HEADER);
}

static void
turn_age_clock(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    int64_t wall_ms = clock_wall_ms(), now_us = clock_monotonic_us();
    int64_t passed_ms = (now_us - writer->aged_us) / 1000;
    if (passed_ms > 0) {
        writer->aged_ms += passed_ms * AGE_SPEED;
        writer->aged_us += passed_ms * 1000;
    }
    if (writer->aged_ms > wall_ms || queue->is_alone)
        writer->aged_ms = wall_ms;
}

/* What is due -------------------------------------------------------------- */

static void
look_at_size(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    struct stat wal;
    writer->frames_since_size = 0;
    int64_t bytes = used_bytes(queue);
    if (bytes > with_slack(queue, queue->options.keep_bytes))
        writer->over_bytes = true;
    int64_t in_wal = stat(queue->wal_path, &wal) == 0 ? wal.st_size : 0;
    pthread_mutex_lock(&queue->mutex);
    queue->stats.size_bytes = bytes;
    queue->stats.wal_bytes = in_wal;
    pthread_mutex_unlock(&queue->mutex);
}

static void
look_at_channels(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    int64_t limit = queue->options.keep_channels;
    if (writer->new_channels <= with_slack(queue, limit) - limit)
        return;
    writer->new_channels = 0;
    writer->channels_over = number(queue, WRITE_CHANNEL_COUNT) - limit;
    writer->over_channels =
        writer->channels_over > with_slack(queue, limit) - limit;
}

/* Now and then, for what time brings and other programs write. */
static void
tick(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    int64_t version = number(queue, WRITE_DATA_VERSION);
    if (version != writer->swept_version) {
        writer->swept_version = version;
        writer->sweeping = true;
        writer->new_channels = INT64_MAX / 2;
        writer->frames_since_size = SIZE_FRAMES;
    }
    turn_age_clock(queue);
    writer->over_age = writer->over_keys = true;
    look_at_size(queue);
}

void
queue_prune_look(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    int64_t now_us = clock_monotonic_us();
    if (now_us - writer->ticked_us >= TICK_US || now_us < writer->ticked_us) {
        writer->ticked_us = now_us;
        tick(queue);
    } else if (writer->frames_since_size >= SIZE_FRAMES) {
        look_at_size(queue);
    }
    look_at_channels(queue);
}

static bool
checkpoint_due(const struct writer *writer)
{
    return wal_bytes(writer, writer->wal_frames) > PASSIVE_BYTES &&
           (writer->wal_frames < writer->wal_frames_tried ||
            wal_bytes(writer, writer->wal_frames - writer->wal_frames_tried) >
                RETRY_BYTES);
}

bool
queue_prune_due(const struct queue *queue)
{
    const struct writer *writer = &queue->writer;
    return writer->due_count || writer->over_bytes || writer->over_age ||
           writer->over_keys || writer->over_channels || writer->sweeping ||
           checkpoint_due(writer);
}

/* Nothing more is tried until the next look finds it due again. */
static void
give_up(struct writer *writer)
{
    writer->due_count = 0;
    writer->sweeping = false;
    writer->over_bytes = writer->over_age = writer->over_keys = false;
    writer->over_channels = false;
}

static bool
begin_step(struct queue *queue)
{
    int rc = queue->writer.step_rc = queue_write_begin(queue);
    if (rc != SQLITE_OK)
        give_up(&queue->writer);
    return rc == SQLITE_OK;
}

static bool
end_step(struct queue *queue, int rc, int64_t pruned)
{
    if (rc == SQLITE_OK)
        rc = queue_write_commit(queue);
    else
        queue_write_rollback(queue);
    queue->writer.step_rc = rc;
    if (rc != SQLITE_OK) {
        log_warn("queue", "not pruned error=\"%s\"", sqlite3_errstr(rc));
        give_up(&queue->writer);
        return false;
    }
    pthread_mutex_lock(&queue->mutex);
    queue->stats.pruned += pruned;
    pthread_mutex_unlock(&queue->mutex);
    return true;
}

/* One channel ---------------------------------------------------------------
 */

static int64_t
kept_of(struct queue *queue, const char *channel)
{
    sqlite3_stmt *find = queue->writer.statements[WRITE_KEPT];
    sqlite3_bind_text(find, 1, channel, -1, SQLITE_STATIC);
    int64_t kept = 0;
    if (sqlite3_step(find) == SQLITE_ROW)
        kept = sqlite3_column_int64(find, 0);
    sqlite3_reset(find);
    return kept;
}

static void
prune_channel(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    const char *channel = writer->due[writer->due_count - 1];
    if (!begin_step(queue))
        return;
    int64_t deleted = 0;
    int64_t over = kept_of(queue, channel) - queue->options.keep_messages;
    int rc = queue_delete_oldest(queue, channel, over,
                                 clock_monotonic_us() + STEP_US, &deleted);
    if (end_step(queue, rc, deleted) && (deleted >= over || deleted == 0))
        writer->due_count--;
}

/* Channels that others wrote to, or that found no place in the list. */
static void
sweep(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    sqlite3_stmt *over = writer->statements[WRITE_OVER];
    char last[QUEUE_CHANNEL_MAX + 1] = "";
    int rows = 0;
    sqlite3_bind_text(over, 1, writer->sweep_after, -1, SQLITE_STATIC);
    sqlite3_bind_int64(over, 2, SWEEP_ROWS);
    while (sqlite3_step(over) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(over, 0);
        rows++;
        sqlite3_snprintf(sizeof(last), last, "%s", name);
        queue_prune_kept(queue, name, sqlite3_column_int64(over, 1));
        if (writer->due_count == QUEUE_DUE_CHANNELS)
            break;
    }
    sqlite3_reset(over);
    writer->sweeping =
        rows == SWEEP_ROWS || writer->due_count == QUEUE_DUE_CHANNELS;
    memcpy(writer->sweep_after, last, sizeof(last));
}

/* The oldest of all ---------------------------------------------------------
 */

static void
prune_bytes(struct queue *queue)
{
    struct queue_oldest rows[CHUNK_LARGE];
    int64_t until_us = clock_monotonic_us() + STEP_US, deleted = 0;
    int rc = SQLITE_OK;
    if (!begin_step(queue))
        return;
    bool over;
    do {
        int count = queue_find_oldest(queue, rows, CHUNK_LARGE);
        rc = queue_delete_rows(queue, rows, count, INT64_MAX, &deleted);
        over = count > 0 && used_bytes(queue) > queue->options.keep_bytes;
    } while (rc == SQLITE_OK && over && clock_monotonic_us() < until_us);
    if (end_step(queue, rc, deleted)) {
        look_at_size(queue);
        queue->writer.over_bytes = over; /* with no message left: later */
    }
}

static int
save_age(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    sqlite3_stmt *save = writer->statements[WRITE_SET_AGED];
    writer->aged_saved_ms = writer->aged_ms;
    sqlite3_bind_int64(save, 1, writer->aged_ms);
    return queue_run(save);
}

/* Ids and times grow together, but for the times that others wrote: among the
 * oldest ids those that are old go. */
static void
prune_age(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    struct queue_oldest rows[AGE_ROWS];
    int64_t before_ms = writer->aged_ms - queue->options.keep_age_ms;
    int count = queue_find_oldest(queue, rows, AGE_ROWS);
    bool any = false;
    for (int i = 0; i < count; i++)
        any |= rows[i].time_ms < before_ms;
    writer->over_age = any;
    int64_t unsaved_ms = writer->aged_ms - writer->aged_saved_ms;
    if (!any && unsaved_ms < AGE_SAVE_MS && unsaved_ms > -AGE_SAVE_MS)
        return;
    if (!begin_step(queue))
        return;
    int64_t deleted = 0;
    count = queue_find_oldest(queue, rows, AGE_ROWS);
    int rc = queue_delete_rows(queue, rows, count, before_ms, &deleted);
    if (rc == SQLITE_OK)
        rc = save_age(queue);
    end_step(queue, rc, deleted);
}

static void
prune_keys(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    int64_t before_ms = writer->aged_ms - queue->options.keep_keys_ms;
    int64_t oldest_ms = number(queue, WRITE_OLDEST_KEY);
    writer->over_keys = false;
    if (oldest_ms == 0 || oldest_ms >= before_ms || !begin_step(queue))
        return;
    sqlite3_stmt *delete = writer->statements[WRITE_DELETE_KEYS];
    sqlite3_bind_int64(delete, 1, before_ms);
    sqlite3_bind_int64(delete, 2, KEYS_ROWS);
    int rc = queue_run(delete);
    int deleted = sqlite3_changes(writer->db);
    if (end_step(queue, rc, 0))
        writer->over_keys = deleted == KEYS_ROWS;
}

/* Channels ------------------------------------------------------------------
 */

/* Empties and forgets the channels that were not published to for longest;
 * those that are empty already come first. They are looked for before the
 * transaction: that reads the whole table. */
static void
prune_channels(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    static _Thread_local struct queue_oldest rows[FORGET_ROWS];
    sqlite3_stmt *find = writer->statements[WRITE_LEAST_USED];
    int64_t deleted = 0;
    int count = 0, rc = SQLITE_OK;
    sqlite3_bind_int64(find, 1,
                       writer->channels_over < FORGET_ROWS
                           ? writer->channels_over
                           : FORGET_ROWS);
    while (count < FORGET_ROWS && sqlite3_step(find) == SQLITE_ROW) {
        rows[count].id = sqlite3_column_int64(find, 1);
        sqlite3_snprintf(sizeof(rows[count].channel), rows[count].channel, "%s",
                         sqlite3_column_text(find, 0));
        count++;
    }
    sqlite3_reset(find);
    if (!begin_step(queue))
        return;
    int64_t until_us = clock_monotonic_us() + STEP_US;
    for (int i = 0; rc == SQLITE_OK && i < count; i++) {
        int64_t gone = 0;
        if (rows[i].id > 0)
            rc = queue_delete_oldest(queue, rows[i].channel, rows[i].id,
                                     until_us, &gone);
        deleted += gone;
        if (rc == SQLITE_OK && gone >= rows[i].id)
            rc = queue_forget(queue, rows[i].channel);
        if (clock_monotonic_us() > until_us)
            break;
    }
    if (end_step(queue, rc, deleted))
        writer->over_channels = count > 0 && writer->channels_over > 0;
}

/* Checkpoints ---------------------------------------------------------------
 */

/* PASSIVE waits for nobody; a -wal that is read to its end is begun anew by
 * the next commit, over the blocks that it has. It grows only while somebody
 * keeps reading, and then a moment without readers is used to cut it. */
static void
checkpoint(struct queue *queue, bool truncate)
{
    struct writer *writer = &queue->writer;
    int frames = 0, moved = 0;
    if (truncate) {
        queue_file_lock(queue);
        sqlite3_busy_timeout(writer->db, TRUNCATE_BUSY_MS);
    }
    int rc = sqlite3_wal_checkpoint_v2(writer->db, "main",
                                       truncate ? SQLITE_CHECKPOINT_TRUNCATE
                                                : SQLITE_CHECKPOINT_PASSIVE,
                                       &frames, &moved);
    if (truncate) {
        sqlite3_busy_timeout(writer->db, QUEUE_BUSY_MS);
        queue_file_unlock(queue);
    }
    writer->wal_frames_tried = writer->wal_frames;
    if (rc == SQLITE_OK && truncate)
        writer->wal_frames = writer->wal_frames_tried = 0;
    else if (rc != SQLITE_OK && rc != SQLITE_BUSY)
        log_warn("queue", "no checkpoint error=\"%s\"", sqlite3_errstr(rc));
    log_debug("queue", "checkpoint frames=%d moved=%d", frames, moved);
    look_at_size(queue);
}

void
queue_prune_step(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    if (checkpoint_due(writer))
        checkpoint(queue,
                   wal_bytes(writer, writer->wal_frames) > TRUNCATE_BYTES);
    else if (writer->due_count)
        prune_channel(queue);
    else if (writer->over_bytes)
        prune_bytes(queue);
    else if (writer->over_age)
        prune_age(queue);
    else if (writer->over_keys)
        prune_keys(queue);
    else if (writer->over_channels)
        prune_channels(queue);
    else if (writer->sweeping)
        sweep(queue);
}

void
queue_prune_for_space(struct queue *queue)
{
    checkpoint(queue, true);
    tick(queue);
    for (int i = 0; i < SPACE_STEPS && queue_prune_due(queue); i++)
        queue_prune_step(queue);
}

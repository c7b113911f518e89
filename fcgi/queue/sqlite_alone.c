/* What an administrator changes: pruning and migrating, on one thread, with the
 * same locks and steps as the writer of a server. */
#include "queue/sqlite_admin.h"

#include "base/clock.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { ROWS = 256 };

/* Opening migrates. NULL with the PROBLEM. */
static struct queue *
open_alone(const struct queue_options *options,
           char problem[ADMIN_PROBLEM_SIZE])
{
    if (!admin_is_queue(options->path, problem))
        return NULL;
    struct queue *queue = queue_make(options);
    queue->options.existing_only = true;
    queue->is_alone = true;
    if (queue_file_open(queue)) {
        sqlite3_busy_timeout(queue->writer.db, ADMIN_BUSY_MS);
        return queue;
    }
    const char *trouble = queue_trouble(queue);
    admin_problem(problem, "%s",
                  trouble ? trouble : "the queue cannot be opened");
    queue_unmake(queue);
    return NULL;
}

static void
close_alone(struct queue *queue)
{
    struct bell *bell = bell_open(queue->bell_path, false);
    bell_ring(bell);
    bell_close(bell);
    queue_file_close(queue);
    queue_unmake(queue);
}

/* Who lets go of a lock and takes it at once is sooner than those who wait. */
static void
let_others(void)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    nanosleep(&moment, NULL);
}

bool
admin_wait_turn(const char *path, int64_t wait_ms,
                char problem[ADMIN_PROBLEM_SIZE])
{
    char *lock_path = admin_beside(path, "-lock");
    int fd = open(lock_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    int64_t until_us = clock_monotonic_us() + wait_ms * 1000;
    bool is_free = true; /* without the file nobody holds it */
    while (fd >= 0 && !(is_free = flock(fd, LOCK_EX | LOCK_NB) == 0) &&
           clock_monotonic_us() < until_us)
        let_others();
    if (fd >= 0)
        close(fd);
    free(lock_path);
    if (!is_free)
        admin_problem(problem,
                      "%s is locked: another program has held it for too long; "
                      "nothing was done, try again",
                      path);
    return is_free;
}

/* By the limits ------------------------------------------------------------ */

static int
prune_by_limits(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    queue_prune_look(queue);
    while (queue_prune_due(queue)) {
        let_others();
        queue_prune_step(queue);
        if (writer->step_rc != SQLITE_OK)
            return writer->step_rc;
        queue_prune_look(queue);
    }
    return SQLITE_OK;
}

/* By a selection ----------------------------------------------------------- */

struct sieve {
    struct queue *queue;
    const struct admin_selection *selection;
    sqlite3_stmt *rows; /* of one channel, the oldest first, behind an id */
    char channel[QUEUE_CHANNEL_MAX + 1];
    int64_t after_id;
    int64_t left; /* how many may go at most */
};

static int64_t
kept_of(struct queue *queue, const char *channel)
{
    sqlite3_stmt *kept = queue->writer.statements[WRITE_KEPT];
    int64_t count = 0;
    sqlite3_bind_text(kept, 1, channel, -1, SQLITE_STATIC);
    if (sqlite3_step(kept) == SQLITE_ROW)
        count = sqlite3_column_int64(kept, 0);
    sqlite3_reset(kept);
    return count;
}

/* Within a transaction, up to ROWS of them; COUNT says how many were met. */
static int
sift(struct sieve *sieve, int *count)
{
    static struct queue_oldest rows[ROWS];
    const struct admin_selection *selection = sieve->selection;
    int64_t before_ms = selection->before_ms, deleted = 0;
    int64_t max = ROWS;
    if (max > sieve->left)
        max = sieve->left > 0 ? sieve->left : 0;
    *count = 0;
    sqlite3_bind_text(sieve->rows, 1, sieve->channel, -1, SQLITE_STATIC);
    sqlite3_bind_int64(sieve->rows, 2, sieve->after_id);
    sqlite3_bind_int64(sieve->rows, 3, max);
    while (*count < max && sqlite3_step(sieve->rows) == SQLITE_ROW) {
        struct queue_oldest *row = &rows[(*count)++];
        row->id = sqlite3_column_int64(sieve->rows, 0);
        row->time_ms = sqlite3_column_int64(sieve->rows, 1);
        memcpy(row->channel, sieve->channel, sizeof(row->channel));
        sieve->after_id = row->id;
    }
    sieve->left -= *count;
    int rc = sqlite3_reset(sieve->rows);
    if (rc == SQLITE_OK)
        rc = queue_delete_rows(sieve->queue, rows, *count,
                               before_ms == INT64_MIN ? INT64_MAX : before_ms,
                               &deleted);
    return rc;
}

static int
sift_channel(struct sieve *sieve)
{
    int rc, count = 0;
    int64_t keep = sieve->selection->keep;
    sieve->after_id = 0;
    sieve->left =
        keep < 0 ? INT64_MAX : kept_of(sieve->queue, sieve->channel) - keep;
    do {
        let_others();
        rc = queue_write_begin(sieve->queue);
        if (rc != SQLITE_OK)
            return rc;
        rc = sift(sieve, &count);
        rc = rc == SQLITE_OK ? queue_write_commit(sieve->queue)
                             : queue_write_end(sieve->queue, rc);
    } while (rc == SQLITE_OK && count == ROWS);
    return rc;
}

static int
next_channel(struct sieve *sieve, sqlite3_stmt *names, bool *any)
{
    sqlite3_bind_text(names, 1, sieve->channel, -1, SQLITE_TRANSIENT);
    *any = sqlite3_step(names) == SQLITE_ROW;
    if (*any)
        sqlite3_snprintf(sizeof(sieve->channel), sieve->channel, "%s",
                         sqlite3_column_text(names, 0));
    return sqlite3_reset(names);
}

static int
prune_selected(struct queue *queue, const struct admin_selection *selection)
{
    struct sieve sieve = {.queue = queue, .selection = selection};
    sqlite3 *db = queue->writer.db;
    sqlite3_stmt *names = NULL;
    int rc = sqlite3_prepare_v2(db,
                                "SELECT id, time FROM message"
                                " WHERE channel = ?1 AND id > ?2"
                                " ORDER BY id LIMIT ?3",
                                -1, &sieve.rows, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db,
                                "SELECT name FROM channel WHERE name > ?1"
                                " AND kept > 0 ORDER BY name LIMIT 1",
                                -1, &names, NULL);
    if (selection->channel) {
        sqlite3_snprintf(sizeof(sieve.channel), sieve.channel, "%s",
                         selection->channel);
        if (rc == SQLITE_OK)
            rc = sift_channel(&sieve);
    } else {
        bool any = true;
        while (rc == SQLITE_OK && any) {
            rc = next_channel(&sieve, names, &any);
            if (rc == SQLITE_OK && any)
                rc = sift_channel(&sieve);
        }
    }
    sqlite3_finalize(sieve.rows);
    sqlite3_finalize(names);
    return rc;
}

bool
admin_prune(const struct queue_options *limits,
            const struct admin_selection *selection,
            void (*on_removed)(void *context, const char *channel,
                               int64_t count),
            void *context, char problem[ADMIN_PROBLEM_SIZE])
{
    struct queue *queue = open_alone(limits, problem);
    if (!queue)
        return false;
    queue->on_removed = on_removed;
    queue->removed_context = context;
    int rc =
        selection ? prune_selected(queue, selection) : prune_by_limits(queue);
    if (rc != SQLITE_OK)
        admin_problem(problem,
                      "%s is not pruned, or not wholly (%s): what was removed "
                      "is gone, the rest is as it was",
                      limits->path, sqlite3_errstr(rc));
    close_alone(queue);
    return rc == SQLITE_OK;
}

/* Migrating ---------------------------------------------------------------- */

/* A newer one is refused when it is opened to be changed. */
static int64_t
version_of(const char *path)
{
    sqlite3 *db = NULL;
    int64_t version = 0;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                        NULL) == SQLITE_OK) {
        sqlite3_busy_timeout(db, ADMIN_BUSY_MS);
        version = admin_number(db, "PRAGMA user_version");
    }
    sqlite3_close(db);
    return version;
}

bool
admin_migrate(const char *path, int64_t *from, int64_t *to,
              char problem[ADMIN_PROBLEM_SIZE])
{
    const struct queue_options options = {
        .path = path,
        .keep_messages = INT64_MAX,
        .keep_age_ms = INT64_MAX,
        .keep_channels = INT64_MAX,
        .keep_bytes = INT64_MAX,
        .keep_keys_ms = INT64_MAX,
    };
    if (!admin_is_queue(path, problem))
        return false;
    *from = version_of(path);
    *to = queue_newest_version;
    struct queue *queue = open_alone(&options, problem);
    if (!queue)
        return false;
    close_alone(queue);
    return true;
}

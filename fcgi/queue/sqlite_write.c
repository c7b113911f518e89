/* The writer's thread: everything that waits goes into one transaction. */
#include "queue/sqlite_internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

enum {
    TICK_US = 2000 * 1000,    /* idle: what others wrote is looked at */
    TROUBLE_US = 1000 * 1000, /* in trouble: is it over? */
    REOPEN_MS = 100,          /* at most this often when appends come */
    FULL_RETRY_MS = 1000,
    LINGER_STEP_US = 100,
    LINGER_STEPS = 10, /* a millisecond at most */
};

/* One batch ---------------------------------------------------------------- */

/* From here on an append cannot be cancelled: so only once BEGIN has gone
 * through. */
static void
take_batch(struct queue *queue)
{
    struct append_list *taken = &queue->writer.taken;
    const struct queue_slip *slip;
    size_t messages = 0, bytes = 0;
    queue->writer.taken_count = 0;
    while ((slip = handover_peek(&queue->handover))) {
        messages += slip->messages;
        bytes += slip->bytes;
        if (taken->first &&
            (messages > QUEUE_BATCH_MESSAGES || bytes > QUEUE_BATCH_BYTES))
            break;
        struct queue_append *append = handover_begin(&queue->handover);
        if (append) {
            queue_list_add(taken, append);
            queue->writer.taken_count++;
        }
    }
}

static void
fail_all(struct queue *queue, struct append_list *list,
         enum queue_status status)
{
    for (struct queue_append *append = list->first; append;
         append = append->next) {
        append->outcome = (struct queue_outcome){.status = status};
        memcpy(append->outcome.epoch, queue->writer.epoch,
               sizeof(append->outcome.epoch));
    }
}

/* With the mutex held. */
static void
count_outcome(struct queue_stats *stats, const struct queue_append *append)
{
    if (append->outcome.status != QUEUE_OK)
        stats->failed++;
    else if (append->outcome.repeated)
        stats->repeats++;
    else
        stats->messages += (int64_t)append->count;
}

static void
count_batch(struct queue *queue, const struct append_list *list, bool committed,
            int64_t took_us)
{
    struct queue_stats *stats = &queue->stats;
    pthread_mutex_lock(&queue->mutex);
    for (const struct queue_append *append = list->first; append;
         append = append->next)
        count_outcome(stats, append);
    if (committed) {
        stats->commits++;
        buckets_add(&stats->commit, took_us, 1);
        stats->commit_us_total += took_us;
        if (took_us > stats->commit_us_max)
            stats->commit_us_max = took_us;
    }
    pthread_mutex_unlock(&queue->mutex);
}

/* Hands the outcomes to the loop, and rings for everyone. The loop is told by a
 * descriptor of its own too: its watch on the bell may have failed, and a
 * publisher waits for its answer. */
static void
hand_back(struct queue *queue, struct append_list *list, bool committed,
          int64_t took_us)
{
    bool is_empty = !list->first;
    count_batch(queue, list, committed, took_us);
    handover_return(&queue->handover, list->first);
    *list = (struct append_list){NULL, NULL};
    if (committed)
        atomic_store(&queue->news, true);
    struct bell *bell = committed ? atomic_load(&queue->bell) : NULL;
    if (bell)
        bell_ring(bell);
    if (!is_empty)
        queue_tell_loop(queue);
}

static void
hand_back_taken(struct queue *queue, int64_t began_us)
{
    struct append_list *taken = &queue->writer.taken;
    int64_t now_us = clock_monotonic_us();
    for (struct queue_append *append = taken->first; append;
         append = append->next)
        append->outcome.committed_us = now_us;
    hand_back(queue, taken, true, now_us - began_us);
}

/* Opening and its troubles --------------------------------------------------
 */

/* What waits gets its answer: not stored. */
static void
refuse_waiting(struct queue *queue, enum queue_status status)
{
    take_batch(queue);
    fail_all(queue, &queue->writer.taken, status);
    hand_back(queue, &queue->writer.taken, false, 0);
}

/* The loop's reader goes with the file only when there is nothing to be read
 * in it any more; a disk that cannot be written can still be read. */
static void
close_file(struct queue *queue, bool readable)
{
    if (!readable) {
        atomic_store(&queue->generation, 0);
        atomic_store(&queue->news, true);
        queue_tell_loop(queue);
    }
    queue_file_close(queue);
}

/* From now on the loop reads the file that has this identity. */
static void
let_read(struct queue *queue, const struct stat *identity, bool read_only)
{
    static atomic_uint generations;
    unsigned generation = atomic_fetch_add(&generations, 1) + 1;
    pthread_mutex_lock(&queue->mutex);
    queue->opened_as = *identity;
    pthread_mutex_unlock(&queue->mutex);
    atomic_store(&queue->read_only, read_only);
    atomic_store(&queue->generation, generation);
    atomic_store(&queue->news, true);
    queue_tell_loop(queue);
}

/* A disk that cannot be written: who only follows is served all the same. */
static void
let_read_only(struct queue *queue)
{
    struct stat named;
    if (stat(queue->path, &named) < 0)
        return;
    if (!atomic_load(&queue->generation) ||
        named.st_ino != queue->opened_as.st_ino ||
        named.st_dev != queue->opened_as.st_dev)
        let_read(queue, &named, true);
}

static bool
open_file(struct queue *queue)
{
    bool opened = queue_file_open(queue);
    if (opened) {
        sqlite3_busy_timeout(queue->writer.db, QUEUE_BUSY_MS);
        queue_set_trouble(queue, "%s", "");
        let_read(queue, &queue->writer.identity, false);
    } else if (queue->writer.read_only) {
        let_read_only(queue);
    }
    pthread_mutex_lock(&queue->mutex);
    queue->first_try_over = true;
    pthread_cond_signal(&queue->opened);
    pthread_mutex_unlock(&queue->mutex);
    return opened;
}

static void
moved(struct queue *queue)
{
    queue_set_trouble(queue, "%s was removed or replaced while it was in use",
                      queue->path);
    close_file(queue, false);
    open_file(queue);
}

/* What was taken is stored: in the queue, or in a file that is no longer it.
 * Whoever is refused for that and tries again finds the new one open. */
static void
committed(struct queue *queue, int64_t began_us)
{
    if (!queue_file_moved(queue)) {
        hand_back_taken(queue, began_us);
        return;
    }
    fail_all(queue, &queue->writer.taken, QUEUE_UNUSABLE);
    moved(queue);
    hand_back(queue, &queue->writer.taken, false, 0);
}

/* A file that is closed is opened, but not for each of a thousand appends. */
static bool
ensure_open(struct queue *queue)
{
    if (queue->writer.db)
        return true;
    int64_t since_us = clock_monotonic_us() - queue->writer.opened_us;
    if (since_us >= 0 && since_us < REOPEN_MS * 1000)
        return false;
    return open_file(queue);
}

static void
broken(struct queue *queue, int rc)
{
    sqlite3 *db = queue->writer.db;
    queue_file_trouble(queue, db, rc);
    queue_file_leave(queue, true);
    close_file(queue, true);
}

/* The batch again, after a failure ------------------------------------------
 */

/* Begins anew what is taken already. */
static int
begin_again(struct queue *queue)
{
    int rc;
    for (int tries = 0; tries < 50; tries++) {
        rc = queue_write_begin(queue);
        if ((rc & 0xff) != SQLITE_BUSY)
            break;
    }
    return rc;
}

static int
transaction(struct queue *queue, struct queue_append *first,
            const struct queue_append *end)
{
    int rc = begin_again(queue);
    if (rc != SQLITE_OK)
        return rc;
    rc = queue_store(queue, first, end);
    return rc == SQLITE_OK ? queue_write_commit(queue)
                           : queue_write_end(queue, rc);
}

/* SQLite refused a row that our rules let through: each for itself. */
static void
store_one_by_one(struct queue *queue)
{
    struct append_list *taken = &queue->writer.taken;
    int rc = SQLITE_OK;
    bool rule = true;
    for (struct queue_append *append = taken->first; append;
         append = append->next) {
        if (rule) /* else the file is at fault, and will be for the others */
            rc = transaction(queue, append, append->next);
        rule = rc == SQLITE_OK || (rc & 0xff) == SQLITE_CONSTRAINT ||
               (rc & 0xff) == SQLITE_TOOBIG;
        if (rc != SQLITE_OK)
            append->outcome = (struct queue_outcome){
                .status = rule ? QUEUE_REFUSED : QUEUE_UNUSABLE};
    }
    committed(queue, clock_monotonic_us());
    if (!rule && queue->writer.db)
        broken(queue, rc);
}

static void
store_after_making_room(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    int64_t now_us = clock_monotonic_us();
    int rc = SQLITE_FULL;
    if (!writer->full_us || now_us - writer->full_us > FULL_RETRY_MS * 1000) {
        writer->full_us = now_us;
        queue_prune_for_space(queue);
        rc = transaction(queue, writer->taken.first, NULL);
    }
    if (rc == SQLITE_OK) {
        committed(queue, now_us);
        return;
    }
    log_error("queue", "full path=%s", queue->path);
    fail_all(queue, &writer->taken,
             queue_is_full(writer->db, rc) ? QUEUE_FULL : QUEUE_UNUSABLE);
    hand_back(queue, &writer->taken, false, 0);
}

/* The transaction is over and nothing of it is stored. */
static void
batch_failed(struct queue *queue, int rc)
{
    struct writer *writer = &queue->writer;
    if (queue_is_full(writer->db, rc)) {
        store_after_making_room(queue);
        return;
    }
    if ((rc & 0xff) == SQLITE_CONSTRAINT || (rc & 0xff) == SQLITE_TOOBIG ||
        (rc & 0xff) == SQLITE_MISMATCH) {
        store_one_by_one(queue);
        return;
    }
    fail_all(queue, &writer->taken, QUEUE_UNUSABLE);
    broken(queue, rc);
    hand_back(queue, &writer->taken, false, 0);
}

/* Waits until COUNT appends are there, or somebody has another reason. */
static void
await(struct queue *queue, size_t count, int64_t wait_us)
{
    handover_ask(&queue->handover, count);
    if (handover_count(&queue->handover) < count &&
        !atomic_load(&queue->closing) && !atomic_load(&queue->recheck))
        handover_wait(&queue->handover, wait_us);
    handover_ask(&queue->handover, 0);
}

/* A commit costs as much as thirty messages in it. So when publishers are many,
 * half of those who were under way last time are waited for: while this half
 * is being synced, the other half is answered and comes again. Whoever is
 * alone waits for nobody, and who does not come is soon not waited for. */
static size_t
worth_waiting_for(const struct writer *writer)
{
    return writer->in_flight / 2;
}

static void
linger(struct queue *queue)
{
    size_t wanted = worth_waiting_for(&queue->writer);
    size_t here = handover_count(&queue->handover);
    for (int i = 0; i < LINGER_STEPS && here < wanted; i++) {
        size_t before = here;
        await(queue, wanted, LINGER_STEP_US);
        here = handover_count(&queue->handover);
        if (here == before)
            return;
    }
}

/* All that waits, once. */
static void
write_batch(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    if (!ensure_open(queue)) {
        refuse_waiting(queue, QUEUE_UNUSABLE);
        return;
    }
    linger(queue);
    int64_t began_us = clock_monotonic_us();
    int rc = queue_write_begin(queue);
    if ((rc & 0xff) == SQLITE_BUSY)
        return; /* what waits may be taken back meanwhile */
    if (rc != SQLITE_OK) {
        take_batch(queue);
        batch_failed(queue, rc);
        return;
    }
    take_batch(queue);
    size_t taken = writer->taken_count;
    rc = queue_store(queue, writer->taken.first, NULL);
    rc = rc == SQLITE_OK ? queue_write_commit(queue)
                         : queue_write_end(queue, rc);
    if (rc == SQLITE_OK)
        committed(queue, began_us);
    else
        batch_failed(queue, rc);
    writer->in_flight = taken + handover_count(&queue->handover);
}

/* The thread ----------------------------------------------------------------
 */

static bool
has_reason(struct queue *queue)
{
    return handover_peek(&queue->handover) || atomic_load(&queue->closing) ||
           atomic_load(&queue->recheck);
}

/* After many came they are waited for together, but not for long. */
static void
wait_for_work(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    size_t wanted = worth_waiting_for(writer);
    if (wanted > 1)
        await(queue, wanted, LINGER_STEP_US);
    else
        await(queue, 1, writer->db ? TICK_US : TROUBLE_US);
    if (!has_reason(queue))
        writer->in_flight = 0;
}

static void
one_turn(struct queue *queue, bool appends, bool recheck)
{
    struct writer *writer = &queue->writer;
    if (recheck && queue_file_moved(queue)) {
        moved(queue);
        return;
    }
    if (appends)
        write_batch(queue);
    else if (!writer->db)
        open_file(queue);
    if (!writer->db)
        return;
    queue_prune_look(queue);
    if (queue_prune_due(queue))
        queue_prune_step(queue);
}

void *
queue_writer_main(void *context)
{
    struct queue *queue = context;
    prctl(PR_SET_TIMERSLACK, 1UL); /* for linger() */
    open_file(queue);
    for (;;) {
        bool has_chores = queue->writer.db && queue_prune_due(queue) &&
                          !atomic_load(&queue->closing);
        if (!has_chores && !has_reason(queue))
            wait_for_work(queue);
        bool appends = handover_peek(&queue->handover);
        if (atomic_load(&queue->closing) && !appends)
            break;
        one_turn(queue, appends, atomic_exchange(&queue->recheck, false));
    }
    queue_file_close(queue);
    return NULL;
}

/* What the files of the SQLite queue share; nobody else includes this.
 *
 * Two threads. The loop's owns `struct queue` but for what is said to be
 * shared, and the read connection. The writer's owns `struct writer`, the
 * write connection and everything that changes the file; it alone opens,
 * creates, migrates and prunes. They meet in handover.h, without a lock. */
#ifndef EARSHOT_QUEUE_SQLITE_INTERNAL_H
#define EARSHOT_QUEUE_SQLITE_INTERNAL_H

#include "queue/bell.h"
#include "queue/handover.h"
#include "queue/queue.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include <sqlite3.h>

enum {
    QUEUE_APPLICATION_ID = 0x45617273, /* "Ears" */
    QUEUE_TROUBLE_SIZE = 512,
    QUEUE_BATCH_MESSAGES = 1024,
    QUEUE_BATCH_BYTES = 8 << 20,
    QUEUE_TALLY_SLOTS = 4096, /* a power of two, twice the entries and more */
    QUEUE_DUE_CHANNELS = 64,
    QUEUE_INSERT_ROWS = 8, /* of the largest INSERT */
    QUEUE_BOOT_SIZE = 40,
    QUEUE_BUSY_MS = 100,   /* one wait for a foreign writer */
    QUEUE_LOST_MAX = 1000, /* channels named by one queue_read_all() */
};

struct append_list {
    struct queue_append *first;
    struct queue_append *last;
};

/* Prepared statements are kept in arrays, one place each. */
enum write_statement {
    WRITE_BEGIN,
    WRITE_COMMIT,
    WRITE_ROLLBACK,
    WRITE_STATE,
    WRITE_INSERT,
    WRITE_INSERT_2,
    WRITE_INSERT_4,
    WRITE_INSERT_8,
    WRITE_ADD_KEPT,
    WRITE_NEW_CHANNEL,
    WRITE_SUB_KEPT,
    WRITE_FIND_KEY,
    WRITE_ADD_KEY,
    WRITE_NTH_OLDEST,
    WRITE_DELETE_OLDEST,
    WRITE_DELETE_ONE,
    WRITE_OLDEST,
    WRITE_KEPT,
    WRITE_OVER,
    WRITE_CHANNEL_COUNT,
    WRITE_LEAST_USED,
    WRITE_FORGET,
    WRITE_RAISE_FLOOR,
    WRITE_SET_AGED,
    WRITE_DELETE_KEYS,
    WRITE_OLDEST_KEY,
    WRITE_PAGE_COUNT,
    WRITE_FREE_COUNT,
    WRITE_DATA_VERSION,
    WRITE_STATEMENTS
};

enum read_statement {
    READ_HEAD,
    READ_ALL,
    READ_IDS, /* of one channel, upwards */
    READ_IDS_DOWN,
    READ_ROW,
    READ_MARK,
    READ_MARKS,
    READ_NEXT_MARK,
    READ_BOUNDS,
    READ_TOTALS,
    READ_DATA_VERSION,
    READ_STATEMENTS
};

/* What one transaction adds to and takes from each channel; applied to the
 * table `channel` once per channel. Names are borrowed until then. */
struct tally_entry {
    const char *channel;
    int64_t count;
    int64_t last_id;
};

struct tally {
    struct tally_entry entries[QUEUE_BATCH_MESSAGES];
    uint16_t slots[QUEUE_TALLY_SLOTS]; /* an entry's index + 1; 0: free */
    size_t count;
};

/* One sorted run of ids per channel, merged by looking at their heads. */
struct run {
    sqlite3_stmt *up;
    sqlite3_stmt *down;
    int64_t id;   /* its head; 0 when it has none */
    int64_t mark; /* of the channel; 0 when it needs no telling any more */
};

/* What a read transaction sees first. */
struct view {
    int64_t head_id;
    int64_t floor;
    char epoch[QUEUE_EPOCH_SIZE];
};

struct writer {
    sqlite3 *db; /* NULL while there is none */
    sqlite3_stmt *statements[WRITE_STATEMENTS];
    int lock_fd;
    struct stat identity;     /* of the file that is open */
    struct stat wal_identity; /* of its -wal; st_ino 0 when unknown */
    char epoch[QUEUE_EPOCH_SIZE];
    bool read_only;     /* opening failed, but it can be read, if it is there */
    bool new_epoch_due; /* --new-epoch, until it has been given */
    int64_t opened_us;  /* when opening was last tried */

    struct tally tally;
    struct append_list taken;
    size_t taken_count;
    size_t in_flight; /* appends under way at the end of the last batch */

    /* in a transaction: messages that have their ids and are not inserted yet
     */
    const struct queue_message *rows[QUEUE_INSERT_ROWS];
    size_t row_count;
    int64_t head_id; /* the id given last */

    /* pruning and checkpoints: what is due */
    char due[QUEUE_DUE_CHANNELS][QUEUE_CHANNEL_MAX + 1];
    size_t due_count;
    bool sweeping;
    char sweep_after[QUEUE_CHANNEL_MAX + 1];
    bool over_bytes;
    bool over_channels;
    bool over_age;
    bool over_keys;
    int64_t new_channels;  /* since they were counted */
    int64_t channels_over; /* how many are to go */
    int64_t aged_ms;       /* the clock of pruning by age */
    int64_t aged_saved_ms; /* as the file has it */
    int64_t aged_us;       /* when it was last set */
    int64_t ticked_us;
    int64_t swept_version; /* data_version at the last sweep */
    int wal_frames;
    int wal_frames_tried; /* wal_frames at the last checkpoint */
    int frames_since_size;
    int page_size;
    int64_t full_us; /* when a full disk was last met */
    int step_rc;     /* of the last step of pruning */
};

struct queue {
    struct queue_options options;
    char *path;
    char *lock_path;
    char *bell_path;
    char *wal_path;
    char *shm_path;
    char *new_path; /* the file while it is being made */

    /* the loop's own */
    sqlite3 *reader;
    sqlite3_stmt *statements[READ_STATEMENTS];
    struct run *runs; /* one for each channel followed at once */
    size_t run_count;
    unsigned reader_generation;
    int64_t data_version;
    const struct queue_reader *wanting; /* during queue_read_all() */
    bool wanted;                        /* the row at hand */
    bool immutable;  /* the reader sees a file that nobody has open */
    bool keeps_view; /* between queue_begin_reads() and queue_end_reads() */
    bool is_deaf;    /* to the bell */
    int epoll_fd;
    int event_fd;
    size_t appending;
    char read_trouble[QUEUE_TROUBLE_SIZE];
    char trouble_copy[QUEUE_TROUBLE_SIZE];
    struct queue_stats stats_copy;
    struct queue_totals totals;
    int64_t totals_until_us; /* what was read is good enough until then */

    /* shared, atomic */
    struct handover handover;
    _Atomic(struct bell *) bell;
    atomic_bool closing;
    atomic_bool told;    /* by event_fd; the loop has not read it yet */
    atomic_bool news;    /* something was committed or reopened */
    atomic_bool recheck; /* is the file still the one that was opened? */

    /* shared, under the mutex, which the loop only tries: when the writer has
     * it, what the loop knew before is good enough */
    pthread_mutex_t mutex;
    pthread_cond_t opened; /* for queue_open() */
    bool first_try_over;
    char trouble[QUEUE_TROUBLE_SIZE]; /* "" while there is none */
    struct stat opened_as;
    struct queue_stats stats;

    /* shared, atomic: which opening of the file may be read; 0: none */
    atomic_uint generation;
    atomic_bool read_only; /* that one can be read and not written */

    /* without a thread, for an administrator: limits are exact then, and age
     * is what the wall clock says */
    bool is_alone;
    void (*on_removed)(void *context, const char *channel, int64_t count);
    void *removed_context;

    pthread_t thread;
    struct writer writer;
};

/* Where the running kernel says which boot it is; tests point it elsewhere. */
extern const char *queue_boot_id_path;

/* sqlite.c */
void queue_set_trouble(struct queue *queue, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void queue_tell_loop(struct queue *queue);
void queue_list_add(struct append_list *list, struct queue_append *append);

/* sqlite_create.c: the writer's thread only, with the file's lock held. */
extern const int64_t queue_newest_version;
void queue_create_directory(const char *path);
bool queue_create_file(struct queue *queue);
/* What was renamed to PATH, which has a slash in it, outlives a power cut. By
 * whichever thread. */
void queue_sync_directory(const char *path);
bool queue_migrate(struct queue *queue);

/* sqlite_file.c: the writer's thread only. */
bool queue_open_connection(struct queue *queue, const char *path);
void queue_refuse_newer(struct queue *queue, int64_t version);

/* Opens, creates or migrates the file; false with the trouble set and nothing
 * left open. */
bool queue_file_open(struct queue *queue);
void queue_file_close(struct queue *queue);
void queue_file_leave(struct queue *queue, bool as_it_is);
bool queue_file_moved(struct queue *queue);
void queue_file_lock(struct queue *queue);
void queue_file_unlock(struct queue *queue);
/* Says in words what SQLite's RC means for the file. */
void queue_file_trouble(struct queue *queue, sqlite3 *db, int rc);
bool queue_is_full(sqlite3 *db, int rc);

/* sqlite_gather.c: the name of the VFS that the writer opens the file by; NULL
 * (SQLite's own choice) when it cannot be had. */
const char *queue_gather_vfs(void);

/* Reads and renews the state row; with the file's lock held. */
int queue_identity_settle(struct queue *queue);

/* Both connections. */
int queue_execute(sqlite3 *db, const char *sql);
int queue_prepare_all(sqlite3 *db, const char *const *sql, size_t count,
                      sqlite3_stmt **statements);
void queue_finalize_all(sqlite3_stmt **statements, size_t count);
/* Runs a statement that gives no rows, and resets it. */
int queue_run(sqlite3_stmt *statement);

/* sqlite_write.c */
void *queue_writer_main(void *queue);

/* sqlite_store.c: the writer's thread only. */
extern const char *const queue_write_sql[WRITE_STATEMENTS];
/* Takes both locks: SQLITE_OK, or SQLITE_BUSY and the like with neither. */
int queue_write_begin(struct queue *queue);
void queue_write_rollback(struct queue *queue);
int queue_write_commit(struct queue *queue);
/* After a statement that gave RC: unlocks, or rolls back and unlocks. */
int queue_write_end(struct queue *queue, int rc);
/* Between both: stores FIRST and those behind it, up to END. */
int queue_store(struct queue *queue, struct queue_append *first,
                const struct queue_append *end);

/* sqlite_tally.c */
void queue_tally_reset(struct tally *tally);
bool queue_tally_add(struct tally *tally, const char *channel, int64_t id);

/* sqlite_delete.c: the writer's thread only, within a transaction. The marks
 * and counts of the channels are kept up with what is deleted. */
struct queue_oldest {
    int64_t id;
    int64_t time_ms;
    char channel[QUEUE_CHANNEL_MAX + 1];
};

/* Up to COUNT of a channel's oldest, in chunks, until the time is over. */
int queue_delete_oldest(struct queue *queue, const char *channel, int64_t count,
                        int64_t until_us, int64_t *deleted);
/* The oldest of all channels; returns how many there were. */
int queue_find_oldest(struct queue *queue, struct queue_oldest *rows, int max);
/* Those of the ROWS that are older than BEFORE_MS; adds to DELETED. */
int queue_delete_rows(struct queue *queue, const struct queue_oldest *rows,
                      int count, int64_t before_ms, int64_t *deleted);
/* An emptied channel itself. */
int queue_forget(struct queue *queue, const char *channel);

/* sqlite_prune.c: the writer's thread only. */

/* After a commit, and now and then: finds out what is due. */
void queue_prune_look(struct queue *queue);
bool queue_prune_due(const struct queue *queue);
/* One small batch of what is due. */
void queue_prune_step(struct queue *queue);
void queue_prune_kept(struct queue *queue, const char *channel, int64_t kept);
void queue_prune_opened(struct queue *queue, int64_t aged_ms);
/* The disk is full: gives back what can be given back. */
void queue_prune_for_space(struct queue *queue);

/* sqlite_read.c: the loop's thread only. */

/* Begins a read transaction, which queue_end_view() ends, or goes on with the
 * one that queue_begin_reads() has asked to be kept. */
enum queue_status queue_begin_view(struct queue *queue, struct view *view);
void queue_end_view(struct queue *queue);
void queue_drop_view(struct queue *queue);
enum queue_status queue_read_status(struct queue *queue, int rc);
int queue_need_runs(struct queue *queue, size_t count);
void queue_end_runs(struct queue *queue, size_t count);
/* Steps IDS, one of the run's two statements. */
int queue_advance(sqlite3_stmt *ids, struct run *run);
bool queue_reader_ready(struct queue *queue);
bool queue_reader_changed(struct queue *queue);
void queue_reader_close(struct queue *queue);

#endif

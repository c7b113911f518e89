/* Opening the file: is it ours, which file is it, what is wrong with it.
 *
 * A file that is not ours, newer or damaged is left as it is, to the byte, and
 * nothing is made beside it. So its header is looked at before SQLite is asked
 * anything; through SQLite's own descriptor, for closing another descriptor of
 * the same file would drop the locks of this whole process. */
#include "queue/sqlite_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "queue/beside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum {
    HEADER_SIZE = 100,
    HEADER_VERSION_AT = 60,
    HEADER_APPLICATION_AT = 68,
    OPENING_BUSY_MS = 2000,
};

enum verdict { EMPTY, OURS, REFUSED };

int
queue_prepare_all(sqlite3 *db, const char *const *sql, size_t count,
                  sqlite3_stmt **statements)
{
    for (size_t i = 0; i < count; i++) {
        int rc = sqlite3_prepare_v3(db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                                    &statements[i], NULL);
        if (rc != SQLITE_OK)
            return rc;
    }
    return SQLITE_OK;
}

void
queue_finalize_all(sqlite3_stmt **statements, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sqlite3_finalize(statements[i]);
        statements[i] = NULL;
    }
}

int
queue_run(sqlite3_stmt *statement)
{
    sqlite3_step(statement);
    return sqlite3_reset(statement);
}

bool
queue_is_full(sqlite3 *db, int rc)
{
    int error = db ? sqlite3_system_errno(db) : 0;
    int extended = db ? sqlite3_extended_errcode(db) : rc;
    return (rc & 0xff) == SQLITE_FULL || extended == SQLITE_IOERR_SHMSIZE ||
           ((rc & 0xff) == SQLITE_IOERR &&
            (error == ENOSPC || error == EDQUOT));
}

static const char *
reason(sqlite3 *db)
{
    int error = db ? sqlite3_system_errno(db) : 0;
    return error ? strerror(error) : db ? sqlite3_errmsg(db) : "no memory";
}

void
queue_file_trouble(struct queue *queue, sqlite3 *db, int rc)
{
    const char *path = queue->path;
    switch (rc & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        queue_set_trouble(queue,
                          "%s is damaged (%s): move it away and a new "
                          "one is made, or put a backup in its place",
                          path, db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
        break;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        queue_set_trouble(queue,
                          "%s cannot be written, it is read-only for "
                          "this program: give its user the right to write "
                          "the file and its directory",
                          path);
        break;
    case SQLITE_CANTOPEN:
        queue_set_trouble(queue,
                          "%s cannot be opened (%s): the directory must "
                          "exist and be writable for this program's user",
                          path, reason(db));
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        queue_set_trouble(queue,
                          "%s is locked by another program: end that "
                          "program's transaction",
                          path);
        break;
    default:
        if (queue_is_full(db, rc))
            queue_set_trouble(queue,
                              "there is no space left for %s: make "
                              "room on its disk",
                              path);
        else
            queue_set_trouble(queue,
                              "%s fails (%s): look at the system's log "
                              "and the disk",
                              path, reason(db));
    }
}

bool
queue_file_moved(struct queue *queue)
{
    int moved = 0;
    sqlite3 *db = queue->writer.db;
    return db &&
           sqlite3_file_control(db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) ==
               SQLITE_OK &&
           moved;
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* Again when the lock's file was removed while we waited: the others would
 * lock the new one. */
static bool
take_file_lock(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    struct stat named, held;
    for (int tries = 0; tries < 10; tries++) {
        writer->lock_fd = beside_open(queue->lock_path, O_RDWR);
        if (writer->lock_fd < 0)
            return false;
        queue_file_lock(queue);
        if (stat(queue->lock_path, &named) == 0 &&
            fstat(writer->lock_fd, &held) == 0 && same_file(&named, &held))
            return true;
        close(writer->lock_fd);
        writer->lock_fd = -1;
    }
    errno = EAGAIN;
    return false;
}

void
queue_file_lock(struct queue *queue)
{
    while (flock(queue->writer.lock_fd, LOCK_EX) < 0 && errno == EINTR)
        ;
}

void
queue_file_unlock(struct queue *queue)
{
    flock(queue->writer.lock_fd, LOCK_UN);
}

static uint32_t
big_endian(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

void
queue_refuse_newer(struct queue *queue, int64_t version)
{
    queue_set_trouble(queue,
                      "%s was made by a newer Earshot (its version is "
                      "%lld, this one knows %lld): use the newer program",
                      queue->path, (long long)version,
                      (long long)queue_newest_version);
}

static void
refuse_foreign(struct queue *queue)
{
    queue_set_trouble(queue,
                      "%s is not an Earshot queue and is left as it "
                      "is: give --queue another path",
                      queue->path);
}

/* What is left of a file that we had open is removed first: whoever makes the
 * next one would take its -wal for the new file's. */
static enum verdict
judge_empty(struct queue *queue)
{
    if (!queue->options.existing_only || queue->writer.wal_identity.st_ino)
        return EMPTY;
    queue_set_trouble(queue,
                      "%s: there is no such queue; a program of Earshot makes "
                      "one when it starts",
                      queue->path);
    return REFUSED;
}

/* Before SQLite reads anything of it. */
static enum verdict
judge_header(struct queue *queue, sqlite3 *db)
{
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    unsigned char header[HEADER_SIZE] = {0};
    sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (!file || !file->pMethods ||
        file->pMethods->xFileSize(file, &size) != SQLITE_OK) {
        queue_file_trouble(queue, db, SQLITE_CANTOPEN);
        return REFUSED;
    }
    if (size == 0)
        return judge_empty(queue);
    int rc = SQLITE_NOTADB;
    if (size >= HEADER_SIZE)
        rc = file->pMethods->xRead(file, header, HEADER_SIZE, 0);
    if (rc != SQLITE_OK || memcmp(header, "SQLite format 3", 16) != 0) {
        queue_set_trouble(queue,
                          "%s is damaged or not an Earshot queue (it "
                          "does not begin as one), and is left as it is: move "
                          "it away and a new one is made",
                          queue->path);
        return REFUSED;
    }
    if (big_endian(header + HEADER_APPLICATION_AT) != QUEUE_APPLICATION_ID) {
        refuse_foreign(queue);
        return REFUSED;
    }
    uint32_t version = big_endian(header + HEADER_VERSION_AT);
    if (version > queue_newest_version) {
        queue_refuse_newer(queue, version);
        return REFUSED;
    }
    return OURS;
}

/* The last to close a file moves its -wal into it, but not of a file with
 * which something is wrong. */
void
queue_file_leave(struct queue *queue, bool as_it_is)
{
    if (queue->writer.db)
        sqlite3_db_config(queue->writer.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
                          as_it_is, NULL);
}

bool
queue_open_connection(struct queue *queue, const char *path)
{
    struct writer *writer = &queue->writer;
    int rc = sqlite3_open_v2(path, &writer->db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                             queue_gather_vfs());
    if (rc != SQLITE_OK)
        queue_file_trouble(queue, writer->db, rc);
    else
        sqlite3_extended_result_codes(writer->db, 1);
    queue_file_leave(queue, true);
    return rc == SQLITE_OK;
}

/* Which file this is must be known after a power cut whatever the option says,
 * so the option comes last. */
static int
set_pragmas(struct queue *queue)
{
    sqlite3 *db = queue->writer.db;
    int rc = queue_execute(db, "PRAGMA journal_mode = WAL");
    if (rc == SQLITE_OK)
        rc = queue_execute(db, "PRAGMA synchronous = FULL;"
                               "PRAGMA secure_delete = FAST;"
                               "PRAGMA wal_autocheckpoint = 0;"
                               "PRAGMA cache_size = -4000;"
                               "PRAGMA cache_spill = OFF;" /* for gathering */
                               "PRAGMA recursive_triggers = OFF;"
                               "PRAGMA ignore_check_constraints = ON");
    /* What the CHECKs and triggers do for others, the writer does by itself,
     * before it begins: they are half of an INSERT's cost. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return rc;
}

static int
set_synchronous(struct queue *queue)
{
    static const char *const pragmas[] = {
        [QUEUE_SYNC_FULL] = "PRAGMA synchronous = FULL",
        [QUEUE_SYNC_NORMAL] = "PRAGMA synchronous = NORMAL",
        [QUEUE_SYNC_OFF] = "PRAGMA synchronous = OFF",
    };
    return queue_execute(queue->writer.db, pragmas[queue->options.synchronous]);
}

/* With the lock held. A -wal whose file was removed would be taken for the
 * new file's: it is ours if it is the one that we had open. */
static void
remove_leftovers(struct queue *queue)
{
    struct stat named;
    struct writer *writer = &queue->writer;
    if (writer->wal_identity.st_ino && stat(queue->wal_path, &named) == 0 &&
        same_file(&named, &writer->wal_identity) &&
        (stat(queue->path, &named) < 0 ||
         !same_file(&named, &writer->identity))) {
        unlink(queue->wal_path);
        unlink(queue->shm_path);
    }
    writer->wal_identity.st_ino = 0;
}

static int
wal_hook(void *context, sqlite3 *db, const char *name, int frames)
{
    (void)db;
    (void)name;
    struct writer *writer = context;
    int added = frames - writer->wal_frames;
    writer->frames_since_size += added > 0 ? added : frames;
    writer->wal_frames = frames;
    return SQLITE_OK;
}

/* Opens the file as it is now; EMPTY also when there is none. */
static enum verdict
open_and_judge(struct queue *queue)
{
    struct stat named;
    if (stat(queue->path, &named) < 0 && errno == ENOENT)
        return judge_empty(queue);
    if (!queue_open_connection(queue, queue->path))
        return REFUSED;
    enum verdict verdict = judge_header(queue, queue->writer.db);
    if (verdict == OURS)
        return OURS;
    sqlite3_close(queue->writer.db);
    queue->writer.db = NULL;
    return verdict;
}

static bool
open_locked(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    remove_leftovers(queue);
    enum verdict verdict = open_and_judge(queue);
    if (verdict == EMPTY && queue_create_file(queue))
        verdict = open_and_judge(queue);
    if (verdict != OURS)
        return false;
    if (sqlite3_db_readonly(writer->db, "main") == 1) {
        queue_file_trouble(queue, writer->db, SQLITE_READONLY);
        writer->read_only = true;
        return false;
    }
    sqlite3_busy_timeout(writer->db, OPENING_BUSY_MS);
    if (!queue_migrate(queue))
        return false;
    int rc = set_pragmas(queue);
    if (stat(queue->path, &writer->identity) < 0)
        rc = SQLITE_CANTOPEN;
    if (rc == SQLITE_OK)
        rc = queue_identity_settle(queue);
    if (rc == SQLITE_OK)
        rc = set_synchronous(queue);
    if (rc == SQLITE_OK)
        rc = queue_prepare_all(writer->db, queue_write_sql, WRITE_STATEMENTS,
                               writer->statements);
    if (rc != SQLITE_OK) {
        queue_file_trouble(queue, writer->db, rc);
        return false;
    }
    queue_file_leave(queue, false);
    sqlite3_wal_hook(writer->db, wal_hook, writer);
    if (stat(queue->wal_path, &writer->wal_identity) < 0)
        writer->wal_identity.st_ino = 0;
    return true;
}

/* Before anything is made beside the file. */
static bool
acceptable(struct queue *queue)
{
    enum verdict verdict = open_and_judge(queue);
    sqlite3_close(queue->writer.db);
    queue->writer.db = NULL;
    if (verdict == EMPTY && !queue->options.existing_only)
        queue_create_directory(queue->path);
    return verdict != REFUSED;
}

bool
queue_file_open(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    writer->opened_us = clock_monotonic_us();
    writer->read_only = false;
    if (!acceptable(queue)) {
        queue_file_close(queue);
        return false;
    }
    if (!take_file_lock(queue)) {
        writer->read_only = errno == EROFS || errno == EACCES;
        if (writer->read_only)
            queue_file_trouble(queue, NULL, SQLITE_READONLY);
        else
            queue_set_trouble(queue,
                              "%s cannot be made (%s): the directory "
                              "must exist and be writable for this program's "
                              "user",
                              queue->lock_path, strerror(errno));
        return false;
    }
    bool opened = open_locked(queue);
    queue_file_unlock(queue);
    if (!opened)
        queue_file_close(queue);
    return opened;
}

void
queue_file_close(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    queue_finalize_all(writer->statements, WRITE_STATEMENTS);
    sqlite3_close(writer->db);
    writer->db = NULL;
    if (writer->lock_fd >= 0)
        close(writer->lock_fd);
    writer->lock_fd = -1;
}

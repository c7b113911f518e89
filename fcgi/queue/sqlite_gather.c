/* A layer over SQLite's default VFS that writes a transaction's frames in the
 * -wal at once. SQLite writes each in two pieces, its header and its page,
 * which is ten calls of the kernel for a batch, or a tenth of what a commit
 * costs.
 *
 * What is gathered goes to the file when the last frame of the transaction is
 * complete (its header says so, in a field that is 0 in all others), so before
 * SQLite syncs it, or tells other processes of it. The writer's connection has
 * `cache_spill` off, and therefore writes a transaction's frames once, in
 * order. Whatever else is asked of the file finds it written. */
#include "queue/sqlite_internal.h"

#include "base/bytes.h"

#include <string.h>

enum {
    FRAME_HEADER = 24,
    COMMIT_AT = 4, /* in it: the size of the database after the transaction */
    GATHER_MAX = 64 * 1024, /* SQLite's own VFS takes less than 128 KiB */
};

struct gatherer {
    sqlite3_file base;
    sqlite3_file *real; /* behind this struct */
    struct bytes run;
    sqlite3_int64 at;   /* where the run begins */
    bool is_last_frame; /* the header that came last says so */
};

static struct gatherer *
gatherer_of(sqlite3_file *file)
{
    return (struct gatherer *)(void *)file;
}

static int
flush(struct gatherer *gatherer)
{
    if (!gatherer->run.len)
        return SQLITE_OK;
    sqlite3_file *real = gatherer->real;
    int len = (int)gatherer->run.len;
    gatherer->run.len = 0;
    return real->pMethods->xWrite(real, gatherer->run.data, len, gatherer->at);
}

/* Notes what a write says of the transaction; true when it completes it. */
static bool
completes(struct gatherer *gatherer, const unsigned char *data, int size)
{
    static const unsigned char none[4];
    if (size != FRAME_HEADER)
        return gatherer->is_last_frame;
    gatherer->is_last_frame = memcmp(data + COMMIT_AT, none, sizeof(none)) != 0;
    return false;
}

static int
gather_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 at)
{
    struct gatherer *gatherer = gatherer_of(file);
    size_t len = gatherer->run.len;
    bool joins = at == gatherer->at + (sqlite3_int64)len &&
                 len + (size_t)size <= GATHER_MAX;
    int rc = joins ? SQLITE_OK : flush(gatherer);
    if (rc != SQLITE_OK)
        return rc;
    if (!gatherer->run.len)
        gatherer->at = at;
    bytes_append(&gatherer->run, data, (size_t)size);
    return completes(gatherer, data, size) ? flush(gatherer) : SQLITE_OK;
}

/* The rest: what was gathered, then the real method. */

static int
gather_close(sqlite3_file *file)
{
    struct gatherer *gatherer = gatherer_of(file);
    int flushed = flush(gatherer);
    bytes_fini(&gatherer->run);
    int rc = gatherer->real->pMethods->xClose(gatherer->real);
    return flushed == SQLITE_OK ? rc : flushed;
}

static int
gather_read(sqlite3_file *file, void *data, int size, sqlite3_int64 at)
{
    sqlite3_file *real = gatherer_of(file)->real;
    int rc = flush(gatherer_of(file));
    return rc == SQLITE_OK ? real->pMethods->xRead(real, data, size, at) : rc;
}

static int
gather_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    sqlite3_file *real = gatherer_of(file)->real;
    int rc = flush(gatherer_of(file));
    return rc == SQLITE_OK ? real->pMethods->xTruncate(real, size) : rc;
}

static int
gather_sync(sqlite3_file *file, int flags)
{
    sqlite3_file *real = gatherer_of(file)->real;
    int rc = flush(gatherer_of(file));
    return rc == SQLITE_OK ? real->pMethods->xSync(real, flags) : rc;
}

static int
gather_size(sqlite3_file *file, sqlite3_int64 *size)
{
    sqlite3_file *real = gatherer_of(file)->real;
    int rc = flush(gatherer_of(file));
    return rc == SQLITE_OK ? real->pMethods->xFileSize(real, size) : rc;
}

static int
gather_lock(sqlite3_file *file, int lock)
{
    sqlite3_file *real = gatherer_of(file)->real;
    return real->pMethods->xLock(real, lock);
}

static int
gather_unlock(sqlite3_file *file, int lock)
{
    sqlite3_file *real = gatherer_of(file)->real;
    return real->pMethods->xUnlock(real, lock);
}

static int
gather_reserved(sqlite3_file *file, int *result)
{
    sqlite3_file *real = gatherer_of(file)->real;
    return real->pMethods->xCheckReservedLock(real, result);
}

static int
gather_control(sqlite3_file *file, int operation, void *argument)
{
    sqlite3_file *real = gatherer_of(file)->real;
    return real->pMethods->xFileControl(real, operation, argument);
}

static int
gather_sector(sqlite3_file *file)
{
    sqlite3_file *real = gatherer_of(file)->real;
    return real->pMethods->xSectorSize(real);
}

static int
gather_device(sqlite3_file *file)
{
    sqlite3_file *real = gatherer_of(file)->real;
    return real->pMethods->xDeviceCharacteristics(real);
}

static const sqlite3_io_methods methods = {
    .iVersion = 1, /* no shared memory, which is the database's */
    .xClose = gather_close,
    .xRead = gather_read,
    .xWrite = gather_write,
    .xTruncate = gather_truncate,
    .xSync = gather_sync,
    .xFileSize = gather_size,
    .xLock = gather_lock,
    .xUnlock = gather_unlock,
    .xCheckReservedLock = gather_reserved,
    .xFileControl = gather_control,
    .xSectorSize = gather_sector,
    .xDeviceCharacteristics = gather_device,
};

static sqlite3_vfs *real_vfs;

/* All other files than a -wal are the real VFS's alone. */
static int
gather_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
            int *flags_out)
{
    (void)vfs;
    if (!(flags & SQLITE_OPEN_WAL))
        return real_vfs->xOpen(real_vfs, path, file, flags, flags_out);
    struct gatherer *gatherer = gatherer_of(file);
    *gatherer = (struct gatherer){.real = (sqlite3_file *)(gatherer + 1)};
    int rc = real_vfs->xOpen(real_vfs, path, gatherer->real, flags, flags_out);
    if (rc == SQLITE_OK)
        file->pMethods = &methods;
    return rc;
}

static sqlite3_vfs gather_vfs;

static void
register_vfs(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    if (!real_vfs)
        return;
    gather_vfs = *real_vfs;
    gather_vfs.zName = "earshot-gather";
    gather_vfs.szOsFile += (int)sizeof(struct gatherer);
    gather_vfs.xOpen = gather_open;
    if (sqlite3_vfs_register(&gather_vfs, 0) != SQLITE_OK)
        gather_vfs.zName = NULL;
}

const char *
queue_gather_vfs(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_vfs);
    return gather_vfs.zName;
}

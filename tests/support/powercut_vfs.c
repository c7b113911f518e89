#include "powercut_vfs.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

enum { FILES_MAX = 16, SECTOR = 512, PATH_SIZE = 256 };

/* Something done to a file since its last sync. */
struct change {
    struct change *next;
    bool truncates;
    sqlite3_int64 at;
    int size;
    unsigned char data[];
};

struct image {
    unsigned char *data;
    sqlite3_int64 size;
};

struct disk_file {
    char path[PATH_SIZE];
    bool deleted;
    struct image safe;
    struct change *first;
    struct change **last;
};

struct powercut_file {
    sqlite3_file base;
    struct disk_file *disk; /* NULL: a temporary file */
    sqlite3_file *real;     /* behind this struct */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static sqlite3_vfs *real_vfs;
static sqlite3_vfs shim_vfs;
static struct disk_file files[FILES_MAX];
static int file_count;
static long operations, cut_at;
static bool power_gone;
static enum powercut_kind cut_kind;
static unsigned random_state;

static unsigned
next_random(void)
{
    random_state = random_state * 1103515245u + 12345u;
    return random_state >> 16 & 0x7fff;
}

/* With the mutex held. False when this operation is not done any more. */
static bool
has_power(void)
{
    if (power_gone)
        return false;
    operations++;
    if (operations == cut_at)
        power_gone = true;
    return true;
}

/* Images ------------------------------------------------------------------- */

static void
image_resize(struct image *image, sqlite3_int64 size)
{
    if (size > image->size) {
        image->data = realloc(image->data, (size_t)size);
        memset(image->data + image->size, 0, (size_t)(size - image->size));
    }
    image->size = size;
}

static void
image_write(struct image *image, const unsigned char *data, int size,
            sqlite3_int64 at)
{
    if (at + size > image->size)
        image_resize(image, at + size);
    memcpy(image->data + at, data, (size_t)size);
}

static void
apply(struct image *image, const struct change *change)
{
    if (change->truncates)
        image_resize(image, change->at);
    else
        image_write(image, change->data, change->size, change->at);
}

/* Some of the sectors that a write touches. */
static void
apply_some(struct image *image, const struct change *change)
{
    if (change->truncates) {
        if (next_random() % 2)
            apply(image, change);
        return;
    }
    for (int done = 0; done < change->size;) {
        int step = SECTOR - (int)((change->at + done) % SECTOR);
        if (step > change->size - done)
            step = change->size - done;
        if (next_random() % 2)
            image_write(image, change->data + done, step, change->at + done);
        done += step;
    }
}

/* A file that is not known yet (it was renamed, perhaps) is safe as it is. It
 * is open nowhere, so no lock is lost by looking at it. */
static void
image_load(struct image *image, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
    image_resize(image, size);
    if (size && pread(fd, image->data, (size_t)size, 0) != size)
        abort();
    if (fd >= 0)
        close(fd);
}

static void
forget_changes(struct disk_file *file)
{
    while (file->first) {
        struct change *next = file->first->next;
        free(file->first);
        file->first = next;
    }
    file->last = &file->first;
}

static void
note_change(struct disk_file *file, bool truncates, const void *data, int size,
            sqlite3_int64 at)
{
    struct change *change = malloc(sizeof(*change) + (size_t)size);
    *change = (struct change){.truncates = truncates, .at = at, .size = size};
    if (size)
        memcpy(change->data, data, (size_t)size);
    *file->last = change;
    file->last = &change->next;
}

static void
make_safe(struct disk_file *file)
{
    for (struct change *change = file->first; change; change = change->next)
        apply(&file->safe, change);
    forget_changes(file);
}

static struct disk_file *
find_file(const char *path)
{
    for (int i = 0; i < file_count; i++)
        if (strcmp(files[i].path, path) == 0)
            return &files[i];
    if (file_count == FILES_MAX)
        abort();
    struct disk_file *file = &files[file_count++];
    memset(file, 0, sizeof(*file));
    sqlite3_snprintf(PATH_SIZE, file->path, "%s", path);
    file->last = &file->first;
    image_load(&file->safe, path);
    return file;
}

/* The file's methods ---------------------------------------------------------
 */

static sqlite3_file *
real_of(sqlite3_file *file)
{
    return ((struct powercut_file *)file)->real;
}

static int
shim_close(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods ? real->pMethods->xClose(real) : SQLITE_OK;
}

static int
shim_read(sqlite3_file *file, void *data, int size, sqlite3_int64 at)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xRead(real, data, size, at);
}

static int
shim_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 at)
{
    sqlite3_file *real = real_of(file);
    struct disk_file *disk = ((struct powercut_file *)file)->disk;
    int rc = SQLITE_IOERR_WRITE;
    pthread_mutex_lock(&mutex);
    if (!disk) {
        rc = real->pMethods->xWrite(real, data, size, at);
    } else if (has_power()) {
        note_change(disk, false, data, size, at);
        if (!power_gone)
            rc = real->pMethods->xWrite(real, data, size, at);
    }
    pthread_mutex_unlock(&mutex);
    return rc;
}

static int
shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    sqlite3_file *real = real_of(file);
    struct disk_file *disk = ((struct powercut_file *)file)->disk;
    int rc = SQLITE_IOERR_TRUNCATE;
    pthread_mutex_lock(&mutex);
    if (!disk) {
        rc = real->pMethods->xTruncate(real, size);
    } else if (has_power()) {
        note_change(disk, true, NULL, 0, size);
        if (!power_gone)
            rc = real->pMethods->xTruncate(real, size);
    }
    pthread_mutex_unlock(&mutex);
    return rc;
}

/* The real file is not synced: its power is not cut. */
static int
shim_sync(sqlite3_file *file, int flags)
{
    (void)flags;
    struct disk_file *disk = ((struct powercut_file *)file)->disk;
    int rc = SQLITE_IOERR_FSYNC;
    pthread_mutex_lock(&mutex);
    if (!disk) {
        rc = SQLITE_OK;
    } else if (has_power() && !power_gone) {
        make_safe(disk);
        rc = SQLITE_OK;
    }
    pthread_mutex_unlock(&mutex);
    return rc;
}

static int
shim_size(sqlite3_file *file, sqlite3_int64 *size)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xFileSize(real, size);
}

static int
shim_lock(sqlite3_file *file, int lock)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xLock(real, lock);
}

static int
shim_unlock(sqlite3_file *file, int lock)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xUnlock(real, lock);
}

static int
shim_reserved(sqlite3_file *file, int *result)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xCheckReservedLock(real, result);
}

static int
shim_control(sqlite3_file *file, int operation, void *argument)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xFileControl(real, operation, argument);
}

static int
shim_sector(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xSectorSize(real);
}

static int
shim_device(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xDeviceCharacteristics(real);
}

static int
shim_shm_map(sqlite3_file *file, int page, int size, int extend,
             void volatile **map)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xShmMap(real, page, size, extend, map);
}

static int
shim_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xShmLock(real, offset, count, flags);
}

static void
shim_shm_barrier(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    real->pMethods->xShmBarrier(real);
}

static int
shim_shm_unmap(sqlite3_file *file, int delete)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xShmUnmap(real, delete);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_reserved,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector,
    .xDeviceCharacteristics = shim_device,
    .xShmMap = shim_shm_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_shm_barrier,
    .xShmUnmap = shim_shm_unmap,
};

/* The VFS's methods -----------------------------------------------------------
 */

static int
shim_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
          int *flags_out)
{
    (void)vfs;
    struct powercut_file *shim = (struct powercut_file *)file;
    shim->real = (sqlite3_file *)(void *)(shim + 1);
    shim->disk = NULL;
    file->pMethods = NULL;
    int rc = real_vfs->xOpen(real_vfs, path, shim->real, flags, flags_out);
    if (rc != SQLITE_OK)
        return rc;
    file->pMethods = &methods;
    if (path) {
        pthread_mutex_lock(&mutex);
        shim->disk = find_file(path);
        shim->disk->deleted = false;
        pthread_mutex_unlock(&mutex);
    }
    return rc;
}

static int
shim_delete(sqlite3_vfs *vfs, const char *path, int sync_directory)
{
    (void)vfs;
    int rc = SQLITE_IOERR_DELETE;
    pthread_mutex_lock(&mutex);
    if (has_power() && !power_gone) {
        rc = real_vfs->xDelete(real_vfs, path, sync_directory);
        struct disk_file *file = find_file(path);
        forget_changes(file);
        image_resize(&file->safe, 0);
        file->deleted = true;
    }
    pthread_mutex_unlock(&mutex);
    return rc;
}

void
powercut_install(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    shim_vfs = *real_vfs;
    shim_vfs.pNext = NULL;
    shim_vfs.zName = "powercut";
    shim_vfs.szOsFile = (int)sizeof(struct powercut_file) + real_vfs->szOsFile;
    shim_vfs.xOpen = shim_open;
    shim_vfs.xDelete = shim_delete;
    sqlite3_vfs_register(&shim_vfs, 1);
}

void
powercut_arm(long at, enum powercut_kind kind, unsigned seed)
{
    for (int i = 0; i < file_count; i++) {
        forget_changes(&files[i]);
        free(files[i].safe.data);
    }
    file_count = 0;
    operations = 0;
    power_gone = false;
    cut_at = at;
    cut_kind = kind;
    random_state = seed;
}

bool
powercut_happened(void)
{
    pthread_mutex_lock(&mutex);
    bool gone = power_gone;
    pthread_mutex_unlock(&mutex);
    return gone;
}

long
powercut_operations(void)
{
    return operations;
}

/* What was not synced, as the kind of cut has it. */
static void
keep_some(struct disk_file *file)
{
    int count = 0;
    for (struct change *change = file->first; change; change = change->next)
        count++;
    int whole = count ? (int)(next_random() % (unsigned)(count + 1)) : 0;
    int i = 0;
    for (struct change *change = file->first; change;
         change = change->next, i++) {
        if (cut_kind == POWERCUT_SCATTERED)
            apply_some(&file->safe, change);
        else if (i < whole)
            apply(&file->safe, change);
        else if (i == whole)
            apply_some(&file->safe, change);
    }
}

static void
write_out(const struct disk_file *file)
{
    int fd = open(file->path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
    if (fd < 0 || ftruncate(fd, 0) < 0)
        abort();
    for (sqlite3_int64 at = 0; at < file->safe.size;) {
        ssize_t wrote = pwrite(fd, file->safe.data + at,
                               (size_t)(file->safe.size - at), at);
        if (wrote <= 0)
            abort();
        at += wrote;
    }
    close(fd);
}

void
powercut_restore(void)
{
    for (int i = 0; i < file_count; i++) {
        struct disk_file *file = &files[i];
        if (file->deleted || access(file->path, F_OK) != 0)
            continue; /* it was removed, or renamed */
        if (cut_kind != POWERCUT_NONE)
            keep_some(file);
        forget_changes(file);
        write_out(file);
    }
    cut_at = 0;
    power_gone = false;
}

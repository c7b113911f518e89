/* A copy of the queue as it is at one moment, while others use it. */
#include "queue/sqlite_admin.h"

#include "base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGES = 1024 };

/* A file in use has its -wal beside it; to put another one under its name
 * would mix the two. */
static bool
may_write(const char *path, const char *to, bool force,
          char problem[ADMIN_PROBLEM_SIZE])
{
    struct stat source, there, wal;
    if (stat(to, &there) < 0)
        return true; /* what else is wrong will be met when it is made */
    char *wal_path = admin_beside(to, "-wal");
    bool has_wal = stat(wal_path, &wal) == 0;
    free(wal_path);
    if (stat(path, &source) == 0 && source.st_ino == there.st_ino &&
        source.st_dev == there.st_dev)
        admin_problem(problem, "%s is the queue itself: name another file", to);
    else if (!S_ISREG(there.st_mode))
        admin_problem(problem, "%s is no plain file: name another", to);
    else if (has_wal)
        admin_problem(problem,
                      "%s is in use, or was when its program died (%s-wal is "
                      "there): name another file",
                      to, to);
    else if (!force)
        admin_problem(problem,
                      "%s is there already: name another file, or give --force "
                      "to replace it",
                      to);
    else
        return true;
    return false;
}

void
admin_end_signals(sigset_t *ends)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    sigemptyset(ends);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        struct sigaction as;
        if (sigaction(numbers[i], NULL, &as) == 0 && as.sa_handler != SIG_IGN)
            sigaddset(ends, numbers[i]);
    }
}

/* Signals wait until what was made is removed. */
static bool
is_interrupted(void)
{
    sigset_t ends, pending;
    admin_end_signals(&ends);
    sigpending(&pending);
    sigandset(&pending, &pending, &ends);
    return !sigisemptyset(&pending);
}

static void
hold_signals(sigset_t *before)
{
    sigset_t ends;
    admin_end_signals(&ends);
    sigprocmask(SIG_BLOCK, &ends, before);
}

/* The snapshot of one read transaction: writers go on meanwhile. */
static int
copy(sqlite3 *from, sqlite3 *to)
{
    int rc = queue_execute(from, "BEGIN; SELECT epoch FROM state");
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (!backup)
        return sqlite3_errcode(to);
    do {
        rc = is_interrupted() ? SQLITE_INTERRUPT
                              : sqlite3_backup_step(backup, PAGES);
    } while (rc == SQLITE_OK);
    int ended = sqlite3_backup_finish(backup);
    queue_execute(from, "COMMIT");
    return rc == SQLITE_DONE ? ended : rc;
}

/* One file, without a -wal; and of no place, so that whatever opens it as a
 * queue gives it a new epoch, even where it is copied over the old one. */
static int
settle(sqlite3 *db, int64_t *messages)
{
    int rc = queue_execute(db, "PRAGMA journal_mode = DELETE;"
                               "PRAGMA synchronous = FULL;"
                               "UPDATE state SET inode = 0, device = 0");
    *messages = admin_number(db, "SELECT count(*) FROM message");
    return rc;
}

static bool
sync_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return synced;
}

/* Without FORCE a file that came meanwhile is left alone. */
static bool
put_in_place(const char *made, const char *to, bool force,
             char problem[ADMIN_PROBLEM_SIZE])
{
    if (renameat2(AT_FDCWD, made, AT_FDCWD, to, force ? 0 : RENAME_NOREPLACE) ==
        0)
        return true;
    if (!force && errno == EINVAL && link(made, to) == 0 && unlink(made) == 0)
        return true; /* a file system that cannot look and rename at once */
    admin_problem(problem, "%s cannot be made (%s)", to, strerror(errno));
    return false;
}

static bool
make_copy(sqlite3 *from, char *made, int64_t *messages,
          char problem[ADMIN_PROBLEM_SIZE])
{
    sqlite3 *db = NULL;
    int fd = mkostemp(made, O_CLOEXEC);
    if (fd < 0) {
        admin_problem(problem, "%s cannot be made (%s)", made, strerror(errno));
        return false;
    }
    (void)!fchmod(fd, 0660);
    close(fd);
    int rc = sqlite3_open_v2(made, &db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = copy(from, db);
    if (rc == SQLITE_OK)
        rc = settle(db, messages);
    if (rc != SQLITE_OK)
        admin_problem(problem, "%s cannot be written (%s)", made,
                      rc == SQLITE_FULL ? "the disk is full"
                                        : sqlite3_errstr(rc));
    sqlite3_close(db);
    if (rc == SQLITE_OK && !sync_file(made)) {
        admin_problem(problem, "%s cannot be synced (%s)", made,
                      strerror(errno));
        rc = SQLITE_IOERR;
    }
    return rc == SQLITE_OK;
}

/* With what SQLite leaves beside a file that it could not finish. */
static void
remove_part(const char *made)
{
    static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
        char *name = admin_beside(made, suffixes[i]);
        unlink(name);
        free(name);
    }
}

bool
admin_backup(const char *path, const char *to, bool force, int64_t *messages,
             char problem[ADMIN_PROBLEM_SIZE])
{
    if (!may_write(path, to, force, problem))
        return false;
    sqlite3 *from = admin_look_open(path, problem);
    if (!from)
        return false;
    struct bytes made = BYTES_EMPTY;
    bytes_printf(&made, "%s%s-part-XXXXXX%c", strchr(to, '/') ? "" : "./", to,
                 '\0');
    sigset_t before;
    hold_signals(&before);
    bool copied = make_copy(from, made.data, messages, problem) &&
                  put_in_place(made.data, to, force, problem);
    if (copied) /* its name, too, outlives a power cut */
        queue_sync_directory(made.data);
    sqlite3_close(from);
    if (!copied)
        remove_part(made.data);
    sigprocmask(SIG_SETMASK, &before, NULL);
    bytes_fini(&made);
    return copied;
}

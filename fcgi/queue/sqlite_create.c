/* Making a file, and bringing an older one up to date. */
#include "queue/sqlite_internal.h"

#include "queue/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* From version i to version i + 1; only ever added to. */
static const char *const migrations[] = {queue_schema_sql};

const int64_t queue_newest_version = sizeof(migrations) / sizeof(migrations[0]);

void
queue_create_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return;
    char *directory = strndup(path, (size_t)(slash - path));
    if (directory && mkdir(directory, 0770) == 0)
        (void)!chmod(directory, 02770);
    free(directory);
}

static int
pragma_int(sqlite3 *db, const char *sql, int64_t *value)
{
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (rc != SQLITE_OK)
        return rc;
    if (sqlite3_step(statement) == SQLITE_ROW)
        *value = sqlite3_column_int64(statement, 0);
    return sqlite3_finalize(statement);
}

int
queue_execute(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* In a transaction. Each step carries its version with it, so a crash leaves
 * the file at one version or the other. */
static int
migrate(sqlite3 *db, int64_t version)
{
    int rc = SQLITE_OK;
    for (; rc == SQLITE_OK && version < queue_newest_version; version++) {
        char pragma[64];
        rc = queue_execute(db, migrations[version]);
        sqlite3_snprintf(sizeof(pragma), pragma, "PRAGMA user_version = %lld",
                         (long long)version + 1);
        if (rc == SQLITE_OK)
            rc = queue_execute(db, pragma);
    }
    return rc;
}

static int
transaction(sqlite3 *db, int64_t version)
{
    int rc = queue_execute(db, "BEGIN IMMEDIATE");
    if (rc == SQLITE_OK)
        rc = migrate(db, version);
    if (rc == SQLITE_OK)
        rc = queue_execute(db, "PRAGMA application_id = 1164014195");
    if (rc == SQLITE_OK)
        rc = queue_execute(db, "COMMIT");
    if (rc != SQLITE_OK && !sqlite3_get_autocommit(db))
        queue_execute(db, "ROLLBACK");
    return rc;
}

/* The lock on the side keeps other processes of ours away meanwhile. */
bool
queue_migrate(struct queue *queue)
{
    sqlite3 *db = queue->writer.db;
    int64_t version = 0;
    int rc = pragma_int(db, "PRAGMA user_version", &version);
    if (rc == SQLITE_OK && version > queue_newest_version) {
        queue_refuse_newer(queue, version);
        return false;
    }
    if (rc == SQLITE_OK && version < queue_newest_version)
        rc = transaction(db, version);
    if (rc != SQLITE_OK)
        queue_file_trouble(queue, db, rc);
    return rc == SQLITE_OK;
}

void
queue_sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory = strndup(path, (size_t)(slash - path) + 1);
    int fd = directory ? open(directory, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        (void)!fsync(fd);
        close(fd);
    }
    free(directory);
}

/* An empty file that somebody put there beforehand says who may use it. */
static void
make_file(const char *path, const struct stat *like)
{
    unlink(path);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0660);
    if (fd < 0)
        return;
    if (like)
        (void)!fchown(fd, like->st_uid, like->st_gid);
    (void)!fchmod(fd, like ? like->st_mode & 0777 : 0660);
    close(fd);
}

/* With the lock held, where there is no file yet. It comes into being whole,
 * under its name: a crash leaves nothing that is half a queue. */
bool
queue_create_file(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    struct stat there;
    bool empty = stat(queue->path, &there) == 0;
    int rc = SQLITE_CANTOPEN;
    make_file(queue->new_path, empty ? &there : NULL);
    if (!queue_open_connection(queue, queue->new_path))
        return false;
    if (stat(queue->new_path, &writer->identity) == 0)
        rc = queue_execute(writer->db, "PRAGMA synchronous = FULL");
    if (rc == SQLITE_OK)
        rc = transaction(writer->db, 0);
    if (rc == SQLITE_OK)
        rc = queue_identity_settle(queue);
    if (rc == SQLITE_OK)
        rc = queue_execute(writer->db, "PRAGMA journal_mode = WAL");
    if (rc != SQLITE_OK)
        queue_file_trouble(queue, writer->db, rc);
    else if ((rc = sqlite3_close(writer->db)) == SQLITE_OK)
        writer->db = NULL;
    if (rc == SQLITE_OK && rename(queue->new_path, queue->path) < 0) {
        queue_set_trouble(queue, "%s cannot be made (%s)", queue->path,
                          strerror(errno));
        rc = SQLITE_CANTOPEN;
    }
    if (rc == SQLITE_OK)
        queue_sync_directory(queue->path);
    return rc == SQLITE_OK;
}

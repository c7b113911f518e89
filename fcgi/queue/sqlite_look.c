/* Looking into the queue's file as an administrator: what is kept, in figures.
 */
#include "queue/sqlite_admin.h"

#include "base/bytes.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MINUTE_MS = 60 * 1000,
    HOUR_MS = 60 * MINUTE_MS,
    HEADER_SIZE = 100, /* of SQLite's file format, section 1.3 */
    APPLICATION_AT = 68,
};

void
admin_problem(char problem[ADMIN_PROBLEM_SIZE], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(problem, ADMIN_PROBLEM_SIZE, format, args);
    va_end(args);
}

char *
admin_beside(const char *path, const char *suffix)
{
    struct bytes joined = BYTES_EMPTY;
    bytes_append_string(&joined, path);
    bytes_append(&joined, suffix, strlen(suffix) + 1);
    return joined.data;
}

/* Before SQLite has the file open: closing a descriptor of it afterwards would
 * let go of SQLite's locks. */
bool
admin_is_queue(const char *path, char problem[ADMIN_PROBLEM_SIZE])
{
    unsigned char header[HEADER_SIZE];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        admin_problem(problem, "%s: %s", path,
                      errno == ENOENT ? "there is no such queue"
                                      : strerror(errno));
        return false;
    }
    ssize_t got = read(fd, header, sizeof(header));
    close(fd);
    const unsigned char *id = header + APPLICATION_AT;
    if (got == sizeof(header) && memcmp(header, "SQLite format 3", 16) == 0 &&
        ((uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 |
         id[3]) == QUEUE_APPLICATION_ID)
        return true;
    admin_problem(problem,
                  "%s is damaged or not an Earshot queue (it does not begin as "
                  "one), and is left as it is",
                  path);
    return false;
}

int64_t
admin_number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;
    int64_t value = 0;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        return 0;
    if (sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

static bool
is_readable(sqlite3 *db, const char *path, char problem[ADMIN_PROBLEM_SIZE])
{
    int64_t version = admin_number(db, "PRAGMA user_version");
    if (version > queue_newest_version) {
        admin_problem(problem,
                      "%s was made by a newer Earshot (its version is %lld, "
                      "this one knows %lld): use the newer program",
                      path, (long long)version,
                      (long long)queue_newest_version);
        return false;
    }
    int rc = queue_execute(db, "SELECT epoch FROM state");
    if (rc == SQLITE_OK && version < queue_newest_version)
        rc = SQLITE_ERROR;
    if (rc == SQLITE_ERROR)
        admin_problem(problem,
                      "%s is of version %lld, this program's is %lld: run "
                      "earshot migrate first",
                      path, (long long)version,
                      (long long)queue_newest_version);
    else if (rc != SQLITE_OK)
        admin_problem(problem, "%s cannot be read (%s)", path,
                      sqlite3_errmsg(db));
    return rc == SQLITE_OK;
}

sqlite3 *
admin_look_open(const char *path, char problem[ADMIN_PROBLEM_SIZE])
{
    sqlite3 *db = NULL;
    if (!admin_is_queue(path, problem))
        return NULL;
    char *plain = path[0] == '/' || path[0] == '.' ? xstrdup(path) : NULL;
    if (!plain) { /* SQLite takes `:memory:` for something else than a file */
        struct bytes dotted = BYTES_EMPTY;
        bytes_append_string(&dotted, "./");
        bytes_append(&dotted, path, strlen(path) + 1);
        plain = dotted.data;
    }
    int rc = sqlite3_open_v2(plain, &db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    free(plain);
    if (rc != SQLITE_OK) {
        admin_problem(problem, "%s cannot be opened (%s)", path,
                      db ? sqlite3_errmsg(db) : "no memory");
        sqlite3_close(db);
        return NULL;
    }
    sqlite3_busy_timeout(db, ADMIN_BUSY_MS);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (is_readable(db, path, problem) &&
        queue_execute(db, "PRAGMA query_only = ON") == SQLITE_OK)
        return db;
    sqlite3_close(db);
    return NULL;
}

/* Channels ----------------------------------------------------------------- */

static void
read_epoch(sqlite3 *db, char epoch[QUEUE_EPOCH_SIZE])
{
    sqlite3_stmt *statement;
    epoch[0] = '\0';
    if (sqlite3_prepare_v2(db, "SELECT epoch FROM state", -1, &statement,
                           NULL) != SQLITE_OK)
        return;
    if (sqlite3_step(statement) == SQLITE_ROW &&
        sqlite3_column_bytes(statement, 0) == QUEUE_EPOCH_SIZE - 1)
        memcpy(epoch, sqlite3_column_text(statement, 0), QUEUE_EPOCH_SIZE);
    sqlite3_finalize(statement);
}

static void
read_kept(sqlite3_stmt *kept, struct admin_channel *channel)
{
    sqlite3_bind_text(kept, 1, channel->name, -1, SQLITE_STATIC);
    if (sqlite3_step(kept) == SQLITE_ROW) {
        channel->first_id = sqlite3_column_int64(kept, 0);
        channel->last_id = sqlite3_column_int64(kept, 1);
        channel->size_bytes = sqlite3_column_int64(kept, 2);
        channel->newest_ms = sqlite3_column_int64(kept, 3);
    }
    sqlite3_reset(kept);
}

bool
admin_channels(const char *path,
               void (*on_channel)(void *context,
                                  const struct admin_channel *channel,
                                  const char *epoch),
               void *context, char problem[ADMIN_PROBLEM_SIZE])
{
    static const char names_sql[] =
        "SELECT name, kept, pruned FROM channel ORDER BY name";
    static const char kept_sql[] =
        "SELECT min(id), max(id), sum(length(CAST(data AS BLOB))),"
        " (SELECT time FROM message WHERE id ="
        " (SELECT max(id) FROM message WHERE channel = ?1))"
        " FROM message WHERE channel = ?1";
    char epoch[QUEUE_EPOCH_SIZE];
    sqlite3_stmt *names = NULL, *kept = NULL;
    sqlite3 *db = admin_look_open(path, problem);
    if (!db)
        return false;
    int rc = queue_execute(db, "BEGIN");
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db, names_sql, -1, &names, NULL);
    read_epoch(db, epoch);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db, kept_sql, -1, &kept, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(names)) == SQLITE_ROW) {
        struct admin_channel channel = {
            .name = (const char *)sqlite3_column_text(names, 0),
            .kept = sqlite3_column_int64(names, 1),
            .pruned_id = sqlite3_column_int64(names, 2),
        };
        read_kept(kept, &channel);
        on_channel(context, &channel, epoch);
        rc = SQLITE_OK;
    }
    if (rc != SQLITE_DONE)
        admin_problem(problem, "%s cannot be read (%s)", path,
                      sqlite3_errmsg(db));
    sqlite3_finalize(names);
    sqlite3_finalize(kept);
    sqlite3_close(db);
    return rc == SQLITE_DONE;
}

/* Figures ------------------------------------------------------------------ */

/* The first id whose message is not older than SINCE_MS: ids and times grow
 * together. */
static int64_t
id_since(sqlite3 *db, int64_t since_ms)
{
    sqlite3_stmt *at;
    if (sqlite3_prepare_v2(db,
                           "SELECT id, time FROM message WHERE id >= ?1"
                           " ORDER BY id LIMIT 1",
                           -1, &at, NULL) != SQLITE_OK)
        return INT64_MAX;
    int64_t low = admin_number(db, "SELECT min(id) FROM message");
    int64_t high = admin_number(db, "SELECT max(id) FROM message") + 1;
    while (low < high) {
        int64_t middle = low + (high - low) / 2, id = high, time_ms = INT64_MAX;
        sqlite3_bind_int64(at, 1, middle);
        if (sqlite3_step(at) == SQLITE_ROW) {
            id = sqlite3_column_int64(at, 0);
            time_ms = sqlite3_column_int64(at, 1);
        }
        sqlite3_reset(at);
        if (time_ms >= since_ms)
            high = middle;
        else
            low = id + 1;
    }
    sqlite3_finalize(at);
    return low;
}

static int64_t
count_since(sqlite3 *db, int64_t since_ms)
{
    char sql[128];
    sqlite3_snprintf(sizeof(sql), sql,
                     "SELECT count(*) FROM message WHERE id >= %lld",
                     (long long)id_since(db, since_ms));
    return admin_number(db, sql);
}

static int64_t
bytes_of(const char *path, const char *suffix)
{
    char *name = admin_beside(path, suffix);
    struct stat found;
    int64_t size = stat(name, &found) == 0 ? found.st_size : 0;
    free(name);
    return size;
}

bool
admin_figures(const char *path, struct admin_figures *figures,
              char problem[ADMIN_PROBLEM_SIZE])
{
    sqlite3 *db = admin_look_open(path, problem);
    if (!db)
        return false;
    queue_execute(db, "BEGIN");
    *figures = (struct admin_figures){
        .version = admin_number(db, "PRAGMA user_version"),
        .head_id = admin_number(db, "SELECT seq FROM sqlite_sequence"
                                    " WHERE name = 'message'"),
        .messages = admin_number(db, "SELECT sum(kept) FROM channel"),
        .channels = admin_number(db, "SELECT count(*) FROM channel"),
        .keys = admin_number(db, "SELECT count(*) FROM publish_key"),
        .last_minute = count_since(db, clock_wall_ms() - MINUTE_MS),
        .last_hour = count_since(db, clock_wall_ms() - HOUR_MS),
        .oldest_ms = admin_number(db, "SELECT time FROM message"
                                      " ORDER BY id LIMIT 1"),
        .newest_ms = admin_number(db, "SELECT time FROM message"
                                      " ORDER BY id DESC LIMIT 1"),
        .created_ms = admin_number(db, "SELECT created FROM state"),
        .size_bytes = (admin_number(db, "PRAGMA page_count") -
                       admin_number(db, "PRAGMA freelist_count")) *
                      admin_number(db, "PRAGMA page_size"),
        .file_bytes = bytes_of(path, ""),
        .wal_bytes = bytes_of(path, "-wal"),
    };
    read_epoch(db, figures->epoch);
    int rc = queue_execute(db, "COMMIT");
    if (rc != SQLITE_OK)
        admin_problem(problem, "%s cannot be read (%s)", path,
                      sqlite3_errmsg(db));
    sqlite3_close(db);
    return rc == SQLITE_OK;
}

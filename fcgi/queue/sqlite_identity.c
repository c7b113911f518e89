/* Which file is this, and who ran last: no id is given twice.
 *
 * The file remembers the boot it was opened under and its own inode. After
 * another boot the ids jump: a power cut may have taken the last of them
 * although they were delivered. Another inode means a copy: both go on giving
 * ids, so this one gets an epoch of its own. */
#include "queue/sqlite_internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define BOOT_JUMP (INT64_C(1) << 20)

const char *queue_boot_id_path = "/proc/sys/kernel/random/boot_id";

static void
read_boot(char boot[QUEUE_BOOT_SIZE])
{
    memset(boot, 0, QUEUE_BOOT_SIZE);
    int fd = open(queue_boot_id_path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t got = read(fd, boot, QUEUE_BOOT_SIZE - 1);
    close(fd);
    boot[got > 0 ? got : 0] = '\0';
    boot[strcspn(boot, "\n")] = '\0';
}

static bool
make_epoch(char epoch[QUEUE_EPOCH_SIZE])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    uint64_t random;
    if (getrandom(&random, sizeof(random), 0) != sizeof(random))
        return false;
    for (int i = 0; i < QUEUE_EPOCH_SIZE - 1; i++, random /= 36)
        epoch[i] = letters[random % 36];
    epoch[QUEUE_EPOCH_SIZE - 1] = '\0';
    return true;
}

/* What the file remembers of itself, against what is found. */
struct identity {
    bool known; /* there is a row */
    bool same_boot;
    bool same_file;
    int64_t aged_ms;
    char epoch[QUEUE_EPOCH_SIZE];
    char boot[QUEUE_BOOT_SIZE]; /* now */
};

static int
read_identity(struct queue *queue, struct identity *identity)
{
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(queue->writer.db,
                                "SELECT epoch, boot, inode, device, aged"
                                " FROM state",
                                -1, &statement, NULL);
    if (rc != SQLITE_OK)
        return rc;
    const struct stat *file = &queue->writer.identity;
    memset(identity, 0, sizeof(*identity));
    read_boot(identity->boot);
    if (sqlite3_step(statement) == SQLITE_ROW) {
        const char *epoch = (const char *)sqlite3_column_text(statement, 0);
        const char *boot = (const char *)sqlite3_column_text(statement, 1);
        identity->known = strlen(epoch) == QUEUE_EPOCH_SIZE - 1;
        if (identity->known)
            memcpy(identity->epoch, epoch, QUEUE_EPOCH_SIZE);
        identity->same_boot = strcmp(boot, identity->boot) == 0;
        identity->same_file =
            sqlite3_column_int64(statement, 2) == (int64_t)file->st_ino &&
            sqlite3_column_int64(statement, 3) == (int64_t)file->st_dev;
        identity->aged_ms = sqlite3_column_int64(statement, 4);
    }
    return sqlite3_finalize(statement);
}

static int
write_identity(struct queue *queue, const struct identity *identity)
{
    static const char sql[] =
        "INSERT INTO state(one, epoch, boot, inode, device, created, aged,"
        " floor) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?5, 0)"
        " ON CONFLICT(one) DO UPDATE"
        " SET epoch = ?1, boot = ?2, inode = ?3, device = ?4";
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(queue->writer.db, sql, -1, &statement, NULL);
    if (rc != SQLITE_OK)
        return rc;
    const struct stat *file = &queue->writer.identity;
    sqlite3_bind_text(statement, 1, identity->epoch, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, identity->boot, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, (int64_t)file->st_ino);
    sqlite3_bind_int64(statement, 4, (int64_t)file->st_dev);
    sqlite3_bind_int64(statement, 5, clock_wall_ms());
    sqlite3_step(statement);
    return sqlite3_finalize(statement);
}

/* In a transaction: what was found once more, now that nobody else writes. */
static int
renew_identity(struct queue *queue, struct identity *identity)
{
    int rc = read_identity(queue, identity);
    if (rc != SQLITE_OK)
        return rc;
    bool another =
        !identity->known || !identity->same_file || queue->writer.new_epoch_due;
    if (another && !make_epoch(identity->epoch))
        return SQLITE_IOERR;
    if (identity->known && !identity->same_boot) {
        char sql[128];
        sqlite3_snprintf(sizeof(sql), sql,
                         "UPDATE sqlite_sequence"
                         " SET seq = seq + %lld WHERE name = 'message'",
                         (long long)BOOT_JUMP);
        rc = queue_execute(queue->writer.db, sql);
    }
    if (!identity->known)
        identity->aged_ms = clock_wall_ms();
    if (rc == SQLITE_OK)
        rc = write_identity(queue, identity);
    if (rc == SQLITE_OK)
        log_info("queue", "identity path=%s epoch=%s%s%s%s", queue->path,
                 identity->epoch, identity->known ? "" : " created",
                 identity->known && another ? " new-epoch" : "",
                 identity->known && !identity->same_boot ? " new-boot" : "");
    return rc;
}

int
queue_identity_settle(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    struct identity identity;
    int rc = read_identity(queue, &identity);
    if (rc == SQLITE_OK && (!identity.known || !identity.same_boot ||
                            !identity.same_file || writer->new_epoch_due)) {
        rc = queue_execute(writer->db, "BEGIN IMMEDIATE");
        if (rc == SQLITE_OK)
            rc = renew_identity(queue, &identity);
        if (rc == SQLITE_OK)
            rc = queue_execute(writer->db, "COMMIT");
        if (!sqlite3_get_autocommit(writer->db))
            queue_execute(writer->db, "ROLLBACK");
    }
    if (rc == SQLITE_OK) {
        writer->new_epoch_due = false;
        memcpy(writer->epoch, identity.epoch, sizeof(writer->epoch));
        queue_prune_opened(queue, identity.aged_ms);
    }
    return rc;
}

/* Is the file sound? Everything that can be found out by reading it. */
#include "queue/sqlite_admin.h"

#include "base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FINDINGS_MAX = 20,     /* lines of PRAGMA integrity_check */
    WRITE_VERSION_AT = 18, /* SQLite's file format, section 1.3.3: 2 is WAL */
};

void
admin_found(const struct findings *findings, enum admin_weight weight,
            const char *format, ...)
{
    char sentence[ADMIN_PROBLEM_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    findings->on_finding(findings->context, weight, sentence);
}

/* Before SQLite has it open: see admin_is_queue(). */
static void
check_mode(const char *path, const struct findings *findings)
{
    unsigned char version = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && pread(fd, &version, 1, WRITE_VERSION_AT) == 1 &&
        version != 2)
        admin_found(findings, ADMIN_WRONG,
                    "the file is not in WAL mode, so readers and writers wait "
                    "for each other: start a program of Earshot with it, which "
                    "sets it");
    if (fd >= 0)
        close(fd);
}

static void
check_integrity(sqlite3 *db, const struct findings *findings)
{
    sqlite3_stmt *check = NULL;
    char sql[64];
    sqlite3_snprintf(sizeof(sql), sql, "PRAGMA integrity_check(%d)",
                     FINDINGS_MAX);
    int rc = sqlite3_prepare_v2(db, sql, -1, &check, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(check)) == SQLITE_ROW) {
        const char *line = (const char *)sqlite3_column_text(check, 0);
        if (line && strcmp(line, "ok") != 0)
            admin_found(findings, ADMIN_WRONG,
                        "the file is damaged: %s. Keep a copy, and put a "
                        "backup in its place, or move it away and a new one is "
                        "made",
                        line);
        rc = SQLITE_OK;
    }
    if (rc != SQLITE_DONE)
        admin_found(findings, ADMIN_WRONG,
                    "the file cannot be read to its end (%s): keep a copy, "
                    "and put a backup in its place",
                    sqlite3_errmsg(db));
    sqlite3_finalize(check);
}

/* What the triggers and the writer keep up with, counted anew. */
static void
check_accounts(sqlite3 *db, const struct findings *findings)
{
    int64_t wrong = admin_number(
        db, "SELECT (SELECT count(*) FROM channel WHERE kept <>"
            " (SELECT count(*) FROM message WHERE channel = name)) +"
            " (SELECT count(DISTINCT channel) FROM message"
            " WHERE channel NOT IN (SELECT name FROM channel))");
    if (wrong)
        admin_found(findings, ADMIN_WRONG,
                    "%lld channels do not hold what was counted: somebody has "
                    "changed the file with triggers off. Repair it, with the "
                    "programs stopped, by sqlite3: INSERT OR IGNORE INTO "
                    "channel SELECT channel, 0, max(id), 0 FROM message GROUP "
                    "BY channel; UPDATE channel SET kept = (SELECT count(*) "
                    "FROM message WHERE channel = name)",
                    (long long)wrong);
    if (admin_number(db, "SELECT count(*) FROM sqlite_sequence"
                         " WHERE name = 'message' AND seq <"
                         " (SELECT max(id) FROM message)"))
        admin_found(findings, ADMIN_WRONG,
                    "ids would be given twice: sqlite_sequence was changed. "
                    "Start a program of Earshot with --new-epoch once, after "
                    "UPDATE sqlite_sequence SET seq = (SELECT max(id) FROM "
                    "message) WHERE name = 'message'");
    if (admin_number(db, "SELECT count(*) FROM state") != 1)
        admin_found(findings, ADMIN_WRONG,
                    "the file does not say which queue it is (its table state "
                    "has not one row): put a backup in its place");
}

void
admin_check(const char *path, admin_finding *on_finding, void *context)
{
    const struct findings findings = {on_finding, context};
    char problem[ADMIN_PROBLEM_SIZE];
    admin_check_around(path, &findings);
    if (admin_is_queue(path, problem))
        check_mode(path, &findings);
    sqlite3 *db = admin_look_open(path, problem);
    if (!db) {
        admin_found(&findings, ADMIN_WRONG, "%s", problem);
        return;
    }
    check_integrity(db, &findings);
    check_accounts(db, &findings);
    sqlite3_close(db);
}

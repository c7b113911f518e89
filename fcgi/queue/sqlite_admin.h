/* What the administrator's files share; nobody else includes this. */
#ifndef EARSHOT_QUEUE_SQLITE_ADMIN_H
#define EARSHOT_QUEUE_SQLITE_ADMIN_H

#include "queue/admin.h"
#include "queue/sqlite_internal.h"

enum { ADMIN_BUSY_MS = 10000 };

/* sqlite_look.c: a connection that only reads, of a file that is a queue of a
 * version that this program knows; NULL with the PROBLEM. Closing it leaves
 * the file as it is. */
sqlite3 *admin_look_open(const char *path, char problem[ADMIN_PROBLEM_SIZE]);
void admin_problem(char problem[ADMIN_PROBLEM_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The number that SQL gives; 0: none. */
int64_t admin_number(sqlite3 *db, const char *sql);

/* Whether the file at PATH begins as a queue does. What is not there, or not
 * ours, is in PROBLEM. */
bool admin_is_queue(const char *path, char problem[ADMIN_PROBLEM_SIZE]);

/* A name beside the queue's file; to be freed. */
char *admin_beside(const char *path, const char *suffix);

/* sqlite.c: a queue without its thread, whose file is not open. */
struct queue *queue_make(const struct queue_options *options);
void queue_unmake(struct queue *queue);

/* sqlite_check_around.c: permissions, the directory, the disk. */
typedef void admin_finding(void *context, enum admin_weight weight,
                           const char *sentence);
struct findings {
    admin_finding *on_finding;
    void *context;
};
void admin_found(const struct findings *findings, enum admin_weight weight,
                 const char *format, ...) __attribute__((format(printf, 3, 4)));
void admin_check_around(const char *path, const struct findings *findings);

#endif

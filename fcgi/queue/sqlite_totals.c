/* What is in the file as a whole: for figures, and not for every request. */
#include "queue/sqlite_internal.h"

#include "base/clock.h"

#include <string.h>

/* What was read is good enough for so many times as long as reading it took:
 * with a hundred thousand channels that is half a second. */
enum { REST = 100 };

static void
take_totals(sqlite3_stmt *find, struct queue_totals *totals)
{
    int64_t pages =
        sqlite3_column_int64(find, 3) - sqlite3_column_int64(find, 4);
    totals->channels = sqlite3_column_int64(find, 0);
    totals->messages = sqlite3_column_int64(find, 1);
    totals->oldest_ms = sqlite3_column_int64(find, 2);
    totals->size_bytes = pages * sqlite3_column_int64(find, 5);
}

enum queue_status
queue_totals(struct queue *queue, struct queue_totals *totals)
{
    int64_t began_us = clock_monotonic_us();
    if (began_us < queue->totals_until_us) {
        *totals = queue->totals;
        return QUEUE_OK;
    }
    struct view view;
    enum queue_status status = queue_begin_view(queue, &view);
    if (status != QUEUE_OK)
        return status;
    struct queue_totals found = {0};
    sqlite3_stmt *find = queue->statements[READ_TOTALS];
    int rc = sqlite3_step(find);
    if (rc == SQLITE_ROW)
        take_totals(find, &found);
    sqlite3_reset(find);
    queue_end_view(queue);
    status = queue_read_status(queue, rc);
    if (status != QUEUE_OK)
        return status;
    struct stat wal;
    if (stat(queue->wal_path, &wal) == 0)
        found.wal_bytes = wal.st_size;
    int64_t now_us = clock_monotonic_us();
    queue->totals = *totals = found;
    queue->totals_until_us = now_us + REST * (now_us - began_us);
    return QUEUE_OK;
}

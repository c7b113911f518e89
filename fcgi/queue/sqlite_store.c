/* What happens within a transaction of the writer: appends become rows. */
#include "queue/sqlite_internal.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <string.h>

enum { MESSAGE_MAX_BYTES = 1 << 20 };

#define INSERT                                                                 \
    "INSERT INTO message(channel, event, data, type, time, \"from\") VALUES "
#define ROW "(?, ?, ?, ?, ?, ?)"

const char *const queue_write_sql[WRITE_STATEMENTS] = {
    [WRITE_BEGIN] = "BEGIN IMMEDIATE",
    [WRITE_COMMIT] = "COMMIT",
    [WRITE_ROLLBACK] = "ROLLBACK",
    [WRITE_STATE] = "SELECT epoch, (SELECT seq FROM sqlite_sequence"
                    " WHERE name = 'message') FROM state",
    [WRITE_INSERT] = INSERT ROW,
    [WRITE_INSERT_2] = INSERT ROW "," ROW,
    [WRITE_INSERT_4] = INSERT ROW "," ROW "," ROW "," ROW,
    [WRITE_INSERT_8] =
        INSERT ROW "," ROW "," ROW "," ROW "," ROW "," ROW "," ROW "," ROW,
    [WRITE_ADD_KEPT] = "UPDATE channel SET kept = kept + ?2, last = ?3"
                       " WHERE name = ?1",
    [WRITE_NEW_CHANNEL] = "INSERT INTO channel(name, kept, last, pruned)"
                          " VALUES (?1, ?2, ?3, (SELECT floor FROM state))",
    [WRITE_SUB_KEPT] =
        "UPDATE channel SET kept = kept - ?2, pruned = max(pruned, ?3)"
        " WHERE name = ?1",
    [WRITE_FIND_KEY] = "SELECT fingerprint, first, count FROM publish_key"
                       " WHERE channel = ?1 AND key = ?2",
    [WRITE_ADD_KEY] = "INSERT INTO publish_key(channel, key, fingerprint,"
                      " first, count, time) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [WRITE_NTH_OLDEST] = "SELECT id FROM message WHERE channel = ?1"
                         " ORDER BY id LIMIT 1 OFFSET ?2",
    [WRITE_DELETE_OLDEST] =
        "DELETE FROM message WHERE channel = ?1 AND id <= ?2",
    [WRITE_DELETE_ONE] = "DELETE FROM message WHERE id = ?1",
    [WRITE_OLDEST] = "SELECT id, channel, time FROM message"
                     " ORDER BY id LIMIT ?1",
    [WRITE_KEPT] = "SELECT kept FROM channel WHERE name = ?1",
    [WRITE_OVER] = "SELECT name, kept FROM channel WHERE name > ?1"
                   " ORDER BY name LIMIT ?2",
    [WRITE_CHANNEL_COUNT] = "SELECT count(*) FROM channel",
    [WRITE_LEAST_USED] = "SELECT name, kept FROM channel"
                         " ORDER BY kept > 0, last LIMIT ?1",
    [WRITE_FORGET] = "DELETE FROM channel WHERE name = ?1 AND kept <= 0"
                     " RETURNING pruned",
    [WRITE_RAISE_FLOOR] = "UPDATE state SET floor = max(floor, ?1)",
    [WRITE_SET_AGED] = "UPDATE state SET aged = ?1",
    [WRITE_DELETE_KEYS] =
        "DELETE FROM publish_key WHERE (channel, key) IN (SELECT channel, key"
        " FROM publish_key WHERE time < ?1 ORDER BY time LIMIT ?2)",
    [WRITE_OLDEST_KEY] = "SELECT min(time) FROM publish_key",
    [WRITE_PAGE_COUNT] = "PRAGMA page_count",
    [WRITE_FREE_COUNT] = "PRAGMA freelist_count",
    [WRITE_DATA_VERSION] = "PRAGMA data_version",
};

/* In the order of a row's parameters. */
enum {
    BIND_CHANNEL = 1,
    BIND_EVENT,
    BIND_DATA,
    BIND_TYPE,
    BIND_TIME,
    BIND_FROM,
    BIND_ROW = BIND_FROM
};

/* Transactions ------------------------------------------------------------ */

int
queue_write_begin(struct queue *queue)
{
    queue_file_lock(queue);
    int rc = queue_run(queue->writer.statements[WRITE_BEGIN]);
    if (rc != SQLITE_OK)
        queue_file_unlock(queue);
    return rc;
}

void
queue_write_rollback(struct queue *queue)
{
    if (!sqlite3_get_autocommit(queue->writer.db))
        queue_run(queue->writer.statements[WRITE_ROLLBACK]);
    queue_file_unlock(queue);
}

int
queue_write_commit(struct queue *queue)
{
    int rc = queue_run(queue->writer.statements[WRITE_COMMIT]);
    return queue_write_end(queue, rc);
}

/* What went wrong is asked before a ROLLBACK makes SQLite forget it. */
int
queue_write_end(struct queue *queue, int rc)
{
    if (rc == SQLITE_OK) {
        queue_file_unlock(queue);
        return rc;
    }
    if (queue_is_full(queue->writer.db, rc))
        rc = SQLITE_FULL;
    queue_write_rollback(queue);
    return rc;
}

/* One append --------------------------------------------------------------- */

static bool
all_of(const char *word, const char *also, size_t max)
{
    size_t len = strlen(word);
    for (size_t i = 0; i < len; i++) {
        char c = word[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
              (c >= '0' && c <= '9') || strchr(also, c)))
            return false;
    }
    return len >= 1 && len <= max;
}

/* The CHECKs of the schema say the same again, for others. */
static bool
follows_rules(const struct queue *queue, const struct queue_message *message)
{
    size_t max = MESSAGE_MAX_BYTES;
    if ((uint64_t)queue->options.message_max_bytes < max)
        max = (size_t)queue->options.message_max_bytes;
    size_t event_len = strlen(message->event);
    return all_of(message->channel, "._~-", QUEUE_CHANNEL_MAX) &&
           all_of((char[2]){message->channel[0], 0}, "", 1) && event_len >= 1 &&
           event_len <= QUEUE_EVENT_MAX &&
           utf8_printable(message->event, event_len) &&
           strncmp(message->event, "earshot.", 8) != 0 &&
           (!message->from || all_of(message->from, "_-", QUEUE_FROM_MAX)) &&
           message->size_bytes <= max &&
           (message->type == QUEUE_BINARY ||
            utf8_valid(message->data, message->size_bytes));
}

static bool
append_follows_rules(const struct queue *queue,
                     const struct queue_append *append)
{
    if (append->count == 0 ||
        (append->key &&
         (!append->key[0] || strlen(append->key) > QUEUE_KEY_MAX)))
        return false;
    for (size_t i = 0; i < append->count; i++)
        if (!follows_rules(queue, &append->messages[i]))
            return false;
    return true;
}

/* Binds MESSAGE to the parameters behind the first AT. */
static void
bind_row(sqlite3_stmt *insert, int at, const struct queue_message *message,
         int64_t now_ms)
{
    static const char *const types[] = {[QUEUE_TEXT] = "text",
                                        [QUEUE_JSON] = "json",
                                        [QUEUE_BINARY] = "binary"};
    const void *data = message->size_bytes ? message->data : "";
    int size = (int)message->size_bytes;
    sqlite3_bind_text(insert, at + BIND_CHANNEL, message->channel, -1,
                      SQLITE_STATIC);
    sqlite3_bind_text(insert, at + BIND_EVENT, message->event, -1,
                      SQLITE_STATIC);
    if (message->type == QUEUE_BINARY)
        sqlite3_bind_blob(insert, at + BIND_DATA, data, size, SQLITE_STATIC);
    else
        sqlite3_bind_text(insert, at + BIND_DATA, data, size, SQLITE_STATIC);
    sqlite3_bind_text(insert, at + BIND_TYPE, types[message->type], -1,
                      SQLITE_STATIC);
    sqlite3_bind_int64(insert, at + BIND_TIME, now_ms);
    if (message->from)
        sqlite3_bind_text(insert, at + BIND_FROM, message->from, -1,
                          SQLITE_STATIC);
    else
        sqlite3_bind_null(insert, at + BIND_FROM);
}

/* Inserts what has its id already, by as few statements as there are: one costs
 * as much as a row. */
static int
insert_rows(struct queue *queue, int64_t now_ms)
{
    static const struct {
        size_t rows;
        enum write_statement statement;
    } sizes[] = {{8, WRITE_INSERT_8},
                 {4, WRITE_INSERT_4},
                 {2, WRITE_INSERT_2},
                 {1, WRITE_INSERT}};
    struct writer *writer = &queue->writer;
    size_t count = writer->row_count, done = 0;
    int rc = SQLITE_OK;
    for (size_t size = 0; rc == SQLITE_OK && done < count;) {
        if (count - done < sizes[size].rows) {
            size++;
            continue;
        }
        sqlite3_stmt *insert = writer->statements[sizes[size].statement];
        for (size_t i = 0; i < sizes[size].rows; i++)
            bind_row(insert, (int)i * BIND_ROW, writer->rows[done++], now_ms);
        rc = queue_run(insert);
    }
    writer->row_count = 0;
    /* We hold the lock: the ids are the next ones, or the file is not sound. */
    if (rc == SQLITE_OK && count &&
        sqlite3_last_insert_rowid(writer->db) != writer->head_id)
        rc = SQLITE_CORRUPT;
    return rc;
}

/* Gives MESSAGE the next id. */
static int
add_row(struct queue *queue, const struct queue_message *message,
        int64_t now_ms)
{
    struct writer *writer = &queue->writer;
    writer->rows[writer->row_count++] = message;
    writer->head_id++;
    return writer->row_count == QUEUE_INSERT_ROWS ? insert_rows(queue, now_ms)
                                                  : SQLITE_OK;
}

/* How many messages are kept of CHANNEL; -1: it is not known yet. */
static int64_t
kept_of(struct queue *queue, const char *channel)
{
    sqlite3_stmt *find = queue->writer.statements[WRITE_KEPT];
    sqlite3_bind_text(find, 1, channel, -1, SQLITE_STATIC);
    int64_t kept = -1;
    if (sqlite3_step(find) == SQLITE_ROW)
        kept = sqlite3_column_int64(find, 0);
    sqlite3_reset(find);
    return kept;
}

/* Two plain statements: one upsert that returns the count makes a temporary
 * table each time, which costs three times as much. */
static int
settle_entry(struct queue *queue, const struct tally_entry *entry)
{
    struct writer *writer = &queue->writer;
    int64_t kept = kept_of(queue, entry->channel);
    bool is_new = kept < 0;
    sqlite3_stmt *add =
        writer->statements[is_new ? WRITE_NEW_CHANNEL : WRITE_ADD_KEPT];
    sqlite3_bind_text(add, 1, entry->channel, -1, SQLITE_STATIC);
    sqlite3_bind_int64(add, 2, entry->count);
    sqlite3_bind_int64(add, 3, entry->last_id);
    int rc = queue_run(add);
    if (rc != SQLITE_OK)
        return rc;
    if (is_new) {
        writer->new_channels++;
        kept = 0; /* its first batch may be over the limit already */
    }
    queue_prune_kept(queue, entry->channel, kept + entry->count);
    return rc;
}

/* The accounts of the channels, once per transaction. */
static int
settle_tally(struct queue *queue)
{
    struct tally *tally = &queue->writer.tally;
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < tally->count; i++)
        rc = settle_entry(queue, &tally->entries[i]);
    queue_tally_reset(tally);
    return rc;
}

/* True when the key's outcome is known already. */
static bool
find_key(struct queue *queue, struct queue_append *append)
{
    sqlite3_stmt *find = queue->writer.statements[WRITE_FIND_KEY];
    struct queue_outcome *outcome = &append->outcome;
    sqlite3_bind_text(find, 1, append->messages[0].channel, -1, SQLITE_STATIC);
    sqlite3_bind_text(find, 2, append->key, -1, SQLITE_STATIC);
    bool found = sqlite3_step(find) == SQLITE_ROW;
    if (found && sqlite3_column_bytes(find, 0) == QUEUE_FINGERPRINT_SIZE &&
        memcmp(sqlite3_column_blob(find, 0), append->fingerprint,
               QUEUE_FINGERPRINT_SIZE) == 0) {
        outcome->status = QUEUE_OK;
        outcome->repeated = true;
        outcome->first_id = sqlite3_column_int64(find, 1);
        outcome->count = (size_t)sqlite3_column_int64(find, 2);
    } else if (found) {
        outcome->status = QUEUE_KEY_REUSED;
    }
    sqlite3_reset(find);
    return found;
}

static int
add_key(struct queue *queue, const struct queue_append *append, int64_t now_ms)
{
    sqlite3_stmt *add = queue->writer.statements[WRITE_ADD_KEY];
    sqlite3_bind_text(add, 1, append->messages[0].channel, -1, SQLITE_STATIC);
    sqlite3_bind_text(add, 2, append->key, -1, SQLITE_STATIC);
    sqlite3_bind_blob(add, 3, append->fingerprint, QUEUE_FINGERPRINT_SIZE,
                      SQLITE_STATIC);
    sqlite3_bind_int64(add, 4, append->outcome.first_id);
    sqlite3_bind_int64(add, 5, (int64_t)append->count);
    sqlite3_bind_int64(add, 6, now_ms);
    return queue_run(add);
}

/* There are no savepoints: what an append may do wrong is found before its
 * first INSERT, and whatever SQLite then says is about the whole file. */
static int
store(struct queue *queue, struct queue_append *append, int64_t now_ms)
{
    struct writer *writer = &queue->writer;
    struct queue_outcome *outcome = &append->outcome;
    *outcome = (struct queue_outcome){.status = QUEUE_REFUSED};
    memcpy(outcome->epoch, writer->epoch, sizeof(outcome->epoch));
    if (!append_follows_rules(queue, append) ||
        (append->key && find_key(queue, append)))
        return SQLITE_OK;
    int rc = SQLITE_OK;
    outcome->first_id = writer->head_id + 1;
    for (size_t i = 0; rc == SQLITE_OK && i < append->count; i++) {
        const char *channel = append->messages[i].channel;
        rc = add_row(queue, &append->messages[i], now_ms);
        if (rc == SQLITE_OK &&
            !queue_tally_add(&writer->tally, channel, writer->head_id)) {
            rc = settle_tally(queue);
            queue_tally_add(&writer->tally, channel, writer->head_id);
        }
    }
    outcome->count = append->count;
    if (rc == SQLITE_OK && append->key)
        rc = add_key(queue, append, now_ms);
    if (rc == SQLITE_OK)
        outcome->status = QUEUE_OK;
    return rc;
}

/* Where the ids stand; and the epoch may have been changed under us, by another
 * process' --new-epoch. */
static int
read_state(struct queue *queue)
{
    struct writer *writer = &queue->writer;
    sqlite3_stmt *statement = writer->statements[WRITE_STATE];
    if (sqlite3_step(statement) == SQLITE_ROW &&
        sqlite3_column_bytes(statement, 0) == QUEUE_EPOCH_SIZE - 1) {
        memcpy(writer->epoch, sqlite3_column_text(statement, 0),
               QUEUE_EPOCH_SIZE);
        writer->head_id = sqlite3_column_int64(statement, 1);
    }
    writer->row_count = 0;
    return sqlite3_reset(statement);
}

int
queue_store(struct queue *queue, struct queue_append *first,
            const struct queue_append *end)
{
    int64_t now_ms = clock_wall_ms();
    if (now_ms < 0)
        now_ms = 0;
    queue_tally_reset(&queue->writer.tally);
    int rc = read_state(queue);
    for (struct queue_append *append = first; rc == SQLITE_OK && append != end;
         append = append->next)
        rc = store(queue, append, now_ms);
    if (rc == SQLITE_OK)
        rc = insert_rows(queue, now_ms);
    if (rc == SQLITE_OK)
        rc = settle_tally(queue);
    return rc;
}

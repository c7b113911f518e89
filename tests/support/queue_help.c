#include "queue_help.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/poll.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_S = 10 };

void
place_make(struct place *place)
{
    place_make_in(place, "/tmp");
}

void
place_make_in(struct place *place, const char *directory)
{
    snprintf(place->directory, sizeof(place->directory),
             "%s/earshot-queue-XXXXXX", directory);
    assert_non_null(mkdtemp(place->directory));
    snprintf(place->path, sizeof(place->path), "%s/queue.db", place->directory);
    place->options = (struct queue_options){
        .path = place->path,
        .synchronous = QUEUE_SYNC_FULL,
        .bell = true,
        .keep_messages = 10000,
        .keep_age_ms = 7 * 86400000LL,
        .keep_channels = 100000,
        .keep_bytes = 1 << 30,
        .keep_keys_ms = 86400000,
        .message_max_bytes = 65536,
    };
}

static void
empty_directory(const char *path)
{
    DIR *directory = opendir(path);
    if (!directory)
        return;
    struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        char file[512];
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] == '.')
            continue;
        if (entry->d_type == DT_DIR) {
            empty_directory(file);
            rmdir(file);
        } else {
            unlink(file);
        }
    }
    closedir(directory);
}

void
place_remove(struct place *place)
{
    empty_directory(place->directory);
    assert_int_equal(rmdir(place->directory), 0);
}

void
place_file(const struct place *place, const char *suffix, char *path,
           size_t size)
{
    snprintf(path, size, "%s%s", place->path, suffix);
}

static void
on_done(struct queue_append *append, const struct queue_outcome *outcome)
{
    struct sent *sent = append->context;
    assert_false(sent->answered);
    sent->outcome = *outcome;
    sent->answered = true;
}

void
prepare(struct sent *sent, const char *channel, const char *data, size_t count,
        const char *key)
{
    assert_true(count <= SENT_MAX);
    memset(&sent->append, 0, sizeof(sent->append));
    sent->answered = false;
    for (size_t i = 0; i < count; i++)
        sent->messages[i] = (struct queue_message){.channel = channel,
                                                   .event = "message",
                                                   .type = QUEUE_TEXT,
                                                   .data = data,
                                                   .size_bytes = strlen(data)};
    sent->append.messages = sent->messages;
    sent->append.count = count;
    sent->append.key = key;
    if (key)
        memset(sent->append.fingerprint, data[0], QUEUE_FINGERPRINT_SIZE);
    sent->append.on_done = on_done;
    sent->append.context = sent;
}

void
hand_over(struct queue *queue, struct sent *sent, const char *channel,
          const char *data, size_t count, const char *key)
{
    prepare(sent, channel, data, count, key);
    queue_append(queue, &sent->append);
}

static bool
wait_for_news(struct queue *queue, time_t until)
{
    struct pollfd descriptor = {queue_fd(queue), POLLIN, 0};
    poll(&descriptor, 1, 20);
    queue_dispatch(queue);
    return time(NULL) <= until;
}

void
await(struct queue *queue, struct sent *sent)
{
    time_t until = time(NULL) + PATIENCE_S;
    while (!sent->answered)
        assert_true(wait_for_news(queue, until));
}

void
await_all(struct queue *queue)
{
    time_t until = time(NULL) + PATIENCE_S;
    while (queue_appending(queue) > 0)
        assert_true(wait_for_news(queue, until));
}

bool
wait_until(struct queue *queue,
           bool (*holds)(struct queue *queue, void *context), void *context)
{
    time_t until = time(NULL) + PATIENCE_S;
    while (!holds(queue, context))
        if (!wait_for_news(queue, until))
            return false;
    return true;
}

enum queue_status
try_publish(struct queue *queue, const char *channel, const char *data)
{
    struct sent *sent = calloc(1, sizeof(*sent));
    hand_over(queue, sent, channel, data, 1, NULL);
    await(queue, sent);
    enum queue_status status = sent->outcome.status;
    free(sent);
    return status;
}

int64_t
publish(struct queue *queue, const char *channel, const char *data)
{
    struct sent *sent = calloc(1, sizeof(*sent));
    hand_over(queue, sent, channel, data, 1, NULL);
    await(queue, sent);
    assert_int_equal(sent->outcome.status, QUEUE_OK);
    assert_int_equal(sent->outcome.count, 1);
    int64_t id = sent->outcome.first_id;
    free(sent);
    return id;
}

/* Reading -------------------------------------------------------------------
 */

void
seen_reset(struct seen *seen)
{
    const char *wanted = seen->wanted;
    memset(seen, 0, sizeof(*seen));
    seen->wanted = wanted;
}

static void
on_row(void *context, const struct queue_row *row)
{
    struct seen *seen = context;
    assert_true(seen->rows < SEEN_MAX);
    size_t i = seen->rows++;
    seen->row[i].id = row->id;
    seen->row[i].time_ms = row->time_ms;
    seen->row[i].type = row->type;
    seen->row[i].size_bytes = row->size_bytes;
    snprintf(seen->row[i].channel, SEEN_TEXT, "%s", row->channel);
    snprintf(seen->row[i].event, SEEN_TEXT, "%s", row->event);
    snprintf(seen->row[i].from, SEEN_TEXT, "%s", row->from ? row->from : "");
    snprintf(seen->row[i].data, SEEN_TEXT, "%.*s", (int)row->size_bytes,
             (const char *)row->data);
}

static void
on_lost(void *context, const char *channel, int64_t pruned_id)
{
    struct seen *seen = context;
    assert_true(seen->lost < SEEN_MAX);
    size_t i = seen->lost++;
    seen->loss[i].pruned_id = pruned_id;
    seen->loss[i].rows_before = seen->rows;
    snprintf(seen->loss[i].channel, SEEN_TEXT, "%s", channel ? channel : "*");
}

static bool
wants(void *context, const char *channel)
{
    struct seen *seen = context;
    return strcmp(seen->wanted, channel) == 0;
}

struct queue_reader
seen_reader(struct seen *seen)
{
    return (struct queue_reader){.on_row = on_row,
                                 .on_lost = on_lost,
                                 .wants = seen->wanted ? wants : NULL,
                                 .context = seen};
}

static size_t
split(const char *names, char *room, size_t size, const char **channels)
{
    size_t count = 0;
    snprintf(room, size, "%s", names);
    for (char *next = room, *name; (name = strsep(&next, ",")) != NULL;)
        channels[count++] = name;
    return count;
}

struct queue_page
read_page(struct queue *queue, struct seen *seen, const char *channels,
          int64_t after_id, size_t rows_max)
{
    struct queue_page page = {.after_id = after_id,
                              .upto_id = INT64_MAX,
                              .rows_max = rows_max,
                              .bytes_max = 1 << 20};
    struct queue_reader reader = seen_reader(seen);
    char room[1024];
    const char *names[64];
    enum queue_status status;
    size_t before = seen->rows;
    if (channels)
        status =
            queue_read(queue, names, split(channels, room, sizeof(room), names),
                       &page, &reader);
    else
        status = queue_read_all(queue, &page, &reader);
    assert_int_equal(status, QUEUE_OK);
    assert_true(page.reached_id >= after_id);
    if (seen->rows > before)
        assert_true(seen->row[seen->rows - 1].id <= page.reached_id);
    for (size_t i = before; i < seen->rows; i++)
        assert_true(seen->row[i].id > after_id);
    return page;
}

int
read_to_end(struct queue *queue, struct seen *seen, const char *channels,
            int64_t after_id, size_t rows_max)
{
    int pages = 0;
    struct queue_page page;
    do {
        page = read_page(queue, seen, channels, after_id, rows_max);
        assert_true(!page.more || page.reached_id > after_id);
        after_id = page.reached_id;
        assert_true(++pages < 10000);
    } while (page.more);
    for (size_t i = 1; i < seen->rows; i++)
        assert_true(seen->row[i].id > seen->row[i - 1].id);
    return pages;
}

/* Another program ------------------------------------------------------------
 */

static sqlite3 *
open_foreign(const struct place *place)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(place->path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    return db;
}

int
foreign(const struct place *place, const char *sql)
{
    sqlite3 *db = open_foreign(place);
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_close(db);
    return rc;
}

int64_t
foreign_number(const struct place *place, const char *sql)
{
    sqlite3 *db = open_foreign(place);
    sqlite3_stmt *statement;
    int64_t number = -1;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL),
                     SQLITE_OK);
    if (sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return number;
}

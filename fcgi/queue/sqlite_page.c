/* Pages: rows in order of id, and what was lost before them. */
#include "queue/sqlite_internal.h"

#include "base/utf8.h"

#include <string.h>

/* The columns of READ_ALL and READ_ROW. */
enum {
    COLUMN_ID,
    COLUMN_CHANNEL,
    COLUMN_EVENT,
    COLUMN_FROM,
    COLUMN_TYPE,
    COLUMN_TIME,
    COLUMN_DATA
};

/* Rows ----------------------------------------------------------------------
 */

/* A row's short texts, made fit to be sent: another program's may be
 * anything. */
struct cleaned {
    char event[QUEUE_EVENT_MAX + 1];
    char from[QUEUE_FROM_MAX + 1];
};

static const char *
clean(const char *text, int size, char *room, size_t room_size)
{
    if (size >= 0 && (size_t)size < room_size && strlen(text) == (size_t)size &&
        utf8_printable(text, (size_t)size))
        return text;
    size_t len = (size_t)size < room_size ? (size_t)size : room_size - 1;
    for (size_t i = 0; i < len; i++)
        room[i] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
    room[len] = '\0';
    return room;
}

static enum queue_type
type_of(sqlite3_stmt *row, const void *data, size_t size)
{
    const char *type = (const char *)sqlite3_column_text(row, COLUMN_TYPE);
    if (!type || strcmp(type, "binary") == 0 || !utf8_valid(data, size))
        return QUEUE_BINARY;
    return strcmp(type, "json") == 0 ? QUEUE_JSON : QUEUE_TEXT;
}

static void
give_row(sqlite3_stmt *row, const struct queue_reader *reader)
{
    struct cleaned cleaned;
    const char *event = (const char *)sqlite3_column_text(row, COLUMN_EVENT);
    const char *from = (const char *)sqlite3_column_text(row, COLUMN_FROM);
    const void *data = sqlite3_column_type(row, COLUMN_DATA) == SQLITE_BLOB
                           ? sqlite3_column_blob(row, COLUMN_DATA)
                           : sqlite3_column_text(row, COLUMN_DATA);
    size_t size = (size_t)sqlite3_column_bytes(row, COLUMN_DATA);
    if (!data)
        data = "";
    struct queue_row out = {
        .id = sqlite3_column_int64(row, COLUMN_ID),
        .channel = (const char *)sqlite3_column_text(row, COLUMN_CHANNEL),
        .event = event ? clean(event, sqlite3_column_bytes(row, COLUMN_EVENT),
                               cleaned.event, sizeof(cleaned.event))
                       : "message",
        .from = from ? clean(from, sqlite3_column_bytes(row, COLUMN_FROM),
                             cleaned.from, sizeof(cleaned.from))
                     : NULL,
        .type = type_of(row, data, size),
        .data = data,
        .size_bytes = size,
        .time_ms = sqlite3_column_int64(row, COLUMN_TIME),
    };
    if (!out.event[0])
        out.event = "message";
    reader->on_row(reader->context, &out);
}

/* A page in the making ------------------------------------------------------
 *
 * on_lost comes before the rows, but where a page ends is only known when it
 * has ended. So a page never reaches over a mark in its midst: it ends before
 * it, and the next one begins with it. */

struct turn {
    const struct queue_reader *reader;
    struct view view;
    int64_t last_id; /* everything up to here has been seen */
    int64_t bound;   /* where the page ends if it has room for everything */
    size_t rows;
    size_t bytes;
    bool more;
};

static enum queue_status
begin_turn(struct queue *queue, const struct queue_page *page,
           const struct queue_reader *reader, struct turn *turn)
{
    *turn = (struct turn){.reader = reader, .last_id = page->after_id};
    enum queue_status status = queue_begin_view(queue, &turn->view);
    if (status != QUEUE_OK)
        return status;
    if (page->epoch[0] && strcmp(page->epoch, turn->view.epoch) != 0) {
        queue_end_view(queue);
        return QUEUE_AGAIN;
    }
    turn->bound =
        page->upto_id < turn->view.head_id ? page->upto_id : turn->view.head_id;
    if (turn->bound < page->after_id)
        turn->bound = page->after_id;
    return QUEUE_OK;
}

/* RC is what ended the rows. An error in the midst of a page ends it; the
 * next page then begins with the error. */
static enum queue_status
end_turn(struct queue *queue, struct queue_page *page, struct turn *turn,
         int rc)
{
    enum queue_status status = QUEUE_OK;
    queue_end_view(queue);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE && rc != SQLITE_OK) {
        if (turn->rows == 0)
            return queue_read_status(queue, rc);
        turn->more = true;
    } else {
        queue->read_trouble[0] = '\0';
    }
    page->reached_id = turn->more ? turn->last_id : turn->bound;
    page->more = turn->more;
    page->head_id = turn->view.head_id;
    memcpy(page->epoch, turn->view.epoch, sizeof(page->epoch));
    return status;
}

/* Has the page room for this row? One row it always has. */
static bool
has_room(const struct turn *turn, const struct queue_page *page, size_t size)
{
    return turn->rows == 0 || (turn->rows < page->rows_max &&
                               turn->bytes + size <= page->bytes_max);
}

static void
count_row(struct turn *turn, int64_t id, size_t size)
{
    turn->rows++;
    turn->bytes += size;
    turn->last_id = id;
}

static void
tell_lost(const struct turn *turn, const char *channel, int64_t pruned_id)
{
    if (turn->reader->on_lost)
        turn->reader->on_lost(turn->reader->context, channel, pruned_id);
}

/* All channels --------------------------------------------------------------
 */

/* The lowest mark or floor above AFTER_ID. */
static int64_t
next_mark(struct queue *queue, int64_t after_id, int64_t floor)
{
    sqlite3_stmt *find = queue->statements[READ_NEXT_MARK];
    int64_t mark = INT64_MAX;
    sqlite3_bind_int64(find, 1, after_id);
    if (sqlite3_step(find) == SQLITE_ROW &&
        sqlite3_column_type(find, 0) == SQLITE_INTEGER)
        mark = sqlite3_column_int64(find, 0);
    sqlite3_reset(find);
    return floor > after_id && floor < mark ? floor : mark;
}

/* Tells of every channel with a mark in (after_id, upto_id]. */
static void
tell_marks(struct queue *queue, const struct turn *turn, int64_t after_id,
           int64_t upto_id)
{
    sqlite3_stmt *marks = queue->statements[READ_MARKS];
    if (turn->view.floor > after_id && turn->view.floor <= upto_id) {
        tell_lost(turn, NULL, turn->view.floor);
        return;
    }
    int64_t count = 0, highest_id = 0;
    sqlite3_bind_int64(marks, 1, after_id);
    sqlite3_bind_int64(marks, 2, upto_id);
    sqlite3_bind_int64(marks, 3, QUEUE_LOST_MAX + 1);
    while (sqlite3_step(marks) == SQLITE_ROW)
        count++;
    sqlite3_reset(marks);
    while (sqlite3_step(marks) == SQLITE_ROW) {
        highest_id = sqlite3_column_int64(marks, 1);
        if (count <= QUEUE_LOST_MAX)
            tell_lost(turn, (const char *)sqlite3_column_text(marks, 0),
                      highest_id);
    }
    sqlite3_reset(marks);
    if (count > QUEUE_LOST_MAX)
        tell_lost(turn, NULL, upto_id);
}

/* May the page go on from its last id to ID? Ids without a gap between them
 * lost nothing; a gap may have a mark in it. */
static bool
pass_gap(struct queue *queue, struct turn *turn, int64_t id, int64_t *mark)
{
    if (id == turn->last_id + 1 || id <= turn->last_id)
        return true;
    if (*mark < 0)
        *mark = next_mark(queue, turn->last_id, turn->view.floor);
    if (*mark > id)
        return true;
    if (turn->rows > 0)
        return false;
    tell_marks(queue, turn, turn->last_id, id);
    *mark = next_mark(queue, id, turn->view.floor);
    return true;
}

/* A name that is none would be cut at its NUL and taken for another. */
static bool
is_sound(sqlite3_stmt *row)
{
    const char *channel =
        (const char *)sqlite3_column_text(row, COLUMN_CHANNEL);
    return channel &&
           (int)strlen(channel) == sqlite3_column_bytes(row, COLUMN_CHANNEL);
}

enum queue_status
queue_read_all(struct queue *queue, struct queue_page *page,
               const struct queue_reader *reader)
{
    struct turn turn;
    enum queue_status status = begin_turn(queue, page, reader, &turn);
    if (status != QUEUE_OK)
        return status;
    sqlite3_stmt *rows = queue->statements[READ_ALL];
    int64_t mark = -1;
    int rc;
    queue->wanting = reader;
    sqlite3_bind_int64(rows, 1, page->after_id);
    sqlite3_bind_int64(rows, 2, turn.bound);
    while ((rc = sqlite3_step(rows)) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(rows, COLUMN_ID);
        size_t size =
            queue->wanted ? (size_t)sqlite3_column_bytes(rows, COLUMN_DATA) : 0;
        if (id <= turn.last_id) {
            rc = SQLITE_CORRUPT; /* else a damaged file might have no end */
            break;
        }
        if (!has_room(&turn, page, size) ||
            !pass_gap(queue, &turn, id, &mark)) {
            turn.more = true;
            break;
        }
        count_row(&turn, id, size);
        if (queue->wanted && is_sound(rows))
            give_row(rows, reader);
    }
    if (rc == SQLITE_DONE && !pass_gap(queue, &turn, turn.bound, &mark))
        turn.more = true;
    sqlite3_reset(rows);
    queue->wanting = NULL;
    return end_turn(queue, page, &turn, rc);
}

/* Some channels -------------------------------------------------------------
 */

/* A channel without a row has the floor for its mark. */
static int64_t
mark_of(struct queue *queue, const char *channel, int64_t floor)
{
    sqlite3_stmt *find = queue->statements[READ_MARK];
    int64_t mark = floor;
    sqlite3_bind_text(find, 1, channel, -1, SQLITE_STATIC);
    if (sqlite3_step(find) == SQLITE_ROW)
        mark = sqlite3_column_int64(find, 0);
    sqlite3_reset(find);
    return mark;
}

static int
begin_runs(struct queue *queue, const char *const *channels, size_t count,
           const struct queue_page *page, const struct turn *turn)
{
    int rc = queue_need_runs(queue, count);
    for (size_t i = 0; rc == SQLITE_OK && i < count; i++) {
        struct run *run = &queue->runs[i];
        run->mark = mark_of(queue, channels[i], turn->view.floor);
        if (run->mark <= page->after_id)
            run->mark = 0;
        sqlite3_bind_text(run->up, 1, channels[i], -1, SQLITE_STATIC);
        sqlite3_bind_int64(run->up, 2, page->after_id);
        sqlite3_bind_int64(run->up, 3, turn->bound);
        rc = queue_advance(run->up, run);
    }
    return rc;
}

static struct run *
lowest(struct run *runs, size_t count)
{
    struct run *found = NULL;
    for (size_t i = 0; i < count; i++)
        if (runs[i].id && (!found || runs[i].id < found->id))
            found = &runs[i];
    return found;
}

/* As pass_gap(), by the channels' own marks. */
static bool
pass_marks(struct queue *queue, const char *const *channels, size_t count,
           const struct turn *turn, int64_t id)
{
    for (size_t i = 0; i < count; i++) {
        struct run *run = &queue->runs[i];
        if (!run->mark || run->mark > id)
            continue;
        if (turn->rows > 0)
            return false;
        tell_lost(turn, channels[i], run->mark);
        run->mark = 0;
    }
    return true;
}

/* True when the row was given; RC tells what went wrong otherwise. */
static bool
give_by_id(struct queue *queue, struct turn *turn,
           const struct queue_page *page, int64_t id, int *rc)
{
    sqlite3_stmt *row = queue->statements[READ_ROW];
    bool given = false;
    sqlite3_bind_int64(row, 1, id);
    *rc = sqlite3_step(row);
    if (*rc == SQLITE_ROW) {
        size_t size = (size_t)sqlite3_column_bytes(row, COLUMN_DATA);
        given = has_room(turn, page, size);
        if (given) {
            count_row(turn, id, size);
            give_row(row, turn->reader);
        }
    } else if (*rc == SQLITE_DONE) {
        *rc = SQLITE_CORRUPT; /* an index without its row */
    }
    sqlite3_reset(row);
    return given;
}

enum queue_status
queue_read(struct queue *queue, const char *const *channels,
           size_t channel_count, struct queue_page *page,
           const struct queue_reader *reader)
{
    struct turn turn;
    enum queue_status status = begin_turn(queue, page, reader, &turn);
    if (status != QUEUE_OK)
        return status;
    if (turn.bound == page->after_id) /* no row and no mark is above it */
        return end_turn(queue, page, &turn, SQLITE_DONE);
    int rc = begin_runs(queue, channels, channel_count, page, &turn);
    struct run *run;
    while (rc == SQLITE_OK &&
           (run = lowest(queue->runs, channel_count)) != NULL) {
        if (run->id <= turn.last_id) {
            rc = SQLITE_CORRUPT;
            break;
        }
        if (!pass_marks(queue, channels, channel_count, &turn, run->id) ||
            !give_by_id(queue, &turn, page, run->id, &rc)) {
            turn.more = true;
            break;
        }
        rc = queue_advance(run->up, run);
    }
    if (rc == SQLITE_OK && !turn.more &&
        !pass_marks(queue, channels, channel_count, &turn, turn.bound))
        turn.more = true;
    queue_end_runs(queue, channel_count);
    return end_turn(queue, page, &turn, rc);
}

/*
 * What the program answers, as the record-level peer reads it: the CGI head,
 * then an event stream (HTML 9.2.6) line by line, or a body that is read when
 * it is whole.
 *
 * Of a line only the beginning is kept: enough for a field's name, a cursor
 * and the time that a publisher wrote.
 */

#include "peer.h"

#include <stdlib.h>

enum { BODY_MAX = 4 << 20 };

/* The time of sending in "t=NANOSECONDS;"; 0 when there is none. */
static int64_t
read_time(const char *text)
{
    return strncmp(text, "t=", 2) == 0 ? strtoll(text + 2, NULL, 10) : 0;
}

static void
set_cursor(struct connection *connection, const char *text, size_t length)
{
    if (length >= CURSOR_MAX)
        peer_fail("a cursor longer than the peer expects");
    memcpy(connection->cursor, text, length);
    connection->cursor[length] = '\0';
}

static void
take_message(struct connection *connection, uint64_t id, int64_t sent_ns)
{
    struct group *group = connection->group;

    if (id == connection->last_id)
        group->repeats++;
    else if (id < connection->last_id)
        group->disorder++;
    else
        group->gaps += id - connection->last_id - 1;
    if (id > connection->last_id)
        connection->last_id = id;
    group_on_message(group, connection, id, sent_ns);
}

/* The blank line that ends an event. */
static void
end_event(struct connection *connection)
{
    uint64_t id = strtoull(connection->cursor, NULL, 10);

    if (connection->event == EVENT_OPEN || connection->event == EVENT_LOST) {
        connection->last_id = id;
        if (connection->event == EVENT_LOST)
            connection->group->lost++;
        group_on_opened(connection->group, connection);
    } else if (connection->has_data) {
        take_message(connection, id, connection->event_sent_ns);
    }
    connection->event = EVENT_MESSAGE;
    connection->has_data = false;
    connection->event_sent_ns = 0;
}

static void
read_event_line(struct connection *connection)
{
    const char *line = connection->line;

    if (*line == '\0') {
        end_event(connection);
    } else if (strncmp(line, "id: ", 4) == 0) {
        set_cursor(connection, line + 4, strlen(line + 4));
    } else if (strncmp(line, "data: ", 6) == 0) {
        if (!connection->has_data)
            connection->event_sent_ns = read_time(line + 6);
        connection->has_data = true;
    } else if (strcmp(line, "event: earshot.open") == 0) {
        connection->event = EVENT_OPEN;
    } else if (strcmp(line, "event: earshot.lost") == 0) {
        connection->event = EVENT_LOST;
    } else if (*line == ':') {
        connection->group->comments++;
    }
}

static void
read_head_line(struct connection *connection)
{
    struct group *group = connection->group;
    int status;

    connection->in_body = *connection->line == '\0';
    if (sscanf(connection->line, "Status: %d", &status) != 1)
        return;
    connection->status = status;
    if (status > 299) {
        group->refused++;
        group->status = status;
    }
}

static void
end_line(struct connection *connection)
{
    size_t length = connection->line_length;

    if (length > 0 && connection->line[length - 1] == '\r')
        length--;
    connection->line[length] = '\0';
    connection->line_length = 0;
    if (connection->in_body)
        read_event_line(connection);
    else
        read_head_line(connection);
}

static void
keep_body(struct connection *connection, const char *bytes, size_t length)
{
    size_t needed = connection->body_length + length + 1;

    if (needed > BODY_MAX)
        peer_fail("an answer beyond 4 MiB");
    if (needed > connection->body_room) {
        connection->body_room = needed * 2;
        connection->body = realloc(connection->body, connection->body_room);
        if (connection->body == NULL)
            peer_fail("realloc");
    }
    memcpy(connection->body + connection->body_length, bytes, length);
    connection->body_length += length;
    connection->body[connection->body_length] = '\0';
}

/* The answer's first bytes as they come, head and all: a floor may have to
   answer with the same. */
static void
keep_answer(struct group *group, const struct record_piece *piece, bool begins)
{
    size_t room, length;

    if (begins)
        group->answer_length = 0;
    room = sizeof(group->answer) - group->answer_length;
    length = piece->length < room ? piece->length : room;
    memcpy(group->answer + group->answer_length, piece->bytes, length);
    group->answer_length += length;
}

void
answer_take(struct connection *connection, const struct record_piece *piece)
{
    const char *bytes = (const char *)piece->bytes;
    const char *end = bytes + piece->length;

    if (connection->group->kind == PEER_PUBLISH)
        keep_answer(connection->group, piece,
                    !connection->in_body && connection->status == 0);
    while (bytes < end) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        const char *stop = newline != NULL ? newline : end;
        size_t room = LINE_MAX_BYTES - 1 - connection->line_length;
        size_t length = (size_t)(stop - bytes);

        if (connection->in_body && connection->group->kind != PEER_SSE) {
            keep_body(connection, bytes, (size_t)(end - bytes));
            return;
        }
        length = length < room ? length : room;
        memcpy(connection->line + connection->line_length, bytes, length);
        connection->line_length += length;
        if (newline == NULL)
            return;
        end_line(connection);
        bytes = newline + 1;
    }
}

/* Finds the string that follows `key` in JSON, from `text` on; its length in
   `length`. Quotes inside a JSON string are escaped, so a key with its quotes
   is never found inside one. */
static const char *
find_string(const char *text, const char *key, size_t *length)
{
    const char *found = strstr(text, key);

    if (found == NULL)
        return NULL;
    found += strlen(key);
    *length = strcspn(found, "\"");
    return found;
}

bool
answer_read_poll(struct connection *connection)
{
    static const char id_key[] = "\"id\":\"";
    const char *body = connection->body_length > 0 ? connection->body : "";
    size_t length = 0;
    const char *cursor = find_string(body, "\"cursor\":\"", &length);
    const char *message = find_string(body, id_key, &(size_t){0});

    if (connection->status > 299 || cursor == NULL)
        return false;
    if (strstr(body, "\"lost\":true") != NULL) {
        connection->group->lost++;
        connection->last_id = 0;
    }
    while (message != NULL) {
        uint64_t id = strtoull(message, NULL, 10);
        const char *data = find_string(message, "\"data\":\"", &(size_t){0});

        if (connection->last_id == 0)
            connection->last_id = id - 1;
        take_message(connection, id, data != NULL ? read_time(data) : 0);
        message = find_string(message, id_key, &(size_t){0});
    }
    set_cursor(connection, cursor, length);
    connection->last_id = strtoull(connection->cursor, NULL, 10);
    group_on_opened(connection->group, connection);
    return true;
}

void
answer_read_published(struct connection *connection)
{
    struct group *group = connection->group;

    if (connection->status == 201)
        group->answered++;
    else
        group->failed++;
    samples_add(&group->answers, peer_now_ns() - connection->sent_ns);
}

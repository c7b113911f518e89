#include "ndjson.h"

#include "base/json.h"
#include "hub/names.h"
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is wrong with the members of one line, or NULL. */
static const char *
check_members(const struct json_object *line, const struct options *options)
{
    for (size_t i = 0; i < line->count; i++) {
        const struct json_member *member = &line->members[i];
        const char *name = member->name;
        if (strcmp(name, "data") == 0)
            continue;
        if (strcmp(name, "event") != 0 && strcmp(name, "from") != 0)
            return "it has a member other than event, from and data";
        if (!member->is_string)
            return "its event and from must be strings";
        if (strcmp(name, "event") == 0 &&
            !name_is_event(member->text, member->size_bytes,
                           (size_t)options->event_max))
            return "its event is no name of an event: 1 to 128 bytes, no "
                   "control characters, not beginning with earshot.";
        if (strcmp(name, "from") == 0 &&
            !name_is_from(member->text, member->size_bytes))
            return "its from must be 1 to 64 letters, digits, _ and -";
    }
    return json_object_get(line, "data") ? NULL : "it has no data";
}

static void
add_message(struct batch *batch, const char *channel,
            const struct json_object *line)
{
    if (batch->count == batch->cap) {
        batch->cap = batch->cap ? batch->cap * 2 : 8;
        batch->messages =
            xrealloc(batch->messages, batch->cap * sizeof *batch->messages);
        batch->lines =
            xrealloc(batch->lines, batch->cap * sizeof *batch->lines);
    }
    const struct json_member *event = json_object_get(line, "event");
    const struct json_member *from = json_object_get(line, "from");
    const struct json_member *data = json_object_get(line, "data");
    batch->lines[batch->count] = *line;
    batch->messages[batch->count++] = (struct queue_message){
        .channel = channel,
        .event = event ? event->text : "message",
        .from = from ? from->text : NULL,
        .type = data->is_string ? QUEUE_TEXT : QUEUE_JSON,
        .data = data->text,
        .size_bytes = data->size_bytes,
    };
}

/* Reads one line; what is wrong with it, or NULL. */
static const char *
read_line(struct batch *batch, const char *channel, const char *text,
          size_t len, const struct options *options)
{
    struct json_object line;
    const char *wrong = json_object_read(text, len, &line);
    if (wrong)
        return wrong;
    wrong = check_members(&line, options);
    if (wrong)
        json_object_fini(&line);
    else
        add_message(batch, channel, &line);
    return wrong;
}

static bool
is_blank(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!strchr(" \t\r", text[i]) || !text[i])
            return false;
    return true;
}

static enum batch_problem
read_lines(struct batch *batch, const char *channel, const char *data,
           size_t len, const struct options *options, char *sentence,
           size_t size)
{
    const char *end = data + len;
    for (size_t number = 1; data < end; number++) {
        const char *newline = memchr(data, '\n', (size_t)(end - data));
        const char *stop = newline ? newline : end;
        size_t line_len = (size_t)(stop - data);
        if (!is_blank(data, line_len)) {
            if (batch->count == (size_t)options->batch_lines) {
                snprintf(sentence, size,
                         "a batch has at most %zu lines; send more of them",
                         batch->count);
                return BATCH_TOO_LARGE;
            }
            const char *wrong =
                read_line(batch, channel, data, line_len, options);
            if (wrong) {
                snprintf(sentence, size, "line %zu: %s; nothing was stored",
                         number, wrong);
                return BATCH_BAD_LINE;
            }
            if (batch->messages[batch->count - 1].size_bytes >
                (size_t)options->message_max) {
                snprintf(sentence, size,
                         "line %zu: its data is larger than a message may "
                         "be, %lld bytes (--message-max); nothing was stored",
                         number, (long long)options->message_max);
                return BATCH_TOO_LARGE;
            }
        }
        data = newline ? newline + 1 : end;
    }
    if (batch->count)
        return BATCH_OK;
    snprintf(sentence, size, "there is no line in it");
    return BATCH_EMPTY;
}

enum batch_problem
batch_read(struct batch *batch, const char *channel, const char *data,
           size_t len, const struct options *options, char *sentence,
           size_t size)
{
    *batch = (struct batch){0};
    enum batch_problem problem =
        read_lines(batch, channel, data, len, options, sentence, size);
    if (problem != BATCH_OK)
        batch_fini(batch);
    return problem;
}

void
batch_fini(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        json_object_fini(&batch->lines[i]);
    free(batch->lines);
    free(batch->messages);
    *batch = (struct batch){0};
}

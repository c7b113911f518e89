/* earshot publish: one message, to a queue's file or to a URL. */
#include "publish.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "commands.h"
#include "file.h"
#include "hub/cursor.h"
#include "problem.h"
#include "rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { READ_BYTES = 65536, WAIT_MS = 100 };

/* All that standard input has, but no more than one byte too much. */
static bool
read_input(struct bytes *data, size_t max)
{
    size_t got;
    do {
        size_t room = max + 1 - data->len;
        got = fread(bytes_reserve(data, READ_BYTES), 1,
                    room < READ_BYTES ? room : READ_BYTES, stdin);
        data->len += got;
    } while (got && data->len <= max);
    return !ferror(stdin);
}

int
publish_refused(const struct refusal *refusal)
{
    file_complain("publish", "%s", refusal->sentence);
    bool is_later =
        refusal->problem == PROBLEM_BUSY || refusal->problem == PROBLEM_FULL;
    return is_later ? ADMIN_LATER : ADMIN_BAD;
}

static bool
judge(const struct queue_message *message, const struct options *options,
      struct refusal *refusal)
{
    if (!rules_names(message, options->key[0] ? options->key : NULL, options,
                     refusal))
        return false;
    if (options->url) /* the server has rules of its own */
        return true;
    if (!rules_size(message->size_bytes, options, refusal))
        return false;
    return message->type == QUEUE_BINARY ||
           utf8_valid(message->data, message->size_bytes) ||
           problem_refuse(refusal, PROBLEM_NOT_UTF8,
                          "the message is not UTF-8; send other bytes with "
                          "--type binary");
}

/* To the file -------------------------------------------------------------- */

static void
on_done(struct queue_append *append, const struct queue_outcome *outcome)
{
    bool *is_done = append->context;
    append->outcome = *outcome;
    *is_done = true;
}

/* As a server does: what has not been begun in time will not be. */
static int
commit(struct queue *queue, struct queue_append *append, int64_t timeout_us)
{
    bool is_done = false;
    int64_t until_us = clock_monotonic_us() + timeout_us;
    append->context = &is_done;
    append->on_done = on_done;
    queue_append(queue, append);
    while (!is_done) {
        file_wait(queue, WAIT_MS);
        queue_dispatch(queue);
        if (!is_done && clock_monotonic_us() >= until_us &&
            queue_cancel(queue, append)) {
            append->outcome.status = QUEUE_TIMEOUT;
            is_done = true;
        }
    }
    if (append->outcome.status != QUEUE_OK) {
        struct refusal refusal;
        rules_outcome(&append->outcome, queue_trouble(queue), &refusal);
        return publish_refused(&refusal);
    }
    char cursor[CURSOR_SIZE];
    cursor_format(cursor, append->outcome.first_id, append->outcome.epoch);
    puts(cursor);
    return ADMIN_GOOD;
}

static int
publish_to_file(const struct options *options,
                const struct queue_message *message)
{
    static const enum rules_kind kinds[] = {[QUEUE_TEXT] = RULES_TEXT,
                                            [QUEUE_JSON] = RULES_JSON,
                                            [QUEUE_BINARY] = RULES_BINARY};
    struct queue_append append = {.messages = message, .count = 1};
    struct refusal refusal;
    if (!file_asked(options, "publish"))
        return ADMIN_BAD;
    if (options->key[0]) {
        append.key = options->key;
        if (!rules_fingerprint(&append, message->event, message->from,
                               kinds[message->type], message->data,
                               message->size_bytes, &refusal))
            return publish_refused(&refusal);
    }
    struct queue *queue = file_open(options);
    int status = commit(queue, &append, options->commit_timeout_us);
    queue_close(queue);
    return status;
}

int
publish_command(const struct options *options)
{
    const char *given = options->operands[1];
    struct bytes data = BYTES_EMPTY;
    if (given && strcmp(given, "-") != 0)
        bytes_append_string(&data, given);
    else if (!read_input(&data, options->url ? PUBLISH_URL_MAX
                                             : (size_t)options->message_max))
        return file_complain("publish", "standard input: %s", strerror(errno));
    const struct queue_message message = {
        .channel = options->operands[0],
        .event = options->event,
        .from = options->from[0] ? options->from : NULL,
        .type = (enum queue_type)options->type,
        .data = data.data ? data.data : "",
        .size_bytes = data.len,
    };
    struct refusal refusal;
    int status;
    if (!judge(&message, options, &refusal))
        status = publish_refused(&refusal);
    else if (options->url)
        status = publish_to_url(options, &message);
    else
        status = publish_to_file(options, &message);
    bytes_fini(&data);
    return status;
}

#include "follow.h"

#include "answer.h"
#include "connection.h"
#include "hub/names.h"
#include "query.h"
#include "request.h"
#include "server.h"

#include <stdlib.h>
#include <string.h>

/* True when NAME is in the list already: naming a channel twice is no fault,
 * and must not deliver twice. */
static bool
is_named(const struct follow *follow, const char *name)
{
    for (size_t i = 0; i < follow->channel_count; i++)
        if (strcmp(follow->channels[i], name) == 0)
            return true;
    return false;
}

static bool
read_channels(struct follow *follow, struct connection *connection,
              const char *names)
{
    size_t max = (size_t)connection->server->options->channels_max;
    char *name = follow->storage = xstrdup(names);
    for (char *end; name; name = end) {
        size_t len = strcspn(name, ",");
        end = name[len] ? name + len + 1 : NULL;
        name[len] = '\0';
        if (!name_is_channel(name, len)) {
            answer_problem(connection, PROBLEM_BAD_CHANNEL,
                           "\"%.160s\" is no name of a channel: 1 to 128 "
                           "letters, digits and . _ ~ -, the first one a "
                           "letter or a digit; a comma goes between several",
                           name);
            return false;
        }
        if (is_named(follow, name))
            continue;
        if (follow->channel_count == max) {
            answer_problem(connection, PROBLEM_BAD_CHANNEL,
                           "one request follows at most %zu channels", max);
            return false;
        }
        follow->channels[follow->channel_count++] = name;
    }
    return true;
}

static bool
read_last(struct start *start, struct connection *connection, const char *text)
{
    size_t len = strlen(text);
    if (!len || len > 9 || strspn(text, "0123456789") != len) {
        answer_problem(connection, PROBLEM_BAD_LAST,
                       "?last= wants a whole number from 0 to 999999999");
        return false;
    }
    *start = (struct start){.kind = START_LAST, .last = atoll(text)};
    return true;
}

static bool
read_start(struct start *start, struct connection *connection,
           const struct request *request, const struct query *query)
{
    if (request->last_event_id[0]) {
        *start = (struct start){.kind = START_CURSOR,
                                .cursor = request->last_event_id};
        return true;
    }
    if (query->after && query->last) {
        answer_problem(connection, PROBLEM_BAD_AFTER,
                       "?after= and ?last= say two things; give one of them");
        return false;
    }
    if (query->last)
        return read_last(start, connection, query->last);
    if (query->after && strcmp(query->after, "earliest") == 0)
        *start = (struct start){.kind = START_EARLIEST};
    else if (query->after && query->after[0])
        *start = (struct start){.kind = START_CURSOR, .cursor = query->after};
    else
        *start = (struct start){.kind = START_NOW};
    return true;
}

static bool
read_format(struct follow *follow, struct connection *connection,
            const char *format)
{
    follow->wants_json = follow->channel_count > 1;
    if (!format)
        return true;
    if (strcmp(format, "json") != 0) {
        answer_problem(connection, PROBLEM_BAD_FORMAT,
                       "?format= knows json; leave it out for the bare data");
        return false;
    }
    follow->wants_json = true;
    return true;
}

bool
follow_read(struct follow *follow, struct connection *connection,
            const struct request *request, const struct query *query,
            const char *name)
{
    follow->channel_count = 0;
    if (read_channels(follow, connection, name) &&
        read_format(follow, connection, query->format) &&
        read_start(&follow->start, connection, request, query))
        return true;
    follow_fini(follow);
    return false;
}

void
follow_fini(struct follow *follow)
{
    free(follow->storage);
    follow->storage = NULL;
}

void
follow_answer_trouble(struct connection *connection, enum queue_status status)
{
    const char *trouble = queue_trouble(connection->server->queue);
    if (status == QUEUE_AGAIN)
        answer_problem(connection, PROBLEM_BUSY,
                       "the queue is locked at the moment; try again");
    else
        answer_problem(connection, PROBLEM_QUEUE, "%s",
                       trouble ? trouble : "the queue cannot be read now");
}

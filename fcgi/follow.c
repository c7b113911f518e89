#include "follow.h"

#include "base/bytes.h"
#include "hub/names.h"
#include "options.h"
#include "problem.h"
#include "query.h"

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
read_channels(struct follow *follow, const char *names, size_t max,
              struct refusal *refusal)
{
    char *name = follow->storage = xstrdup(names);
    for (char *end; name; name = end) {
        size_t len = strcspn(name, ",");
        end = name[len] ? name + len + 1 : NULL;
        name[len] = '\0';
        if (!name_is_channel(name, len))
            return problem_refuse(
                refusal, PROBLEM_BAD_CHANNEL,
                "\"%.160s\" is no name of a channel: 1 to 128 letters, digits "
                "and . _ ~ -, the first one a letter or a digit; a comma goes "
                "between several",
                name);
        if (is_named(follow, name))
            continue;
        if (follow->channel_count == max)
            return problem_refuse(refusal, PROBLEM_BAD_CHANNEL,
                                  "one request follows at most %zu channels",
                                  max);
        follow->channels[follow->channel_count++] = name;
    }
    return true;
}

static bool
read_last(struct start *start, const char *text, struct refusal *refusal)
{
    size_t len = strlen(text);
    if (!len || len > 9 || strspn(text, "0123456789") != len)
        return problem_refuse(
            refusal, PROBLEM_BAD_LAST,
            "?last= wants a whole number from 0 to 999999999");
    *start = (struct start){.kind = START_LAST, .last = atoll(text)};
    return true;
}

static bool
read_start(struct start *start, const struct asked *asked,
           struct refusal *refusal)
{
    const struct query *query = asked->query;
    if (asked->last_event_id[0]) {
        *start = (struct start){.kind = START_CURSOR,
                                .cursor = asked->last_event_id};
        return true;
    }
    if (query->after && query->last)
        return problem_refuse(
            refusal, PROBLEM_BAD_AFTER,
            "?after= and ?last= say two things; give one of them");
    if (query->last)
        return read_last(start, query->last, refusal);
    if (query->after && strcmp(query->after, "earliest") == 0)
        *start = (struct start){.kind = START_EARLIEST};
    else if (query->after && query->after[0])
        *start = (struct start){.kind = START_CURSOR, .cursor = query->after};
    else
        *start = (struct start){.kind = START_NOW};
    return true;
}

static bool
read_format(struct follow *follow, const struct asked *asked,
            struct refusal *refusal)
{
    const char *format = asked->query->format;
    bool is_ws = asked->transport == TRANSPORT_WS;
    if (!format)
        follow->format =
            is_ws || follow->channel_count > 1 ? FORMAT_JSON : FORMAT_BARE;
    else if (strcmp(format, "json") == 0)
        follow->format = FORMAT_JSON;
    else if (is_ws && strcmp(format, "raw") == 0)
        follow->format = FORMAT_BARE;
    else
        return problem_refuse(
            refusal, PROBLEM_BAD_FORMAT, "%s",
            is_ws ? "?format= knows json and raw; json is what you get "
                    "without it"
                  : "?format= knows json; leave it out for the bare data");
    return true;
}

bool
follow_read(struct follow *follow, const struct asked *asked,
            const struct options *options, struct refusal *refusal)
{
    follow->channel_count = 0;
    if (read_channels(follow, asked->names, (size_t)options->channels_max,
                      refusal) &&
        read_format(follow, asked, refusal) &&
        read_start(&follow->start, asked, refusal))
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
follow_trouble(struct queue *queue, enum queue_status status,
               struct refusal *refusal)
{
    const char *trouble = queue_trouble(queue);
    if (status == QUEUE_AGAIN)
        problem_refuse(refusal, PROBLEM_BUSY,
                       "the queue is locked at the moment; try again");
    else
        problem_refuse(refusal, PROBLEM_QUEUE, "%s",
                       trouble ? trouble : "the queue cannot be read now");
}

#include "submission.h"

#include "hub/names.h"
#include "options.h"
#include "problem.h"

#include <stdlib.h>
#include <string.h>

enum { WRAPPING_MAX = 4096, BYTES_OF_ESCAPE = 6 };

enum copy { COPY_CHANNEL, COPY_FROM, COPY_DATA, COPIES };

size_t
submission_max(size_t message_max, bool is_raw)
{
    return is_raw ? message_max : message_max * BYTES_OF_ESCAPE + WRAPPING_MAX;
}

void
submission_fini(struct submission *submission)
{
    json_object_fini(&submission->object);
    for (int i = 0; i < COPIES; i++)
        free(submission->copies[i]);
    *submission = (struct submission){0};
}

void
submission_address(struct submission *submission, const char *channel,
                   const char *from)
{
    struct queue_message *message = &submission->message;
    message->channel = submission->copies[COPY_CHANNEL] = xstrdup(channel);
    if (!message->from && from)
        message->from = submission->copies[COPY_FROM] = xstrdup(from);
}

static const char *
text_of(const struct json_object *object, const char *name)
{
    const struct json_member *member = json_object_get(object, name);
    return member && member->is_string ? member->text : NULL;
}

/* What is wrong with the members, or NULL. */
static const char *
check_members(const struct json_object *object)
{
    for (size_t i = 0; i < object->count; i++) {
        const struct json_member *member = &object->members[i];
        const char *name = member->name;
        if (strcmp(name, "data") == 0)
            continue;
        if (strcmp(name, "event") != 0 && strcmp(name, "from") != 0 &&
            strcmp(name, "key") != 0)
            return "it has a member other than event, from, key and data";
        if (!member->is_string)
            return "its event, from and key must be strings";
    }
    return json_object_get(object, "data") ? NULL : "it has no data";
}

static void
take_members(struct submission *submission)
{
    const struct json_object *object = &submission->object;
    const struct json_member *data = json_object_get(object, "data");
    const char *event = text_of(object, "event");
    submission->kind = data->is_string ? RULES_TEXT : RULES_JSON;
    submission->message = (struct queue_message){
        .event = event ? event : "message",
        .from = text_of(object, "from"),
        .type = data->is_string ? QUEUE_TEXT : QUEUE_JSON,
        .data = data->text,
        .size_bytes = data->size_bytes,
    };
}

bool
submission_read_json(struct submission *submission, const char *data,
                     size_t len, const struct options *options,
                     struct refusal *refusal)
{
    struct json_object *object = &submission->object;
    const char *wrong = json_object_read(data, len, object);
    if (!wrong)
        wrong = check_members(object);
    const char *key = submission->key = text_of(object, "key");
    if (wrong && key && !name_is_key(key, strlen(key)))
        submission->key = NULL;
    if (wrong)
        return problem_refuse(refusal, PROBLEM_BAD_REQUEST,
                              "{\"event\"?,\"data\",\"key\"?,\"from\"?} is "
                              "what is published here, and of this %s",
                              wrong);
    take_members(submission);
    if (!rules_names(&submission->message, submission->key, options, refusal)) {
        if (refusal->problem == PROBLEM_BAD_KEY)
            submission->key = NULL;
        return false;
    }
    return rules_size(submission->message.size_bytes, options, refusal);
}

bool
submission_read_raw(struct submission *submission, bool is_text,
                    const char *data, size_t len, const struct options *options,
                    struct refusal *refusal)
{
    submission->copies[COPY_DATA] = xmemdup0(data, len);
    submission->kind = is_text ? RULES_TEXT : RULES_BINARY;
    submission->message = (struct queue_message){
        .event = "message",
        .type = is_text ? QUEUE_TEXT : QUEUE_BINARY,
        .data = submission->copies[COPY_DATA],
        .size_bytes = len,
    };
    return rules_size(len, options, refusal);
}

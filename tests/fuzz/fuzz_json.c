/* JSON and NDJSON that a publisher sends. What is taken out of a line, written
 * again, is read as the same. */
#include "fuzz.h"

#include "base/json.h"
#include "base/utf8.h"
#include "ndjson.h"
#include "options.h"

#include <string.h>

static const struct options limits = {
    .batch_lines = 50, .event_max = 128, .message_max = 4096};

static void
append_member(struct bytes *json, const struct json_member *member)
{
    json_append_string(json, member->name, strlen(member->name));
    bytes_append_char(json, ':');
    if (member->is_string)
        json_append_string(json, member->text, member->size_bytes);
    else
        bytes_append(json, member->text, member->size_bytes);
}

static void
require_same(const struct json_object *a, const struct json_object *b)
{
    require(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        const struct json_member *x = &a->members[i], *y = &b->members[i];
        require(strcmp(x->name, y->name) == 0);
        require(x->is_string == y->is_string);
        require(x->size_bytes == y->size_bytes);
        require(strlen(x->text) == x->size_bytes);
        require(memcmp(x->text, y->text, x->size_bytes) == 0);
        require(utf8_valid(x->text, x->size_bytes));
        require(x->is_string || x->size_bytes > 0);
    }
}

static void
check_object(const uint8_t *data, size_t size)
{
    struct json_object object, again;
    if (json_object_read((const char *)data, size, &object))
        return;
    struct bytes json = BYTES_EMPTY;
    bytes_append_char(&json, '{');
    for (size_t i = 0; i < object.count; i++) {
        if (i)
            bytes_append_char(&json, ',');
        append_member(&json, &object.members[i]);
    }
    bytes_append_char(&json, '}');
    require(!json_object_read(json.data, json.len, &again));
    require_same(&object, &again);
    json_object_fini(&object);
    json_object_fini(&again);
    bytes_fini(&json);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_object(data, size);
    struct batch batch;
    char sentence[256];
    enum batch_problem problem =
        batch_read(&batch, "room", (const char *)data, size, &limits, sentence,
                   sizeof sentence);
    if (problem == BATCH_OK) {
        require(batch.count >= 1 && batch.count <= 50);
        for (size_t i = 0; i < batch.count; i++) {
            const struct queue_message *message = &batch.messages[i];
            require(message->size_bytes <= 4096);
            require(utf8_valid(message->data, message->size_bytes));
            require(!strpbrk(message->event, "\r\n"));
            require(!message->from || !strpbrk(message->from, "\r\n"));
        }
        batch_fini(&batch);
    } else {
        require(strlen(sentence) > 10 && !batch.messages);
    }
    return 0;
}

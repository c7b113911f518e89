#include "target/target.h"

#include "base/bytes.h"
#include "base/json.h"
#include "target/entrance.h"
#include "target/members.h"
#include "target/template.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

enum { FILE_MAX = 1 << 20, SIDE_MAX = 23, WORDS_MAX = 32, VALUE_MAX = 4096 };

/* The value of NAME that a WORD=VALUE of the user's gives it, or NULL. */
static const char *
chosen(char *const *words, const char *name)
{
    const char *value = NULL;
    size_t len = strlen(name);
    for (; words && *words; words++)
        if (strncmp(*words, name, len) == 0 && (*words)[len] == '=')
            value = *words + len + 1;
    return value;
}

static void
take_word(struct reading *reading, const struct place *place, const cJSON *item,
          char *const *chosen_words, struct vocabulary *words)
{
    if (!word_is_name(item->string, strlen(item->string))) {
        reading_say(reading, place,
                    "is no name for a word; one begins with a letter, goes on "
                    "with a-z, 0-9, _ and -, and is not channel or token");
        return;
    }
    if (!cJSON_IsString(item)) {
        reading_must_be(reading, place, item, "a string");
        return;
    }
    const char *text = chosen(chosen_words, item->string);
    char *problem = NULL;
    char *value =
        template_words(text ? text : item->valuestring, words, false, &problem);
    if (problem)
        reading_say(reading, place, "%s", problem);
    else if (strlen(value) > VALUE_MAX)
        reading_say(reading, place, "has more than %d bytes", VALUE_MAX);
    else
        vocabulary_add(words, item->string, value);
    free(problem);
    free(value);
}

/* Whoever says --set must hear of a word that nothing uses. */
static void
check_chosen(struct reading *reading, char *const *chosen_words,
             const struct vocabulary *words)
{
    for (; chosen_words && *chosen_words; chosen_words++) {
        const char *equals = strchr(*chosen_words, '=');
        size_t len = equals ? (size_t)(equals - *chosen_words) : 0;
        if (!len) {
            reading_say(reading, NULL,
                        "cannot set \"%.80s\"; write --set WORD=VALUE",
                        *chosen_words);
        } else if (!vocabulary_get(words, *chosen_words, len)) {
            struct bytes list = BYTES_EMPTY;
            for (size_t i = 0; i < words->count; i++)
                bytes_printf(&list, "%s%s", i ? ", " : "", words->list[i].name);
            bytes_append_char(&list, '\0');
            reading_say(reading, NULL,
                        "has no word \"%.*s\" to be set; its \"set\" has %s",
                        len > 80 ? 80 : (int)len, *chosen_words,
                        words->count ? list.data : "none");
            bytes_fini(&list);
        }
    }
}

static void
take_set(struct reading *reading, const cJSON *root, char *const *chosen_words,
         struct vocabulary *words)
{
    struct place here = {.member = "set"};
    const cJSON *set = cJSON_GetObjectItemCaseSensitive(root, "set");
    if (set && (!cJSON_IsObject(set) || cJSON_GetArraySize(set) > WORDS_MAX))
        reading_must_be(reading, &here, set,
                        "an object of at most 32 words with their values");
    for (const cJSON *item = set ? set->child : NULL; item && !reading->problem;
         item = item->next) {
        struct place word = {.above = &here, .member = item->string};
        take_word(reading, &word, item, chosen_words, words);
    }
    check_chosen(reading, chosen_words, words);
}

typedef void entrance_reader(struct reading *reading, const struct place *place,
                             const cJSON *object,
                             const struct vocabulary *words,
                             struct entrance *entrance);

static struct entrance *
take_entrances(struct reading *reading, const cJSON *root, const char *name,
               const struct vocabulary *words, entrance_reader *read,
               int *count)
{
    const cJSON *array =
        member_array(reading, NULL, root, name, "objects", true);
    struct entrance *entrances =
        xcalloc((size_t)cJSON_GetArraySize(array) + 1, sizeof *entrances);
    struct place here = {.member = name};
    for (const cJSON *item = array ? array->child : NULL; item;
         item = item->next, ++*count) {
        struct place element = {.above = &here, .index = *count};
        read(reading, &element, item, words, &entrances[*count]);
    }
    return entrances;
}

static void
add_process(struct target *target, const char *side, int pid)
{
    size_t size =
        (size_t)(target->process_count + 1) * sizeof *target->processes;
    target->processes = xrealloc(target->processes, size);
    target->processes[target->process_count++] =
        (struct target_process){.side = xstrdup(side), .pid = pid};
}

static void
take_side(struct reading *reading, const struct place *place,
          const cJSON *array, struct target *target)
{
    if (!cJSON_IsArray(array) || !array->child) {
        reading_must_be(reading, place, array,
                        "an array of one or more process ids");
        return;
    }
    int index = 0;
    for (const cJSON *item = array->child; item; item = item->next) {
        struct place element = {.above = place, .index = index++};
        double pid = cJSON_IsNumber(item) ? item->valuedouble : 0;
        if (pid < 1 || pid > INT_MAX || pid != (int)pid)
            reading_must_be(reading, &element, item, "a process id");
        else
            add_process(target, array->string, (int)pid);
    }
}

static void
take_processes(struct reading *reading, const struct place *here,
               const cJSON *sides, struct target *target)
{
    if (sides && !cJSON_IsObject(sides))
        reading_must_be(reading, here, sides,
                        "an object of sides, such as {\"server\": [123]}");
    for (const cJSON *item = sides ? sides->child : NULL;
         item && !reading->problem; item = item->next) {
        struct place side = {.above = here, .member = item->string};
        if (!*item->string || strlen(item->string) > SIDE_MAX)
            reading_say(reading, &side,
                        "is no name for a side; one has 1 to %d bytes",
                        SIDE_MAX);
        else
            take_side(reading, &side, item, target);
    }
}

static void
forget_processes(struct target *target)
{
    for (int i = 0; i < target->process_count; i++)
        free(target->processes[i].side);
    free(target->processes);
    target->processes = NULL;
    target->process_count = 0;
}

static char *
take_copy(struct reading *reading, const cJSON *root, const char *name,
          bool must_be)
{
    const char *text = member_text(reading, NULL, root, name, must_be);
    return text ? xstrdup(text) : NULL;
}

static void
take_all(struct reading *reading, const cJSON *root, char *const *chosen_words,
         struct vocabulary *words, struct target *target)
{
    static const char *const known[] = {"name",   "about",     "durable",
                                        "set",    "publish",   "subscribe",
                                        "status", "processes", NULL};
    if (!members_are(reading, NULL, root, known))
        return;
    take_set(reading, root, chosen_words, words);
    target->name = take_copy(reading, root, "name", true);
    target->about = take_copy(reading, root, "about", false);
    target->durable = take_copy(reading, root, "durable", false);
    target->publish =
        take_entrances(reading, root, "publish", words, entrance_read_publish,
                       &target->publish_count);
    target->subscribe =
        take_entrances(reading, root, "subscribe", words,
                       entrance_read_subscribe, &target->subscribe_count);
    target->status =
        entrance_template(reading, NULL, root, "status", words, false, false);
    entrance_check_url(reading, &(struct place){.member = "status"},
                       target->status, entrance_schemes_http);
    take_processes(reading, &(struct place){.member = "processes"},
                   cJSON_GetObjectItemCaseSensitive(root, "processes"), target);
}

/* What cJSON lets pass is refused first. */
static cJSON *
parse(struct reading *reading, const char *json, size_t len)
{
    struct json_object object;
    const char *wrong = json_object_read(json, len, &object);
    if (wrong) {
        struct bytes text = BYTES_EMPTY;
        bytes_printf(&text, "%s: %s; a target is one JSON object in UTF-8",
                     reading->name, wrong);
        bytes_append_char(&text, '\0');
        reading->problem = text.data;
        return NULL;
    }
    json_object_fini(&object);
    return cJSON_ParseWithLength(json, len);
}

static struct target *
read_target(struct reading reading, const char *json, size_t len,
            char *const *words, char **problem)
{
    struct target *target = xcalloc(1, sizeof *target);
    struct vocabulary set = {0};
    cJSON *root = parse(&reading, json, len);
    if (root)
        take_all(&reading, root, words, &set, target);
    cJSON_Delete(root);
    vocabulary_fini(&set);
    if (!reading.problem)
        return target;
    target_free(target);
    *problem = reading.problem;
    return NULL;
}

struct target *
target_read(const char *name, const char *json, size_t len, char *const *words,
            char **problem)
{
    return read_target((struct reading){.name = name}, json, len, words,
                       problem);
}

struct target *
target_read_named(const struct member_name *names, const char *json, size_t len,
                  char **problem)
{
    return read_target((struct reading){.name = "options", .names = names},
                       json, len, NULL, problem);
}

bool
target_read_processes(struct target *target, const char *json, size_t len)
{
    struct reading reading = {.name = "processes"};
    struct target fresh = {0};
    cJSON *sides = parse(&reading, json, len);
    if (sides)
        take_processes(&reading, NULL, sides, &fresh);
    cJSON_Delete(sides);
    bool is_good = !reading.problem;
    free(reading.problem);
    if (!is_good) {
        forget_processes(&fresh);
        return false;
    }
    forget_processes(target);
    target->processes = fresh.processes;
    target->process_count = fresh.process_count;
    return true;
}

__attribute__((format(printf, 2, 3))) static struct target *
refuse(char **problem, const char *format, ...)
{
    struct bytes text = BYTES_EMPTY;
    char said[512];
    va_list args;
    va_start(args, format);
    vsnprintf(said, sizeof said, format, args);
    va_end(args);
    bytes_append(&text, said, strlen(said) + 1);
    *problem = text.data;
    return NULL;
}

struct target *
target_read_file(const char *path, char *const *words, char **problem)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return refuse(problem, "%s cannot be read: %s", path, strerror(errno));
    struct bytes json = BYTES_EMPTY;
    size_t got;
    do {
        char *room = bytes_reserve(&json, 65536);
        got = fread(room, 1, 65536, file);
        json.len += got;
    } while (got && json.len <= FILE_MAX);
    bool is_broken = ferror(file);
    int reason = errno;
    fclose(file);
    struct target *target;
    if (is_broken)
        target =
            refuse(problem, "%s cannot be read: %s", path, strerror(reason));
    else if (json.len > FILE_MAX)
        target = refuse(problem, "%s is larger than 1 MiB; no target is", path);
    else
        target = target_read(path, json.data, json.len, words, problem);
    bytes_fini(&json);
    return target;
}

static void
free_entrances(struct entrance *entrances, int count)
{
    for (int i = 0; i < count; i++)
        entrance_fini(&entrances[i]);
    free(entrances);
}

void
target_free(struct target *target)
{
    if (!target)
        return;
    free(target->name);
    free(target->about);
    free(target->durable);
    free(target->status);
    free_entrances(target->publish, target->publish_count);
    free_entrances(target->subscribe, target->subscribe_count);
    forget_processes(target);
    free(target);
}

static const struct entrance *
find(const struct entrance *entrances, int count, const char *transport,
     const char *way)
{
    for (int i = 0; i < count; i++)
        if ((!transport || strcmp(entrances[i].transport, transport) == 0) &&
            (!way || strcmp(entrances[i].way, way) == 0))
            return &entrances[i];
    return NULL;
}

const struct entrance *
target_subscribe(const struct target *target, const char *transport,
                 const char *way)
{
    return find(target->subscribe, target->subscribe_count, transport, way);
}

const struct entrance *
target_publish(const struct target *target, const char *by, const char *way)
{
    return find(target->publish, target->publish_count, by, way);
}

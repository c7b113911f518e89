#include "target/members.h"

#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

enum { FOUND_MAX = 60, SENTENCE_MAX = 512, MEMBERS_MAX = 64 };

static void
append_place(struct bytes *text, const struct place *place, bool has_indices)
{
    if (!place)
        return;
    append_place(text, place->above, has_indices);
    if (place->member)
        bytes_printf(text, "%s%s", place->above ? "." : "", place->member);
    else if (has_indices)
        bytes_printf(text, "[%d]", place->index);
}

/* What the user calls that place, or NULL. */
static const char *
name_of(const struct reading *reading, const struct place *place)
{
    struct bytes path = BYTES_EMPTY;
    append_place(&path, place, false);
    bytes_append_char(&path, '\0');
    const struct member_name *named = reading->names;
    while (named && named->path && strcmp(named->path, path.data) != 0)
        named++;
    bytes_fini(&path);
    return named ? named->name : NULL;
}

void
reading_say(struct reading *reading, const struct place *place,
            const char *format, ...)
{
    if (reading->problem)
        return;
    struct bytes text = BYTES_EMPTY;
    const char *name = name_of(reading, place);
    if (!reading->names)
        bytes_printf(&text, "%s: ", reading->name);
    if (name)
        bytes_append_string(&text, name);
    else
        append_place(&text, place, true);
    if (!place)
        bytes_append_string(&text, "it");
    char said[SENTENCE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(said, sizeof said, format, args);
    va_end(args);
    bytes_printf(&text, " %s", said);
    bytes_append_char(&text, '\0');
    reading->problem = text.data;
}

/* How a value looks, cut where it would fill a screen (and not in the middle
 * of a character). */
static char *
shown(const cJSON *item)
{
    char *text = cJSON_PrintUnformatted(item);
    if (!text)
        return xstrdup("?");
    if (strlen(text) > FOUND_MAX) {
        size_t len = FOUND_MAX;
        while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
            len--;
        memcpy(text + len, "…", sizeof "…");
    }
    return text;
}

void
reading_must_be(struct reading *reading, const struct place *place,
                const cJSON *item, const char *what)
{
    if (reading->problem)
        return;
    if (!item) {
        reading_say(reading, place, "is missing; it must be %s", what);
        return;
    }
    char *found = shown(item);
    reading_say(reading, place, "is %s; it must be %s", found, what);
    free(found);
}

static bool
is_known(const char *name, const char *const *known)
{
    for (; *known; known++)
        if (strcmp(name, *known) == 0)
            return true;
    return false;
}

static char *
listed(const char *const *known)
{
    struct bytes text = BYTES_EMPTY;
    for (size_t i = 0; known[i]; i++)
        bytes_printf(&text, "%s%s", i ? ", " : "", known[i]);
    bytes_append_char(&text, '\0');
    return text.data;
}

bool
members_are(struct reading *reading, const struct place *place,
            const cJSON *object, const char *const *known)
{
    if (!cJSON_IsObject(object)) {
        reading_must_be(reading, place, object, "an object");
        return false;
    }
    for (const cJSON *item = object->child; item; item = item->next) {
        if (is_known(item->string, known))
            continue;
        char *list = listed(known);
        struct place here = {.above = place, .member = item->string};
        reading_say(reading, &here,
                    "means nothing; the members that stand there are %s", list);
        free(list);
        return false;
    }
    return true;
}

const char *
member_text(struct reading *reading, const struct place *object_is,
            const cJSON *object, const char *name, bool must_be)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!item && !must_be)
        return NULL;
    if (cJSON_IsString(item) && *item->valuestring)
        return item->valuestring;
    struct place here = {.above = object_is, .member = name};
    reading_must_be(reading, &here, item, "a string that is not empty");
    return NULL;
}

const cJSON *
member_array(struct reading *reading, const struct place *object_is,
             const cJSON *object, const char *name, const char *each,
             bool must_be)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!item && !must_be)
        return NULL;
    int count = cJSON_IsArray(item) ? cJSON_GetArraySize(item) : -1;
    if (count >= (must_be ? 1 : 0) && count <= MEMBERS_MAX)
        return item;
    char what[SENTENCE_MAX];
    snprintf(what, sizeof what, "an array of %d to %d %s", must_be ? 1 : 0,
             MEMBERS_MAX, each);
    struct place here = {.above = object_is, .member = name};
    reading_must_be(reading, &here, item, what);
    return NULL;
}

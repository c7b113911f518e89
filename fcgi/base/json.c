#include "base/json.h"

#include "base/map.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

/* What JSON must escape, and the few that we escape besides; 0: as it is. */
static size_t
escape_of(const unsigned char *p, size_t left, char escaped[7])
{
    static const char hex[] = "0123456789abcdef";
    static const char shorts[] = "\b\f\n\r\t\"\\";
    static const char letters[] = "bfnrt\"\\";
    const char *found = *p ? strchr(shorts, *p) : NULL;
    if (found) {
        escaped[0] = '\\';
        escaped[1] = letters[found - shorts];
        escaped[2] = '\0';
        return 1;
    }
    if (*p < 0x20 || *p == 0x7f) {
        memcpy(escaped, "\\u00", 4);
        escaped[4] = hex[*p >> 4];
        escaped[5] = hex[*p & 15];
        escaped[6] = '\0';
        return 1;
    }
    if (left >= 3 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] & 0xfe) == 0xa8) {
        memcpy(escaped, p[2] == 0xa8 ? "\\u2028" : "\\u2029", 7);
        return 3;
    }
    return 0;
}

static bool
is_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\' && c != 0x7f && c != 0xe2;
}

void
json_append_string(struct bytes *bytes, const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    bytes_reserve(bytes, len + 2);
    bytes_append_char(bytes, '"');
    for (size_t i = 0; i < len;) {
        size_t run = i;
        while (run < len && is_plain(p[run]))
            run++;
        bytes_append(bytes, text + i, run - i);
        if (run == len)
            break;
        char escaped[7];
        size_t step = escape_of(p + run, len - run, escaped);
        if (step)
            bytes_append_string(bytes, escaped);
        else
            bytes_append_char(bytes, text[run]);
        i = run + (step ? step : 1);
    }
    bytes_append_char(bytes, '"');
}

static const char *
skip_space(const char *p)
{
    while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
        p++;
    return p;
}

/* Past the string that begins at P; the text is known to be JSON. */
static const char *
skip_string(const char *p)
{
    for (p++; *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p + 1;
}

/* Past the value that begins at P; the text is known to be JSON. */
static const char *
skip_value(const char *p)
{
    int depth = 0;
    do {
        p = skip_space(p);
        if (*p == '"') {
            p = skip_string(p);
        } else if (*p == '{' || *p == '[') {
            depth++;
            p++;
        } else if (*p == '}' || *p == ']') {
            depth--;
            p++;
        } else if (*p == ',' || *p == ':') {
            p++;
        } else {
            while (*p && !strchr(" \t\r\n,:]}", *p))
                p++;
        }
    } while (depth > 0);
    return p;
}

/* \u0000 anywhere in the text: cJSON would cut the string there. An escaped
 * backslash before the u is none. */
static bool
has_escaped_nul(const char *p)
{
    while ((p = strchr(p, '\\'))) {
        if (strncmp(p, "\\u0000", 6) == 0)
            return true;
        p += p[1] ? 2 : 1;
    }
    return false;
}

static const char *
check_text(const char *data, size_t len)
{
    if (memchr(data, '\0', len))
        return "it holds a NUL byte";
    if (!utf8_valid(data, len))
        return "it is not UTF-8";
    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
        return "it begins with a byte order mark";
    return NULL;
}

/* Past the number that begins at P, if it is one (RFC 8259, section 6); else
 * NULL. cJSON leaves numbers to strtod(), which takes 01 and 1. too. */
static const char *
skip_number(const char *p)
{
    static const char digits[] = "0123456789";
    if (*p == '-')
        p++;
    size_t whole = strspn(p, digits);
    if (!whole || (whole > 1 && *p == '0'))
        return NULL;
    p += whole;
    if (*p == '.') {
        size_t fraction = strspn(p + 1, digits);
        if (!fraction)
            return NULL;
        p += 1 + fraction;
    }
    if (*p == 'e' || *p == 'E') {
        p++;
        if (*p == '+' || *p == '-')
            p++;
        size_t exponent = strspn(p, digits);
        if (!exponent)
            return NULL;
        p += exponent;
    }
    return p;
}

/* What cJSON takes and JSON does not: control characters that are not escaped,
 * inside strings and as blanks between, and numbers of other spellings. The
 * walks above rely on this to see the text as cJSON saw it. */
static const char *
check_characters(const char *p)
{
    bool in_string = false;
    while (*p) {
        unsigned char c = (unsigned char)*p;
        if (c < 0x20 && (in_string || !strchr("\t\n\r", c)))
            return "it holds a control character that is not escaped";
        if (!in_string && (c == '-' || (c >= '0' && c <= '9'))) {
            p = skip_number(p);
            if (!p)
                return "it holds a number that is not written as in JSON";
            continue;
        }
        if (in_string && c == '\\' && p[1])
            p++;
        else if (c == '"')
            in_string = !in_string;
        p++;
    }
    return NULL;
}

static bool
names_one_twice(const cJSON *object)
{
    struct map names = {0};
    bool twice = false;
    for (const cJSON *item = object->child; item && !twice; item = item->next) {
        twice = map_get(&names, item->string);
        map_put(&names, item->string, item->string);
    }
    map_fini(&names);
    return twice;
}

/* In VALUE or anything in it, to the depth that cJSON parses. */
static bool
has_duplicate(const cJSON *value)
{
    if (cJSON_IsObject(value) && names_one_twice(value))
        return true;
    for (const cJSON *item = value->child; item; item = item->next)
        if (item->child && has_duplicate(item))
            return true;
    return false;
}

/* Takes the members out of ROOT, whose own text TEXT is; both are walked side
 * by side, since cJSON keeps no place of what it parsed. */
static void
take_members(const cJSON *root, const char *text, struct json_object *object)
{
    size_t count = (size_t)cJSON_GetArraySize(root);
    object->members = xcalloc(count, sizeof *object->members);
    object->count = count;
    const char *p = skip_space(text) + 1;
    struct json_member *member = object->members;
    for (const cJSON *item = root->child; item; item = item->next, member++) {
        p = skip_space(skip_string(skip_space(p))) + 1; /* the name, and : */
        const char *value = skip_space(p);
        p = skip_value(value);
        member->name = xstrdup(item->string);
        member->is_string = cJSON_IsString(item);
        const char *from = member->is_string ? item->valuestring : value;
        member->size_bytes =
            member->is_string ? strlen(from) : (size_t)(p - value);
        member->text = xmemdup0(from, member->size_bytes);
        p = skip_space(p) + 1; /* the comma or the brace */
    }
}

enum { MEMBERS_MAX = 64 };

static const char *
read_checked(const char *text, size_t len, struct json_object *object)
{
    const char *wrong = check_characters(text);
    if (wrong)
        return wrong;
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(text, len + 1, &end, true);
    if (!root)
        wrong = "it is not JSON, or goes on after its value";
    else if (!cJSON_IsObject(root))
        wrong = "it is not a JSON object";
    else if (has_escaped_nul(text))
        wrong = "it holds \\u0000, which text cannot carry; send it as binary";
    else if (cJSON_GetArraySize(root) > MEMBERS_MAX)
        wrong = "it has more than 64 members";
    else if (has_duplicate(root))
        wrong = "it names a member twice";
    else
        take_members(root, text, object);
    cJSON_Delete(root);
    return wrong;
}

const char *
json_object_read(const char *data, size_t len, struct json_object *object)
{
    const char *wrong = check_text(data, len);
    if (wrong)
        return wrong;
    char *text = xmemdup0(data, len); /* cJSON wants the NUL behind */
    wrong = read_checked(text, len, object);
    free(text);
    return wrong;
}

void
json_object_fini(struct json_object *object)
{
    for (size_t i = 0; i < object->count; i++) {
        free(object->members[i].name);
        free(object->members[i].text);
    }
    free(object->members);
    *object = (struct json_object){0};
}

const struct json_member *
json_object_get(const struct json_object *object, const char *name)
{
    for (size_t i = 0; i < object->count; i++)
        if (strcmp(object->members[i].name, name) == 0)
            return &object->members[i];
    return NULL;
}

/* JSON (RFC 8259): writing strings, and reading one flat object strictly.
 *
 * cJSON parses; this adds what it lets pass: bytes that are not UTF-8, text
 * after the value, duplicate names and \u0000 are refused, never cut. */
#ifndef EARSHOT_BASE_JSON_H
#define EARSHOT_BASE_JSON_H

#include "base/bytes.h"

#include <stdbool.h>

/* Appends LEN bytes of UTF-8 as a JSON string with its quotes. Beyond what
 * JSON asks for, U+2028 and U+2029 and U+007F are escaped, which some readers
 * take for line ends or do not show. */
void json_append_string(struct bytes *bytes, const char *text, size_t len);

/* One member of an object that was read. */
struct json_member {
    char *name; /* decoded */
    bool is_string;
    char *text;        /* a string's decoded value; else the value's own JSON
                          text, byte for byte */
    size_t size_bytes; /* of text; a NUL follows */
};

struct json_object {
    struct json_member *members;
    size_t count;
};

/* Reads LEN bytes that must be one JSON object, whatever white space is round
 * it. On success fills OBJECT, which the caller ends with json_object_fini();
 * else returns a sentence that says what is wrong, and OBJECT is untouched. */
__attribute__((warn_unused_result)) const char *
json_object_read(const char *data, size_t len, struct json_object *object);

void json_object_fini(struct json_object *object);

/* The member called NAME, or NULL. */
const struct json_member *json_object_get(const struct json_object *object,
                                          const char *name);

#endif

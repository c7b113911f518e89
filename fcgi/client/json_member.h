/* One member of a JSON object, found without parsing the rest of it into
 * anything: a cursor in a poll's answer, an id in a frame. What follows the
 * member is not looked at, so that it may be anything. */
#ifndef EARSHOT_CLIENT_JSON_MEMBER_H
#define EARSHOT_CLIENT_JSON_MEMBER_H

#include <stdbool.h>
#include <stddef.h>

struct json_text {
    const char *data; /* a string without its quotes, or the value as it is */
    size_t len;
    bool is_string;
    bool has_escapes; /* in a string: json_text_decode() undoes them */
};

/* Finds the member NAME of the object in the LEN bytes at JSON: not those of
 * objects within it; of several the first. VALUE points into JSON. False, with
 * VALUE untouched: it is not there, JSON is no object, or is broken before the
 * end of the member's value. */
__attribute__((warn_unused_result)) bool
json_member_find(const char *json, size_t len, const char *name,
                 struct json_text *value);

/* The same for the first of NAMES ("id,cursor", no blanks) that is there. */
__attribute__((warn_unused_result)) bool
json_member_any(const char *json, size_t len, const char *names,
                struct json_text *value);

/* Moves *JSON past one value (and blanks before it), whatever it is, for who
 * reads an array. False: it is broken, or not whole before END. */
__attribute__((warn_unused_result)) bool json_skip_value(const char **json,
                                                         const char *end);

/* Writes a string without its escapes, at most TEXT->len bytes, to OUT. Returns
 * how many; a lone surrogate becomes U+FFFD. */
size_t json_text_decode(const struct json_text *text, char *out);

#endif

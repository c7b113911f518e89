/* Tags: the word by which a page finds its own connections again, and the
 * patterns that name several: a tag, or the beginning of one and a `*`. */
#ifndef EARSHOT_TAP_TAG_H
#define EARSHOT_TAP_TAG_H

#include <stdbool.h>
#include <stddef.h>

enum {
    TAG_MAX = 48,
    TAG_SIZE = TAG_MAX + 1,
    PATTERN_SIZE = TAG_MAX + 2, /* with its * */
};

/* How many of LEN bytes may stand in a tag: A-Z a-z 0-9 _ - */
size_t tag_span(const char *text, size_t len);

/* A tag, a tag and a `*`, or a `*` alone. */
bool tag_pattern_is_valid(const char *pattern);

bool tag_matches(const char *pattern, const char *tag);

/* Whether all that INNER matches is matched by OUTER. */
bool tag_pattern_covers(const char *outer, const char *inner);

#endif

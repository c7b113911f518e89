#include "tag.h"

#include <string.h>

size_t
tag_span(const char *text, size_t len)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t span = 0;
    while (span < len && text[span] && strchr(allowed, text[span]))
        span++;
    return span;
}

/* The length of PATTERN without its star. */
static size_t
stem(const char *pattern, bool *has_star)
{
    size_t len = strlen(pattern);
    *has_star = len && pattern[len - 1] == '*';
    return len - *has_star;
}

bool
tag_pattern_is_valid(const char *pattern)
{
    bool has_star;
    size_t len = stem(pattern, &has_star);
    return len <= TAG_MAX && (len || has_star) && tag_span(pattern, len) == len;
}

bool
tag_matches(const char *pattern, const char *tag)
{
    bool has_star;
    size_t len = stem(pattern, &has_star);
    return strncmp(pattern, tag, len) == 0 && (has_star || !tag[len]);
}

bool
tag_pattern_covers(const char *outer, const char *inner)
{
    bool has_star;
    size_t len = stem(outer, &has_star);
    return has_star ? strncmp(outer, inner, len) == 0
                    : strcmp(outer, inner) == 0;
}

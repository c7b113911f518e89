/* The query string: the parameters that Earshot knows, decoded. Others are
 * ignored, as a web page may add its own. */
#ifndef EARSHOT_QUERY_H
#define EARSHOT_QUERY_H

#include <stdbool.h>
#include <stddef.h>

struct query {
    /* NULL: not given */
    const char *after;
    const char *last;
    const char *wait;
    const char *format;
    const char *event;
    const char *from;
    char *storage;
};

/* Decodes STRING (application/x-www-form-urlencoded: `+` is a blank). The first
 * of two of a name counts. False when a known value has a bad escape or a NUL;
 * *QUERY must be ended by query_fini() all the same. */
__attribute__((warn_unused_result)) bool query_read(struct query *query,
                                                    const char *string);
void query_fini(struct query *query);

/* Decodes percent-escapes of LEN bytes of TEXT into OUT (LEN + 1 bytes), with
 * `+` as a blank when IS_FORM. False on a bad escape or a NUL. */
__attribute__((warn_unused_result)) bool
percent_decode(char *out, const char *text, size_t len, bool is_form);

#endif

/* The head of an HTTP/1 message (RFC 9112): where it ends, its first line, its
 * fields, and by what its body ends. Nothing is copied: what is found points
 * into the head. */
#ifndef EARSHOT_TAP_HEAD_H
#define EARSHOT_TAP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HEAD_MAX = 16384 };

struct span {
    const char *data;
    size_t len;
};

/* The length of the head at DATA with its empty line; 0: it is not whole yet.
 * The first FROM bytes have been looked at before. */
size_t head_end(const char *data, size_t len, size_t from);

struct request_line {
    struct span method;
    struct span target;
    struct span rest; /* from the blank before HTTP/1.x to the line's end */
};

/* False: this is no HTTP/1 request. */
__attribute__((warn_unused_result)) bool
head_request_line(const char *head, size_t len, struct request_line *line);

/* False: this is no HTTP/1 answer. */
__attribute__((warn_unused_result)) bool head_status(const char *head,
                                                     size_t len, int *status);

struct field {
    struct span whole; /* with its line end, and lines that continue it */
    struct span name;
    struct span value; /* without blanks around it */
};

/* Finds the field behind *AT, an offset into the head that begins at 0; false
 * at the empty line. A line without a colon has an empty name. */
bool head_next_field(const char *head, size_t len, size_t *at,
                     struct field *field);

bool span_is(struct span span, const char *text); /* letters' case ignored */

/* Whether a list of words with commas has WORD (case ignored). */
bool span_lists(struct span span, const char *word);

enum framing_kind {
    FRAMING_NONE,
    FRAMING_LENGTH,
    FRAMING_CHUNKED,
    FRAMING_UNTIL_END, /* of the connection: nothing else is said */
};

struct framing {
    enum framing_kind kind;
    uint64_t length;
};

/* By Content-Length and Transfer-Encoding (RFC 9112, 6.3); UNTIL_END when
 * there is neither. False when they contradict each other or are no numbers. */
__attribute__((warn_unused_result)) bool
head_framing(const char *head, size_t len, struct framing *framing);

#endif

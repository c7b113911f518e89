/* An HTTP/1 response (RFC 9112): bytes in pieces of any size become the status,
 * a head, slices of the body, and where it ends. Who wants only to know how it
 * went leaves out the callbacks. */
#ifndef EARSHOT_BENCH_ANSWER_H
#define EARSHOT_BENCH_ANSWER_H

#include "base/bytes.h"
#include "transport/chunks.h"

#include <stdbool.h>
#include <stdint.h>

/* What a head may weigh. */
enum { ANSWER_HEAD_MAX = 64 * 1024 };

enum answer_found {
    ANSWER_MORE,  /* all is taken, and it goes on */
    ANSWER_WHOLE, /* it is over */
    ANSWER_WRONG, /* it is no HTTP/1 response */
};

enum answer_body {
    ANSWER_HEAD, /* zero: not known yet */
    ANSWER_COUNTED,
    ANSWER_CHUNKED,
    ANSWER_TO_THE_END, /* of the connection */
};

/* Zeroed is new, but for the callbacks, which stay. */
struct answer {
    void (*on_head)(void *context, const char *head, size_t len);
    void (*on_body)(void *context, const char *data, size_t len);
    void *context;
    int status;  /* once the head has come */
    bool closes; /* the connection is not kept */
    /* The rest is the module's own. */
    enum answer_body body;
    uint64_t left;
    struct chunks chunks;
    struct bytes head; /* while it is cut */
};

enum answer_found answer_take(struct answer *answer, const char *data,
                              size_t len);
/* The connection has ended: whether that is the answer's end, too. */
bool answer_ends_here(const struct answer *answer);
/* The value of the header NAME in a HEAD, without blanks around it. */
bool answer_header(const char *head, size_t len, const char *name,
                   const char **value, size_t *value_len);
/* For the next one. */
void answer_reset(struct answer *answer);
void answer_fini(struct answer *answer);

#endif

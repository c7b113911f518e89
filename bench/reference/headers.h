/* The headers of one request, as libevent read them. */
#ifndef EARSHOT_HEADERS_H
#define EARSHOT_HEADERS_H

#include <stddef.h>

struct evkeyvalq;

enum { HEADERS_JOINED_MAX = 16 };

struct headers {
    const struct evkeyvalq *all;
    char *joined[HEADERS_JOINED_MAX];
    size_t joined_count;
};

void headers_fini(struct headers *headers);

/* The value of NAME, in any case; "" when there is none; those of several
 * joined by ", " (RFC 9110, section 5.3). At most HEADERS_JOINED_MAX names may
 * be asked for. */
const char *headers_get(struct headers *headers, const char *name);

#endif

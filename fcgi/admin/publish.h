/* The two ways of `earshot publish`: publish.c and publish_url.c. */
#ifndef EARSHOT_ADMIN_PUBLISH_H
#define EARSHOT_ADMIN_PUBLISH_H

#include "base/bytes.h"
#include "options.h"
#include "queue/queue.h"

struct refusal;

enum { PUBLISH_URL_MAX = 2 << 20 }; /* more than any server takes */

/* Complains; returns how to exit. */
int publish_refused(const struct refusal *refusal);

/* Prints the id, or complains; returns how to exit. */
int publish_to_url(const struct options *options,
                   const struct queue_message *message);

#endif

/* The rules of publishing, whichever program a message came to: what may be
 * stored, what a key is bound to, and what the queue's outcome means in
 * words. */
#ifndef EARSHOT_RULES_H
#define EARSHOT_RULES_H

#include "queue/queue.h"

struct options;
struct refusal;

/* Judges the names of a MESSAGE on its way in and its KEY (NULL: none). A
 * channel, an event or a `from` that is NULL is not judged. */
__attribute__((warn_unused_result)) bool
rules_names(const struct queue_message *message, const char *key,
            const struct options *options, struct refusal *refusal);

/* Judges the length of one message's data. */
__attribute__((warn_unused_result)) bool
rules_size(size_t size_bytes, const struct options *options,
           struct refusal *refusal);

/* What a key may be bound to. The values are part of the fingerprints that
 * queues keep. */
enum rules_kind { RULES_TEXT, RULES_JSON, RULES_BINARY, RULES_BATCH };

/* Fills APPEND's fingerprint from all that makes the message what it is: the
 * EVENT, FROM (NULL: none), the kind and the LEN bytes of its body. */
__attribute__((warn_unused_result)) bool
rules_fingerprint(struct queue_append *append, const char *event,
                  const char *from, enum rules_kind kind, const void *body,
                  size_t len, struct refusal *refusal);

/* Says what an OUTCOME that is not QUEUE_OK means to the publisher; TROUBLE is
 * the queue's. */
void rules_outcome(const struct queue_outcome *outcome, const char *trouble,
                   struct refusal *refusal);

#endif

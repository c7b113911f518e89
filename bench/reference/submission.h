/* What a client sends to be published, read and judged: {"event"?,"data",
 * "key"?,"from"?}, or data alone. It knows no connection and no queue at work.
 */
#ifndef EARSHOT_SUBMISSION_H
#define EARSHOT_SUBMISSION_H

#include "base/json.h"
#include "queue/queue.h"
#include "rules.h"

#include <stdbool.h>

struct options;
struct refusal;

struct submission {
    struct queue_message message; /* refers to what follows */
    const char *key;              /* NULL: none, or none that is a key */
    enum rules_kind kind;
    struct json_object object;
    char *copies[3]; /* the channel, the sender's `from`, data alone */
};

/* How many bytes a message may have on its way in, where a stored one may have
 * MESSAGE_MAX: as JSON a byte of data may take six (\u0001), and the names take
 * some more. */
size_t submission_max(size_t message_max, bool is_raw);

/* Read LEN bytes of DATA, which is UTF-8 when it IS_TEXT, into SUBMISSION, all
 * zero before. False: REFUSAL says what is wrong; the key is there all the same
 * where it could be read. To be ended by submission_fini() in any case. */
__attribute__((warn_unused_result)) bool
submission_read_json(struct submission *submission, const char *data,
                     size_t len, const struct options *options,
                     struct refusal *refusal);
__attribute__((warn_unused_result)) bool
submission_read_raw(struct submission *submission, bool is_text,
                    const char *data, size_t len, const struct options *options,
                    struct refusal *refusal);

/* Gives it the CHANNEL that it goes to, and FROM (NULL: none), which counts
 * where it has said none itself. */
void submission_address(struct submission *submission, const char *channel,
                        const char *from);

void submission_fini(struct submission *submission);

#endif

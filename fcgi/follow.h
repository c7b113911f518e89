/* What following has in common, whatever the transport and the program: which
 * channels, from where, in which format. It answers nobody. */
#ifndef EARSHOT_FOLLOW_H
#define EARSHOT_FOLLOW_H

#include "hub/hub.h"

#include <stdbool.h>

struct options;
struct query;
struct refusal;

/* What a request asks to follow. */
struct asked {
    enum transport_id transport;
    const char *names; /* `a,b,c` of its path */
    const struct query *query;
    const char *last_event_id; /* "" when there is none */
};

enum format {
    FORMAT_BARE, /* the data alone */
    FORMAT_JSON, /* {"id":…,"channel":…,…} */
};

struct follow {
    const char *channels[SUBSCRIBER_CHANNELS_MAX];
    size_t channel_count;
    struct start start;
    enum format format;
    char *storage;
};

/* Reads what was ASKED. False: REFUSAL says what is wrong with it. End it by
 * follow_fini() when true; it refers to what ASKED refers to. */
__attribute__((warn_unused_result)) bool
follow_read(struct follow *follow, const struct asked *asked,
            const struct options *options, struct refusal *refusal);
void follow_fini(struct follow *follow);

/* Says what the queue meant by STATUS, which is not QUEUE_OK, of a read. */
void follow_trouble(struct queue *queue, enum queue_status status,
                    struct refusal *refusal);

#endif

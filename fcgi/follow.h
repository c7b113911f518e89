/* What following has in common, whatever the transport: which channels, from
 * where, in which format. */
#ifndef EARSHOT_FOLLOW_H
#define EARSHOT_FOLLOW_H

#include "hub/hub.h"

#include <stdbool.h>

struct connection;
struct query;
struct request;

struct follow {
    const char *channels[SUBSCRIBER_CHANNELS_MAX];
    size_t channel_count;
    struct start start;
    bool wants_json; /* ?format=json, or several channels */
    char *storage;
};

/* Reads what the request asks to follow; NAME is `a,b,c` of its path. False:
 * it was wrong and has been answered. End it by follow_fini() when true; it
 * refers to REQUEST and QUERY. */
__attribute__((warn_unused_result)) bool
follow_read(struct follow *follow, struct connection *connection,
            const struct request *request, const struct query *query,
            const char *name);
void follow_fini(struct follow *follow);

/* Answers what the queue said instead of QUEUE_OK, for reads. */
void follow_answer_trouble(struct connection *connection,
                           enum queue_status status);

#endif

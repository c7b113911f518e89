/* A message on its way to subscribers, and its encodings.
 *
 * It lives while the hub hands it round: its text belongs to the row that was
 * read. What a transport keeps of it is an encoding, made at the first asking
 * and shared by all who ask for the same. */
#ifndef EARSHOT_HUB_MESSAGE_H
#define EARSHOT_HUB_MESSAGE_H

#include "base/shared.h"
#include "hub/cursor.h"
#include "queue/queue.h"

struct bytes;

enum encoding {
    ENCODING_JSON,     /* {"id":…,"channel":…,…}, as in polls */
    ENCODING_SSE_BARE, /* an event whose data is the message's data */
    ENCODING_SSE_JSON, /* an event whose data is the JSON object */
    ENCODING_WS_JSON,  /* a text frame with the JSON object */
    ENCODING_WS_RAW,   /* a text or binary frame with the data alone */
    ENCODINGS
};

struct message {
    const struct queue_row *row;
    char cursor[CURSOR_SIZE]; /* the id, as it goes over the wire */
    struct shared *encoded[ENCODINGS];
};

void message_init(struct message *message, const struct queue_row *row,
                  const char *epoch);
void message_fini(struct message *message);

/* The encoding, which belongs to the message: hold it to keep it. */
struct shared *message_encoded(struct message *message, enum encoding encoding);

/* "text", "json" or "binary". */
const char *message_type_name(enum queue_type type);

#endif

#include "hub/message.h"

#include "base/bytes.h"
#include "hub/encode.h"

void
message_init(struct message *message, const struct queue_row *row,
             const char *epoch)
{
    *message = (struct message){.row = row};
    cursor_format(message->cursor, row->id, epoch);
}

void
message_fini(struct message *message)
{
    for (size_t i = 0; i < ENCODINGS; i++)
        shared_release(message->encoded[i]);
}

struct shared *
message_encoded(struct message *message, enum encoding encoding)
{
    if (!message->encoded[encoding]) {
        struct bytes bytes = BYTES_EMPTY;
        encode_message(&bytes, message->row, message->cursor, encoding);
        message->encoded[encoding] = shared_take(&bytes);
    }
    return message->encoded[encoding];
}

const char *
message_type_name(enum queue_type type)
{
    switch (type) {
    case QUEUE_TEXT:
        return "text";
    case QUEUE_JSON:
        return "json";
    case QUEUE_BINARY:
        return "binary";
    }
    return "binary";
}

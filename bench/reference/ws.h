/* WebSocket as a transport, and SSE beside it: what the hub gives becomes
 * frames or events. */
#ifndef EARSHOT_WS_H
#define EARSHOT_WS_H

#include "hub/hub.h"

struct bytes;
struct client;
struct follow;

/* Lets the client, whose dialect is set, follow before it is connected, and
 * appends what it gets first to GREETING: where it stands, and whether its
 * cursor was lost. Not so with ?format=raw, where nothing but data comes
 * unasked; a loss is told there all the same. On anything but QUEUE_OK it
 * follows nothing. */
__attribute__((warn_unused_result)) enum queue_status
ws_join(struct client *client, const struct follow *follow,
        struct bytes *greeting);

/* Makes the client one who watches figures, and follows nothing. */
void ws_watch(struct client *client);

#endif

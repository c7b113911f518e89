/* A client: one WebSocket connection, from the 101 to its end; or an event
 * stream, which is the same without all that comes from the client.
 *
 *   OPEN ──a close frame is on its way──▶ CLOSING ──▶ CLOSED
 *
 * While it is OPEN it follows its channels (ws.h) and may publish (posting.h).
 * Nothing is freed while events are handled: who is CLOSED is freed at the end
 * of the turn.
 *
 * What is about to leave is in the outbox, one write's worth. Frames of our own
 * (pongs, what became of a publish, the close) that come while it is on its way
 * wait in `notes`, and while there are many of them nothing more is read: a
 * client cannot make us keep more than it takes. */
#ifndef EARSHOT_CLIENT_H
#define EARSHOT_CLIENT_H

#include "frames.h"
#include "hub/encode.h"
#include "hub/message.h"
#include "hub/subscriber.h"
#include "outbox.h"
#include "server.h"

#include <event2/event_struct.h>

/* What is spoken on the connection. */
enum dialect {
    DIALECT_FRAMES, /* WebSocket */
    DIALECT_EVENTS, /* Server-Sent Events: nothing that comes is looked at */
};

enum client_state { CLIENT_OPEN, CLIENT_CLOSING, CLIENT_CLOSED };

struct posting;

struct client {
    struct server *server;
    struct member member; /* of the server */
    struct subscriber subscriber;
    int fd;
    enum client_state state;
    enum dialect dialect;
    enum encoding encoding;   /* of the messages that it is given */
    bool is_raw;              /* ?format=raw, of a WebSocket */
    bool is_heard;            /* something came since the last beat */
    bool is_answered;         /* the peer's close frame has come */
    bool is_deaf;             /* nothing that comes is looked at any more */
    bool is_watcher;          /* of figures; it follows no channel */
    int64_t stalled_since_us; /* the socket takes nothing since then; 0: it
                                 does */
    struct outbox outbox;
    struct bytes notes;
    /* All above is what a delivery looks at. */
    uint16_t leaves_with;  /* closes so when its publishes are answered; 0 */
    uint8_t silent_beats;  /* heartbeats in a row without a sign of life */
    uint8_t posting_count; /* publishes under way */
    char *from;            /* ?from=, or NULL */
    char *may_not_publish; /* the sentence that says so, or NULL: it may */
    int64_t unfinished_since_us; /* a beat has met a message that has begun; 0:
                                    there is none, or not yet */
    int64_t ends_us;             /* monotonic: when its life is over */
    struct posting *postings;
    struct frames frames;
    struct event read_event;
    struct event write_event;
    struct event timer_event;
};

/* A client that is connected to nothing yet: its subscriber may join. */
struct client *client_new(struct server *server);

/* Frees it; only while it is connected to nothing. */
void client_free(struct client *client);

/* Takes over FD, which does not block, with the LEN bytes of INPUT that came
 * behind the handshake, and sends GREETING, which is left empty, first. */
void client_open(struct client *client, int fd, struct bytes *greeting,
                 const void *input, size_t len);

/* Sends FRAME, whole frames of our own, which is left empty. */
void client_say(struct client *client, struct bytes *frame);

/* Adds a piece to what the next flush writes. */
bool client_fits(const struct client *client, size_t len);
void client_add(struct client *client, struct shared *piece);

/* Writes what was added. */
enum written client_flush(struct client *client);

/* Closes in the proper way: a close frame with CODE and REASON, then the peer's
 * (RFC 6455, section 7.1.2). Not to be called from a transport's verbs. */
void client_close(struct client *client, enum close_code code,
                  const char *reason);

/* The same, once what it has published is answered. */
void client_leave(struct client *client, enum close_code code);

/* Ends the connection without another word. */
void client_drop(struct client *client);

/* Calls the timer US from now, in place of any time asked before. */
void client_wait(struct client *client, int64_t us);

/* Goes on reading, where that had to wait. */
void client_resume(struct client *client);

#endif

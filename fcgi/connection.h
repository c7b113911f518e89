/* A connection: one web server's request at a time, from its first byte to
 * END_REQUEST, and then perhaps the next.
 *
 *   READING ──whole──▶ (route) ──▶ BUSY ──────────▶ ENDING ──▶ READING or
 *                        │          a commit is       ▲        closed
 *                        │          waited for        │
 *                        └────────▶ HELD ─────────────┘
 *                                   a subscriber
 *
 * Nothing is freed while events are handled: who is closed or has ended is
 * settled at the end of the turn. */
#ifndef EARSHOT_CONNECTION_H
#define EARSHOT_CONNECTION_H

#include "intake.h"
#include "outbox.h"
#include "server.h"

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

struct connection;
struct request;

enum connection_state {
    CONNECTION_READING,
    CONNECTION_BUSY,
    CONNECTION_HELD,
    CONNECTION_ENDING,
    CONNECTION_CLOSED,
};

/* What serves a request that is not answered at once. */
struct service {
    /* The time asked for by connection_timer() has come. */
    void (*on_timer)(struct connection *connection);
    /* All that was being written has left. */
    void (*on_drained)(struct connection *connection);
    /* The program is asked to stop: end soon. */
    void (*on_stop)(struct connection *connection);
    /* The request is over, whatever the reason: free the work. */
    void (*on_over)(struct connection *connection);
};

struct connection {
    struct server *server;
    struct member member; /* of the server */
    int fd;
    enum connection_state state;
    bool is_plain;    /* CGI: FD is standard output, and there is no input */
    bool is_file;     /* FD is a file that no event can be had of */
    bool is_head;     /* the answer has no body */
    bool is_arriving; /* its first request is still to come */
    bool is_kept;     /* it has had a request, and may have another */
    uint32_t chatter; /* bytes that came while held */
    int64_t stalled_since_us; /* the socket takes nothing since then; 0: it
                                 does */
    const struct service *service;
    void *work;
    struct outbox outbox;
    char *allow_origin; /* a foreign origin that was let in, or NULL */
    struct intake intake;
    /* All above is what a flush may look at. */
    struct event read_event;
    struct event write_event;
    struct event timer_event;
};

/* Takes the connected, non-blocking FD over and looks what is there to read. */
void connection_open(struct server *server, int fd);

/* A connection for the one request of a CGI program, answered on FD. */
struct connection *connection_open_plain(struct server *server, int fd);

/* The request goes on: from now on SERVICE has its events. STATE is BUSY, in
 * which nothing is read, or HELD, in which the peer's going is noticed. */
void connection_serve(struct connection *connection,
                      enum connection_state state,
                      const struct service *service, void *work);

/* From BUSY to HELD: it turned out that there is something to wait for. */
void connection_hold(struct connection *connection);

/* Adds PIECE to what the next flush writes. */
void connection_add(struct connection *connection, struct shared *piece);

/* Writes what was added. On WRITTEN_PART on_drained comes later; on
 * WRITTEN_GONE the connection is closed. */
enum written connection_flush(struct connection *connection);

/* A flush is near: asks for the memory that it needs. */
void connection_expect(const struct connection *connection);

/* The answer is complete: writes what is left and ends the request. */
void connection_finish(struct connection *connection);

/* Calls on_timer once, AFTER_US from now, in place of any time asked before. */
void connection_timer(struct connection *connection, int64_t after_us);

/* Ends the connection without a word. Freed at the end of the turn. */
void connection_close(struct connection *connection);

#endif

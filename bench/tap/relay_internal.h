/* What relay.c and connection.c share. */
#ifndef EARSHOT_TAP_RELAY_INTERNAL_H
#define EARSHOT_TAP_RELAY_INTERNAL_H

#include "dialogue.h"
#include "relay.h"
#include "rules.h"

#include <sys/queue.h>

struct evbuffer;
struct event;

enum {
    SECOND_US = 1000 * 1000,
    CONNECTIONS_MAX = 512,
    READ_MAX = 16384,
    UNSENT_MAX = 65536, /* then the other side is not read */
    HELD_MAX = 65536,   /* what a buffering proxy gathers */
};

struct side {
    int fd; /* -1: none yet */
    struct event *readable, *writable;
    struct evbuffer *unsent;
    bool has_ended; /* it sends nothing more */
    bool is_deaf;   /* it takes nothing more */
};

struct connection {
    TAILQ_ENTRY(connection) place;
    struct relay *relay;
    uint64_t number;
    int64_t opened_us, read_us; /* wall time, for records */
    int64_t passed_us;          /* monotonic: the last byte that passed */
    int64_t lingers_until_us;
    struct side client, server;
    struct evbuffer *held; /* by a buffering proxy */
    size_t held_head;      /* bytes of an answer's head at its beginning */
    struct dialogue dialogue;
    struct ruling ruling;
    struct event *pace; /* while it is slow */
    int64_t paced_us;
    double allowance; /* bytes that may be read of the server now */
    bool is_recorded; /* it has had a request */
    bool is_connecting;
    enum {
        CONNECTION_OPEN,
        CONNECTION_LINGERING, /* all is sent; until the client has gone */
        CONNECTION_DEAD,      /* freed at the end of the turn */
    } state;
};

TAILQ_HEAD(connections, connection);

struct relay {
    struct event_base *base;
    struct evconnlistener *listener;
    struct event *sweep, *bury;
    struct address target;
    struct records *records;
    struct rules rules;
    struct connections connections, dead;
    size_t count;
    uint64_t last_number; /* of a connection */
};

/* Takes the client's descriptor FD over. */
void connection_open(struct relay *relay, int fd);

/* Looks at the relay's rules again. */
void connection_obey(struct connection *connection);

/* Resets both sides; BY says why. */
void connection_reset(struct connection *connection, enum record_by by);

/* Ends what has been silent for too long. */
void connection_sweep(struct connection *connection, int64_t now_us);

void connection_free(struct connection *connection);

/* Has the target send as fast as is wanted. */
void connection_set_window(struct connection *connection);

/* traffic.c: what passes. */

void traffic_begin(struct connection *connection);

/* Takes what a side has sent; the connection may be dead after it. */
void traffic_up(struct connection *connection, const char *data, size_t len);
void traffic_down(struct connection *connection, const char *data, size_t len);

/* How many bytes may be read of the server now. */
size_t traffic_allowed(struct connection *connection);

/* Finds out what the rules say for the tag that the connection now has. */
void traffic_obey(struct connection *connection);

/* Lets the client have what a buffering proxy has held. */
void traffic_release(struct connection *connection);

void traffic_record_close(struct connection *connection, enum record_by by);

int64_t traffic_wall_us(void); /* since 1970 */

/* The connection is over: it is freed at the end of the turn. */
void relay_bury(struct relay *relay, struct connection *connection);

#endif

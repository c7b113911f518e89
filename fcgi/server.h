/* The server: where connections come in, and the turn of the loop.
 *
 * One thread. One turn: events (accept, read, route; sockets that drained;
 * timers), then the queue's answers, then the hub's turn, then what is over is
 * settled. It waits in epoll_wait and nowhere else. */
#ifndef EARSHOT_SERVER_H
#define EARSHOT_SERVER_H

#include "options.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

enum { SERVER_LISTENERS_MAX = 3, SERVER_TIMEOUTS_MAX = 64 };

struct connection;
struct hub;
struct presence;
struct queue;

struct server_figures {
    int64_t requests;
    int64_t published; /* messages that this process has had stored */
    int64_t refused;   /* requests answered 4xx or 5xx */
};

struct server {
    const struct options *options;
    struct event_base *base;
    struct queue *queue;
    struct hub *hub;
    struct presence *presence;
    struct server_figures figures;
    int64_t started_us;
    bool stopping;

    struct connection *connections; /* all of them */
    size_t connection_count;
    struct connection *settling; /* over, or closed, in this turn */

    bool queue_is_ready;  /* its descriptor is readable */
    bool news;            /* a look found something */
    bool must_end;        /* a second signal, or patience is over */
    int64_t presence_us;  /* when presence was last told */
    int64_t committed_us; /* the newest commit answered in this turn; 0: none */
    int64_t arrived_us;   /* when the first of its requests had come */

    struct event *listeners[SERVER_LISTENERS_MAX];
    int listener_count;
    struct event *queue_event;
    struct event *look_event;
    struct event *presence_event;
    struct event *signal_events[5];
    struct event *accept_again_event;
    struct event *patience_event;

    /* Timeouts that many share, which libevent keeps in order for nothing. */
    struct {
        int64_t us;
        const struct timeval *common;
    } timeouts[SERVER_TIMEOUTS_MAX];
    int timeout_count;
    struct timeval other_timeout;
};

/* Opens the queue, the hub and the loop. False when the loop cannot be had. */
__attribute__((warn_unused_result)) bool
server_init(struct server *server, const struct options *options);
void server_fini(struct server *server);

/* Accepts on the listening, non-blocking FD, which is the server's now. */
void server_listen(struct server *server, int fd);

/* Turns until it is asked to stop and all that had begun is finished. With no
 * listener: until the last connection has ended. */
void server_run(struct server *server);

/* The timeout for event_add(), in a form that is cheap when many ask for the
 * same. Valid until the next call. */
const struct timeval *server_timeout(struct server *server, int64_t after_us);

/* A pause of US, give or take a FIFTH of it, from a small set of durations so
 * that many timers of the kind cost nothing. */
int64_t server_jitter(int64_t us);

/* Subscribers that the process holds. */
size_t server_subscribers(const struct server *server);

/* Subscribers of CHANNEL over all processes that share the queue, as of at most
 * a second ago (at once, when nothing has changed for a second). */
struct server_counts {
    unsigned long poll;
    unsigned long sse;
    unsigned long ws;
};

void server_count_subscribers(struct server *server, const char *channel,
                              struct server_counts *counts);

#endif

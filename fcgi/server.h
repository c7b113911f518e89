/* The server: what a process of Earshot's is, whatever it speaks: the queue,
 * the hub, presence, signals, and the turn of the loop. What is connected joins
 * it as a member, and it knows no more of it.
 *
 * One thread. One turn: events (accept, read, route; sockets that drained;
 * timers), then the queue's answers, then the hub's turn, then what is over is
 * settled. It waits in epoll_wait and nowhere else. */
#ifndef EARSHOT_SERVER_H
#define EARSHOT_SERVER_H

#include "counts.h"
#include "options.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

enum { SERVER_LISTENERS_MAX = 3, SERVER_TIMEOUTS_MAX = 64, SERVER_SIGNALS = 4 };

struct hub;
struct presence;
struct queue;
struct spread;

struct server_figures {
    int64_t requests;
    int64_t published;         /* messages that this process has had stored */
    int64_t refused;           /* requests answered 4xx or 5xx */
    int64_t refused_followers; /* polls and streams, by their limit */
    int64_t answered[STATUS_CLASSES];
    struct buckets delivery[TRANSPORTS]; /* from stored to written */
};

struct member;

/* What a member is to the server. */
struct member_verbs {
    bool is_connection; /* and counts as one */
    /* The program is asked to stop: end soon. */
    void (*on_stop)(struct member *member);
    /* The turn is over, and server_settle() was asked for in it: the member may
     * free itself now. */
    void (*on_settle)(struct member *member);
};

/* Whatever keeps the server running until it leaves: its owner embeds this. The
 * fields are the server's. */
struct member {
    const struct member_verbs *verbs;
    struct member *next;
    struct member *prev;
    struct member *next_settling;
    bool is_settling;
};

struct server {
    const struct options *options;
    struct event_base *base;
    struct queue *queue;
    struct hub *hub;
    struct presence *presence;
    struct server_figures figures;
    struct counts *counts;
    size_t watcher_count;    /* streams of figures: no subscribers */
    struct shared *overview; /* the event that they had last */
    int64_t overview_us;
    int64_t started_us;
    bool stopping;

    struct member *members; /* all of them */
    size_t connection_count;
    size_t arrival_count;    /* connections that may become subscribers */
    struct spread *spread;   /* among processes of one parent; NULL: alone */
    bool lacks_descriptors;  /* and accepts nothing for a moment */
    struct member *settling; /* over, or closed, in this turn */

    bool queue_is_ready;  /* its descriptor is readable */
    bool news;            /* a look found something */
    bool must_end;        /* a second signal, or patience is over */
    int64_t presence_us;  /* when presence was last told */
    int64_t committed_us; /* the newest commit answered in this turn; 0: none */
    int64_t arrived_us;   /* when the first of its requests had come */

    void (*on_connection)(struct server *server, int fd);
    struct event *listeners[SERVER_LISTENERS_MAX];
    int listener_count;
    struct event *queue_event;
    struct event *look_event;
    struct event *presence_event;
    struct event *signal_events[SERVER_SIGNALS];
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

/* Accepts on the listening, non-blocking FD, which is the server's now, and
 * hands what is accepted to ON_CONNECTION, as a non-blocking descriptor. */
void server_listen(struct server *server, int fd,
                   void (*on_connection)(struct server *server, int fd));

/* Turns until it is asked to stop and all that had begun is finished. With no
 * listener: until the last member has left. */
void server_run(struct server *server);

/* Shares what it listens on with the others of SPREAD, which lives as long as
 * the server does. Before it listens. */
void server_share(struct server *server, struct spread *spread);

/* Whether a connection that is there should be accepted. If not, another
 * process is to take it, and it is asked for again after *PAUSE. */
bool server_takes(struct server *server, struct timeval *pause);

/* accept() has failed, by errno; it may be tried again after *PAUSE, and then
 * lacks_descriptors is over. */
void server_cannot_accept(struct server *server, struct timeval *pause);

/* A member comes and goes; in between the server does not end. */
void server_join(struct server *server, struct member *member,
                 const struct member_verbs *verbs);
void server_leave(struct server *server, struct member *member);

/* Asks for the member's on_settle at the end of the turn. */
void server_settle(struct server *server, struct member *member);

/* The timeout for event_add(), in a form that is cheap when many ask for the
 * same. Valid until the next call. */
const struct timeval *server_timeout(struct server *server, int64_t after_us);

/* A pause of US, give or take a FIFTH of it, from a small set of durations so
 * that many timers of the kind cost nothing. */
int64_t server_jitter(int64_t us);

/* How long a stream's client is to wait before it comes back, in milliseconds:
 * spread out, so that those who were cut together do not all come together. */
int64_t server_retry_ms(const struct server *server);

/* Subscribers that the process holds. */
size_t server_subscribers(const struct server *server);

/* True when the process holds as many as it may; then one more is refused, and
 * counted as such. */
bool server_is_full(struct server *server);

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

/* A subscriber: its place in the ledger, its connection, its transport's state.
 * What transports may say of it is in transport.h; this is what the crowd
 * (crowd.c) does with it. */
#ifndef EARSHOT_BENCH_SUBSCRIBER_H
#define EARSHOT_BENCH_SUBSCRIBER_H

#include "base/bytes.h"
#include "drive/answer.h"
#include "drive/pool.h"
#include "drive/wire.h"
#include "measure/ledger.h"
#include "measure/schedule.h"
#include "measure/token.h"
#include "transport.h"

#include <event2/event_struct.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct crowd;

enum subscriber_state {
    SUBSCRIBER_NEW,     /* has not begun */
    SUBSCRIBER_ASKING,  /* a request or a connection is under way, or held */
    SUBSCRIBER_PAUSING, /* until its next request */
    SUBSCRIBER_GONE,    /* has left */
};

/* What a transport decided in on_end. */
enum subscriber_next { NEXT_NOTHING, NEXT_NOW, NEXT_LATER };

struct subscriber {
    struct crowd *crowd;
    struct pool *pool;
    uint32_t number; /* in the whole run */
    uint32_t channel;
    enum subscriber_state state;
    enum subscriber_next next;
    int64_t next_us;
    unsigned failures; /* in a row */
    bool is_ready;
    bool was_ready; /* at least once */
    bool has_got;   /* a first message */
    bool is_slow;   /* was told to stop reading */
    bool is_stopped;
    bool is_leaving;   /* as soon as it has what was published up to `until` */
    bool is_cut;       /* by us: how its connection ends says nothing */
    bool has_failed;   /* this transfer or connection, by us */
    bool is_good;      /* this answer's status */
    bool has_given;    /* a message, this transfer or connection */
    int64_t begun_ns;  /* when it first asked */
    int64_t asked_ns;  /* when it asked last */
    int64_t ready_ns;  /* when it was, for the first time */
    int64_t broken_ns; /* it recovers from then on; 0: it does not */
    int64_t leave_ns;  /* when it leaves at the latest */
    uint32_t until;    /* sequence up to which it leaves or recovers */

    struct receipt receipt;
    struct token_finder finder;
    struct dice dice;
    struct bytes cursor;
    struct bytes header; /* that gives the cursor */
    struct curl_slist cursor_header;
    struct curl_slist connect_to;
    char alias[ALIAS_SIZE];
    struct event pause;
    struct transfer transfer; /* LINK_HTTP with TLS */
    struct wire wire;         /* LINK_SOCKET, and LINK_HTTP without … */
    struct bytes request;
    struct answer answer;
    char content_type[48];
    int64_t sent_ns; /* when this request was sent */
    bool is_kept;    /* on a connection that had served before */

    alignas(max_align_t) char transport_state[];
};

/* Initializes zeroed storage of subscriber_size(); it begins by
 * subscriber_begin(). */
size_t subscriber_size(const struct transport *transport);
void subscriber_init(struct subscriber *subscriber, struct crowd *crowd,
                     struct pool *pool, uint32_t number);
void subscriber_fini(struct subscriber *subscriber);

void subscriber_begin(struct subscriber *subscriber);
/* Closes its account and its connection, at once. HAS_ALL: it was looked at,
 * and had all that was accepted. */
void subscriber_go(struct subscriber *subscriber, bool has_all);
/* Goes, when it has what was published up to now, and comes anew. */
void subscriber_churn(struct subscriber *subscriber);
void subscriber_stop(struct subscriber *subscriber);
void subscriber_resume(struct subscriber *subscriber);
/* Its connection is being cut: from now on it recovers. */
void subscriber_cut(struct subscriber *subscriber, int64_t now_ns);
/* Whether it has all that was accepted. */
bool subscriber_is_served(struct subscriber *subscriber);

/* For the links (subscriber_http.c, subscriber_socket.c). */
void subscriber_arrived(struct subscriber *subscriber, const char *data,
                        size_t len);
/* The transfer or connection is over: IS_GOOD, as it should be. */
void subscriber_ended(struct subscriber *subscriber, bool is_good);
/* That of its requests. */
const char *subscriber_method(const struct subscriber *subscriber);
/* The answer's head is whole: by STATUS it is good or not. */
void subscriber_judge(struct subscriber *subscriber, long status);
void subscriber_note_round_trip(struct subscriber *subscriber);
void subscriber_request_plain(struct subscriber *subscriber, const char *url);
void subscriber_close_link(struct subscriber *subscriber);
void subscriber_close_http(struct subscriber *subscriber);
void subscriber_stop_http(struct subscriber *subscriber, bool is_stopped);
const struct transport *subscriber_transport(const struct subscriber *s);

#endif

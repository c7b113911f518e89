/* What every transport is to the benchmark: connect, subscribe, take bytes,
 * end. One implementation a transport (transport/), each as small as it can be,
 * because what is compared must be the servers' work and not ours.
 *
 * A transport runs on its worker's thread, over one of two links that drive/
 * gives it: HTTP requests (whose chunks are undone there; TLS and HTTP/2 are
 * curl's), or a bare connection (CURLOPT_CONNECT_ONLY, TLS included) on
 * which it speaks for itself. */
#ifndef EARSHOT_BENCH_TRANSPORT_H
#define EARSHOT_BENCH_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct subscriber;

enum link_kind {
    LINK_HTTP,   /* requests, on a connection that is kept */
    LINK_SOCKET, /* one connection, from connect to end */
};

struct transport {
    const char *name; /* "poll", "long-poll", "sse", "ws", "socket.io" */
    enum link_kind link;
    bool is_stream; /* LINK_HTTP: one answer that does not end */
    size_t
        state_size; /* bytes of its own in each subscriber, zeroed at first */

    /* Begins to subscribe, at first or again: asks for the transfer
     * (subscriber_request()) or the connection (subscriber_connect()), from the
     * subscriber's cursor if it has one. */
    void (*start)(struct subscriber *subscriber, void *state);
    /* LINK_SOCKET: it is connected. Sends its handshake. */
    void (*on_connected)(struct subscriber *subscriber, void *state);
    /* LINK_HTTP: the answer's head is whole and its status is good. */
    void (*on_head)(struct subscriber *subscriber, void *state);
    /* Bytes have come: of the body (chunks undone), or from the connection. It
     * unwraps what must be unwrapped and hands the rest to
     * subscriber_payload(). */
    void (*on_bytes)(struct subscriber *subscriber, void *state,
                     const char *data, size_t len);
    /* The transfer or the connection is over. Starts anew, now
     * (subscriber_again()) or after a pause (subscriber_again_after()). */
    void (*on_end)(struct subscriber *subscriber, void *state);
    /* Frees what the state points to. */
    void (*fini)(void *state);
    /* The run ends: leaves politely, if its protocol has a word for it; may be
     * NULL. */
    void (*leave)(struct subscriber *subscriber, void *state);
};

/* The transport called NAME, or NULL. */
const struct transport *transport_find(const char *name);

/* What a transport says of its subscriber (drive/subscriber.c). */

/* A transfer of its target's request, with the cursor in the place that the
 * target names; or of URL, a template, if that is not NULL. */
void subscriber_request(struct subscriber *subscriber, const char *url);
/* A connection to the target's host. */
void subscriber_connect(struct subscriber *subscriber);
/* Sends on the connection; what the socket does not take is kept and follows.
 */
void subscriber_send(struct subscriber *subscriber, const void *data,
                     size_t len);
/* For a transport that writes its handshake itself: the URL of its target's
 * request, and its headers as they go over the wire, each with its CRLF (""
 * when there are none); channel and cursor are in their places. To be freed. */
char *subscriber_url(const struct subscriber *subscriber);
char *subscriber_headers(const struct subscriber *subscriber);
/* It is subscribed: what is published from now on must reach it. */
void subscriber_ready(struct subscriber *subscriber);
/* LINK_HTTP: it is, when its request is not answered for US. */
void subscriber_ready_when_held(struct subscriber *subscriber, int64_t us);
/* Payload, in whatever pieces: tokens are looked for in it, across pieces too.
 */
void subscriber_payload(struct subscriber *subscriber, const char *data,
                        size_t len);
/* The cursor to come back with. */
void subscriber_cursor(struct subscriber *subscriber, const char *text,
                       size_t len);
/* The server said that messages were lost. */
void subscriber_lost(struct subscriber *subscriber);
void subscriber_again(struct subscriber *subscriber);
void subscriber_again_after(struct subscriber *subscriber, int64_t us);
/* In on_end of a transport that holds a stream: nobody asked for this end. It
 * is not subscribed until it is ready again, and recovers. (Where the transfer
 * or the connection failed, that is known.) */
void subscriber_broke(struct subscriber *subscriber);
/* The server breaks the protocol: the SENTENCE goes into the run's result, with
 * the URL before it, and the connection is ended. */
void subscriber_fail(struct subscriber *subscriber, const char *sentence);

/* Likewise: the answer is not of the kind that carries messages. */
void subscriber_wrong_page(struct subscriber *subscriber);

/* In on_end: whether the answer's status was good and its body came whole. */
bool subscriber_ended_well(const struct subscriber *subscriber);
/* LINK_HTTP: the answer's Content-Type, or NULL. */
const char *subscriber_content_type(const struct subscriber *subscriber);
/* Whether it has a cursor. */
bool subscriber_has_cursor(const struct subscriber *subscriber);

/* The entrance that it uses (target/target.h), its channel, its random number
 * from the plan's seed, and the plan. */
const struct entrance *subscriber_entrance(const struct subscriber *subscriber);
const char *subscriber_channel(const struct subscriber *subscriber);
uint64_t subscriber_random(struct subscriber *subscriber);
const struct plan *subscriber_plan(const struct subscriber *subscriber);

#endif

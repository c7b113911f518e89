/* A connection on which its owner speaks for itself: made by libcurl
 * (CURLOPT_CONNECT_ONLY, TLS included), read and written here.
 *
 * Without TLS the socket is taken over and curl's handle is freed: curl finds a
 * connection of that kind by looking through all others, at each read. */
#ifndef EARSHOT_BENCH_WIRE_H
#define EARSHOT_BENCH_WIRE_H

#include "base/bytes.h"
#include "drive/pool.h"
#include "drive/sockets.h"

#include <event2/event_struct.h>
#include <stdbool.h>

enum { WIRE_READ_SIZE = 64 * 1024 };

struct wire;

struct wire_verbs {
    void (*on_open)(struct wire *wire);
    void (*on_bytes)(struct wire *wire, const char *data, size_t len);
    /* It could not be made, or is over: WHY, or NULL when the peer ended it.
     * It is closed by now and may be opened anew. */
    void (*on_end)(struct wire *wire, const char *why);
};

enum wire_state {
    WIRE_CLOSED,
    WIRE_CONNECTING,
    WIRE_OPEN,
};

struct wire {
    struct transfer transfer;
    struct pool *pool;
    struct opener *opener;
    const struct wire_verbs *verbs;
    char *scratch; /* WIRE_READ_SIZE, its thread's */
    enum wire_state state;
    int fd;
    bool is_tls;
    bool is_taken; /* our own; else read by curl_easy_recv() */
    bool is_deaf;
    struct event read;
    struct event write;
    struct bytes out;
};

/* Zeroed but for pool, opener, verbs and scratch is closed. Connects to URL
 * (http: or ws:, with or without s) by CONNECT_TO, which the caller keeps. */
void wire_open(struct wire *wire, const char *url,
               struct curl_slist *connect_to, bool is_insecure);
/* Ends it without a word to its owner; whatever is unsent is lost. May be
 * called from its verbs. */
void wire_close(struct wire *wire);
/* What the socket does not take is kept and follows. */
void wire_send(struct wire *wire, const void *data, size_t len);
/* Reads no more, or again. */
void wire_stop(struct wire *wire);
void wire_resume(struct wire *wire);

#endif

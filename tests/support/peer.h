/*
 * The record-level peer for load: many FastCGI connections held in one
 * process, standing in for a web server.  peer.c has the loop and the
 * commands, peer-connection.c one connection, peer-report.c what was seen.
 *
 * A connection belongs to a group; what its messages show is counted in the
 * group.  Times are of CLOCK_MONOTONIC; a message published by the peer
 * carries the time of its sending as "t=NANOSECONDS;" at its beginning.
 */
#ifndef TESTS_SUPPORT_PEER_H
#define TESTS_SUPPORT_PEER_H

#include "records.h"

#include <stdio.h>

enum {
    LINE_MAX_BYTES = 160,
    CURSOR_MAX = 48,
    STUCK_STAGES = 4,
};

enum peer_kind {
    PEER_SSE,
    PEER_POLL,
    PEER_PUBLISH,
    PEER_STUCK,
};

/* Times in microseconds, kept one by one. */
struct samples {
    uint32_t *us;
    size_t count;
    size_t room;
};

struct group {
    char name[32];
    char path[512];
    enum peer_kind kind;
    bool reading;
    bool churning;          /* close each connection once it has opened */
    struct connection **members;
    size_t count;           /* connections that are open */
    size_t room;
    size_t opened;          /* got their first cursor, over all time */
    size_t closed;          /* closed by the program */
    size_t refused;         /* answered with a status above 299 */
    int status;             /* the newest such status */
    uint64_t messages;
    uint64_t repeats;       /* an id that was already seen */
    uint64_t disorder;      /* an id below the last one */
    uint64_t gaps;          /* ids left out between two messages */
    uint64_t lost;          /* times the program said `lost` */
    size_t short_of;        /* connections below `awaited` messages */
    uint64_t awaited;
    uint64_t newest_id;     /* of which `newest_seen` connections have it */
    size_t newest_seen;
    struct samples delivery;
    struct samples last;    /* of one message, to the last of the group */
    /* publishing */
    size_t message_size;
    size_t to_send;
    size_t on_the_way;
    size_t answered;
    size_t failed;
    struct samples answers;
    char answer[1024];      /* the newest answer, as it came */
    size_t answer_length;
};

struct connection {
    struct group *group;
    size_t member_at;
    int fd;
    bool opened;
    bool in_body;
    bool opening_event;
    bool lost_event;
    bool writing;
    uint64_t last_id;
    uint64_t messages;
    int64_t sent_ns;
    char cursor[CURSOR_MAX];
    struct record_reader reader;
    char line[LINE_MAX_BYTES];
    size_t line_length;
    char *body;             /* a poll's or a publish's answer */
    size_t body_length;
    size_t body_room;
    uint8_t *out;
    size_t out_length;
    size_t out_sent;
};

int64_t peer_now_ns(void);
void peer_fail(const char *what);

/* Connects `connection` anew for its group and sends its request; for a
   stuck one the first bytes of a request, by `stage`. */
struct connection *connection_open(struct group *group, int stage);
void connection_close(struct connection *connection);
/* What epoll said of it; closes and frees the connection when it is over. */
void connection_on_event(struct connection *connection, uint32_t events);
void connection_set_reading(struct connection *connection, bool reading);

/* The connection has got its first cursor. */
void group_on_opened(struct group *group, struct connection *connection);
/* A message has come; `sent_ns` is 0 when it does not say. */
void group_on_message(
    struct group *group, struct connection *connection, int64_t sent_ns);
void group_reset(struct group *group);
void group_print(const struct group *group, FILE *out);
void samples_add(struct samples *samples, int64_t ns);
void samples_print(
    const struct samples *samples, const char *name, FILE *out);

/* The loop's own, used by connections. */
extern int peer_epoll;
int peer_connect(void);

#endif

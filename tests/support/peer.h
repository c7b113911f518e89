/*
 * The record-level peer for load: many FastCGI connections held by one
 * process, standing where a web server would.
 *
 *   peer.c             the loop, and the commands that it reads
 *   peer-connection.c  one connection: its request out, its answer in
 *   peer-answer.c      what an answer says
 *   peer-group.c       the group that a connection belongs to, where all that
 *                      is seen is counted
 *
 * Times are of CLOCK_MONOTONIC. What the peer publishes begins with the time
 * of its sending, "t=NANOSECONDS;", by which a subscriber knows how long it
 * took.
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

/* PEER_ANY: it has no connections yet that would make it one or the other. */
enum peer_kind { PEER_ANY, PEER_SSE, PEER_POLL, PEER_PUBLISH, PEER_STUCK };

enum event_kind { EVENT_MESSAGE, EVENT_OPEN, EVENT_LOST };

/* Times in microseconds, each one kept. */
struct samples {
    uint32_t *us;
    size_t count;
    size_t room;
};

struct group {
    char name[32];
    char path[512]; /* below the mount point, with its query */
    enum peer_kind kind;
    bool reading;
    bool churning;   /* a connection is closed once it has opened */
    bool one_by_one; /* publish only when told */
    struct connection **members;
    size_t count; /* connections that are there now */
    size_t room;
    size_t opened;  /* got their first cursor */
    size_t closed;  /* by the program */
    size_t refused; /* answered with a status above 299 */
    int status;     /* the newest of those */

    uint64_t messages;
    uint64_t repeats;  /* an id just seen */
    uint64_t disorder; /* an id below the last one */
    uint64_t gaps;     /* ids left out; other channels' ids count too */
    uint64_t lost;     /* how often the program said so */
    uint64_t comments;
    uint64_t awaited; /* messages for each connection */
    size_t have_awaited;
    uint64_t newest_id;
    size_t newest_seen; /* connections that have it */
    struct samples delivery;
    struct samples last; /* from a message's sending to its last arrival */

    size_t message_size;
    size_t to_send;
    size_t on_the_way;
    size_t answered;
    size_t failed;
    struct samples answers;
    char answer[1024]; /* the newest one, with its head */
    size_t answer_length;
};

struct connection {
    struct group *group;
    size_t member_at;
    int fd;
    int status;
    bool opened;
    bool publishing;
    bool writing;
    bool in_body;
    bool has_data;
    enum event_kind event;
    int64_t event_sent_ns;
    int64_t sent_ns;
    uint64_t last_id;
    uint64_t messages;
    struct record_reader reader;
    char cursor[CURSOR_MAX];
    char line[LINE_MAX_BYTES];
    size_t line_length;
    char *body;
    size_t body_length;
    size_t body_room;
    uint8_t *out;
    size_t out_length;
    size_t out_sent;
};

extern int peer_epoll;

int64_t peer_now_ns(void);
void peer_fail(const char *what) __attribute__((noreturn));
int peer_connect(void);

/* Connects, and sends the group's request; of a stuck one as much as `stage`
   says; of a publisher nothing yet. NULL when it broke at once. */
struct connection *connection_open(struct group *group, int stage);
void connection_close(struct connection *connection);
void connection_publish(struct connection *connection);
/* The group has begun or stopped reading. */
void connection_set_reading(struct connection *connection);
/* What epoll says; it may close and free the connection. */
void connection_on_event(struct connection *connection, uint32_t events);

void answer_take(struct connection *connection,
                 const struct record_piece *piece);
/* The answer is whole. False when it is not one to go on from. */
bool answer_read_poll(struct connection *connection);
void answer_read_published(struct connection *connection);

void group_add(struct group *group, struct connection *connection);
void group_remove(struct group *group, struct connection *connection);
void group_on_opened(struct group *group, struct connection *connection);
/* `sent_ns` is 0 for a message that does not say when it was sent. */
void group_on_message(struct group *group, struct connection *connection,
                      uint64_t id, int64_t sent_ns);
/* Begins to await `messages` on each connection, counted since the reset. */
void group_await(struct group *group, uint64_t messages);
/* Forgets what was counted, keeps the connections. */
void group_reset(struct group *group);
void group_print(const struct group *group, FILE *out);
void samples_add(struct samples *samples, int64_t ns);

#endif

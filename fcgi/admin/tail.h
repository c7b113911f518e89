/* `earshot tail`: what its ways of following share. It prints messages, keeps
 * the cursor to come back by, and knows when it is to end: a signal, or a
 * reader of its output who has gone. */
#ifndef EARSHOT_ADMIN_TAIL_H
#define EARSHOT_ADMIN_TAIL_H

#include "base/bytes.h"
#include "follow.h"
#include "options.h"
#include "queue/queue.h"

enum { TAIL_CURSOR_SIZE = 128 };

struct tail {
    const struct options *options;
    const char *channels; /* as they were given: a,b,c */
    struct follow follow;
    struct bytes out;              /* to be printed */
    char cursor[TAIL_CURSOR_SIZE]; /* to come back by; "": none yet */
    int signals;                   /* a descriptor */
    bool is_over;
    bool has_complained; /* of this outage */
    int status;          /* how to exit */
};

/* A message as the wire has it, in JSON; it takes the cursor from it. False: it
 * is none. */
__attribute__((warn_unused_result)) bool
tail_message(struct tail *tail, const char *json, size_t len);

/* Some of what was asked for is gone; told on standard error. */
void tail_lost(struct tail *tail);

void tail_set_cursor(struct tail *tail, const char *cursor, size_t len);

/* Prints what has been gathered; ends the tail when nobody reads. */
void tail_flush(struct tail *tail);

/* Waits for signals, the reader's going and FD (-1: none), for WAIT_MS at
 * most. */
void tail_wait(struct tail *tail, int fd, int wait_ms);

/* After something else has waited: has a signal come, has the reader gone? */
void tail_look(struct tail *tail);

/* Says what is wrong, once an outage, and that it is tried again. */
void tail_trouble(struct tail *tail, const char *sentence);
/* Says what is wrong, and ends. */
void tail_fail(struct tail *tail, const char *sentence);

/* The ways. Each returns when the tail is over. */
void tail_file(struct tail *tail);
void tail_url(struct tail *tail);

#endif

/* What the programs can be told: one table of options serves the command line,
 * the environment and --help of each. Never anything a request carries. */
#ifndef EARSHOT_OPTIONS_H
#define EARSHOT_OPTIONS_H

#include "base/log.h"
#include "queue/queue.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { EXIT_USAGE = 2 };

/* Each command of `earshot` (fcgi/admin/) counts as a program. */
enum program {
    PROGRAM_FCGI,
    PROGRAM_WS,
    PROGRAM_PUBLISH,
    PROGRAM_TAIL,
    PROGRAM_CHANNELS,
    PROGRAM_PRUNE,
    PROGRAM_CHECK,
    PROGRAM_BACKUP,
    PROGRAM_MIGRATE,
    PROGRAM_STATS,
    PROGRAM_DOCTOR,
    PROGRAMS
};

enum { OPERANDS_MAX = 2 };

enum who { WHO_ANYONE, WHO_USER, WHO_LOCAL, WHO_NONE };

struct options {
    const char *queue;       /* path; NULL: not given */
    const char *socket;      /* path of a Unix socket to listen on, or NULL */
    const char *listen;      /* HOST:PORT to listen on, or NULL */
    const char *base;        /* where the program is mounted */
    const char *user_header; /* where the user's name is; "": nowhere */
    const char *origin;      /* origins that are let in, with commas; or "*" */
    const char *log;
    int64_t publish;     /* enum who */
    int64_t admin;       /* enum who */
    int64_t synchronous; /* enum queue_synchronous */
    int64_t log_level;   /* enum log_level */
    int64_t bell;        /* 0 or 1 */
    int64_t new_epoch;
    int64_t help;
    int64_t version;
    /* times, in microseconds */
    int64_t wait_max_us;
    int64_t heartbeat_us;
    int64_t stream_life_us;
    int64_t request_timeout_us;
    int64_t commit_timeout_us;
    int64_t keep_idle_us;
    int64_t stall_timeout_us;
    int64_t keep_age_us;
    int64_t keep_keys_us;
    int64_t look_us;
    int64_t retry_us;
    /* numbers and bytes */
    int64_t message_max;
    int64_t event_max;
    int64_t channels_max;
    int64_t subscribers_max;
    int64_t processes; /* 0: one for each core */
    int64_t batch_lines;
    int64_t batch_bytes;
    int64_t keep_messages;
    int64_t keep_channels;
    int64_t keep_bytes;
    /* of the commands of `earshot`; texts that were not given are "" */
    const char *operands[OPERANDS_MAX]; /* NULL: not given */
    const char *url;                    /* NULL: not given */
    const char *event;
    const char *from;
    const char *key;
    const char *after;
    const char *last;
    const char *channel;
    const char *before;
    const char *keep;
    int64_t type;      /* enum queue_type */
    int64_t transport; /* its place in auto|sse|ws|long-poll|poll */
    int64_t json;
    int64_t force;
    int64_t insecure;
    const char *user;
    const char *header;
    const char *ignore;
    const char *cacert;
    int64_t format; /* its place in text|json */
    int64_t patience_us;
    int64_t subscribers;
};

/* Fills OPTIONS from the defaults, the environment, then the command line; an
 * option that is not WHOSE is unknown, and its variable is not looked at; of
 * the commands only what the servers know too has a variable. False when
 * something is wrong, which is then said on standard error. The strings belong
 * to the arguments and the environment. */
__attribute__((warn_unused_result)) bool options_read(struct options *options,
                                                      enum program whose,
                                                      int argc,
                                                      char *const *argv);

void options_help(FILE *file, enum program whose);

/* What every program does first: reads its options, answers --help and
 * --version, and opens the log. False when there is no more to do, or nothing
 * more can be done: *STATUS is then how to exit. */
__attribute__((warn_unused_result)) bool
options_begin(struct options *options, enum program whose, int argc,
              char *const *argv, int *status);

/* What OPTIONS say of the queue; its path is theirs. */
struct queue_options;
struct queue_options options_of_queue(const struct options *options);

#endif

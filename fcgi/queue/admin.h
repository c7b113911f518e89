/* What an administrator does with the queue's file, beside programs that use it
 * or without any. None of it needs the writer's thread or a loop: each call
 * opens the file, does one thing and closes it, and may wait for others.
 *
 * Nothing here makes a queue where there is none. Whatever cannot be done says
 * so in PROBLEM: one sentence that says what to do. */
#ifndef EARSHOT_QUEUE_ADMIN_H
#define EARSHOT_QUEUE_ADMIN_H

#include "queue/queue.h"

#include <signal.h>

enum { ADMIN_PROBLEM_SIZE = 1024 };

/* The signals that end a command: SIGINT, SIGTERM and SIGHUP, but for those
 * that it was started to ignore, as by nohup. (Who blocks one gets it all the
 * same.)
 */
void admin_end_signals(sigset_t *ends);

/* What is kept of one channel. */
struct admin_channel {
    const char *name; /* valid during the call */
    int64_t kept;
    int64_t first_id; /* 0: nothing is kept */
    int64_t last_id;
    int64_t newest_ms;  /* since 1970; 0: nothing is kept */
    int64_t size_bytes; /* of the data of what is kept */
    int64_t pruned_id;  /* the highest that was pruned; 0: none */
};

/* Calls ON_CHANNEL for every channel, by name; all of them as they are at one
 * moment. EPOCH makes cursors of the ids. */
__attribute__((warn_unused_result)) bool admin_channels(
    const char *path,
    void (*on_channel)(void *context, const struct admin_channel *channel,
                       const char *epoch),
    void *context, char problem[ADMIN_PROBLEM_SIZE]);

struct admin_figures {
    char epoch[QUEUE_EPOCH_SIZE];
    int64_t version; /* of the schema */
    int64_t head_id;
    int64_t messages;
    int64_t channels; /* with those of which nothing is kept */
    int64_t keys;     /* Idempotency-Keys that are remembered */
    int64_t last_minute;
    int64_t last_hour; /* messages that are kept and so young */
    int64_t oldest_ms; /* since 1970; 0: nothing is kept */
    int64_t newest_ms;
    int64_t created_ms;
    int64_t size_bytes; /* of the file, less its free pages */
    int64_t file_bytes;
    int64_t wal_bytes;
};

__attribute__((warn_unused_result)) bool
admin_figures(const char *path, struct admin_figures *figures,
              char problem[ADMIN_PROBLEM_SIZE]);

/* Prunes as LIMITS say, exactly and at once; or, when SELECTION is not NULL,
 * only what it says. Age is what this machine's clock says. ON_REMOVED tells
 * how many messages of a channel are gone, several times a channel. */
struct admin_selection {
    const char *channel; /* NULL: every one */
    int64_t before_ms;   /* what is older goes; INT64_MIN: whatever its age */
    int64_t keep;        /* the newest so many of each stay; -1: no matter */
};

__attribute__((warn_unused_result)) bool admin_prune(
    const struct queue_options *limits, const struct admin_selection *selection,
    void (*on_removed)(void *context, const char *channel, int64_t count),
    void *context, char problem[ADMIN_PROBLEM_SIZE]);

/* Waits until no program holds the queue, but WAIT_MS at most. False, with the
 * PROBLEM: one held it all the time, as one that is stopped. */
__attribute__((warn_unused_result)) bool
admin_wait_turn(const char *path, int64_t wait_ms,
                char problem[ADMIN_PROBLEM_SIZE]);

/* Brings the file to this program's version; FROM and TO may be the same. */
__attribute__((warn_unused_result)) bool
admin_migrate(const char *path, int64_t *from, int64_t *to,
              char problem[ADMIN_PROBLEM_SIZE]);

/* Copies the queue as it is at one moment to the file TO, whole or not at all,
 * and synced. Whatever opens the copy as a queue gives it an epoch of its own.
 * A file that is there is replaced with FORCE alone, and never one that is in
 * use. */
__attribute__((warn_unused_result)) bool
admin_backup(const char *path, const char *to, bool force, int64_t *messages,
             char problem[ADMIN_PROBLEM_SIZE]);

/* What check found: something that loses or refuses messages, or will; or
 * something to be known. */
enum admin_weight { ADMIN_WRONG, ADMIN_NOTE };

/* Looks at the file and what lies around it. Nothing is changed. */
void admin_check(const char *path,
                 void (*on_finding)(void *context, enum admin_weight weight,
                                    const char *sentence),
                 void *context);

#endif

/* Notices: what each process that shares a queue says of itself to the others,
 * in files of the folder `<queue>-presence/`.
 *
 * A process has one file of a kind, named by the kind and its process id and
 * held by a lock for as long as it lives. A file whose lock is free belongs to
 * a dead process. Its text is a line `begin N`, what is said, and a line `end
 * N`: where the two numbers differ it was caught in the midst of being written.
 * Nothing here touches the queue's own file, or waits for a lock. */
#ifndef EARSHOT_QUEUE_NOTICE_H
#define EARSHOT_QUEUE_NOTICE_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

struct notice {
    char *directory;
    const char *kind; /* what names begin with; "": nothing, but a digit */
    char name[48];    /* our file's, within it */
    int fd;           /* our file, locked; -1 while there is none */
    bool complained;
    unsigned long serial; /* of the text */
    struct bytes text;    /* what is said between begin and end */
    struct bytes current; /* what was said last */
};

/* QUEUE_PATH names the queue's file; KIND is kept. Makes no file yet. */
void notice_init(struct notice *notice, const char *queue_path,
                 const char *kind);

/* Frees it. What it said stays as a dead process' unless it is removed. */
void notice_fini(struct notice *notice);
void notice_remove(struct notice *notice);

/* Begins a new text, to which the caller appends lines; then says it. When the
 * file cannot be written (a full disk) that is logged once and tried again the
 * next time. */
struct bytes *notice_begin(struct notice *notice);
bool notice_end(struct notice *notice);

/* One notice as it was read. NAME is the file's name behind its kind: a process
 * id, where several have the same one (in containers) with a number behind it.
 */
struct notice_seen {
    const char *name;
    bool is_own;
    bool is_dead;             /* and its file is ours to remove */
    int64_t said_ms;          /* when, by the machine's clock; 0: our own */
    const struct bytes *text; /* whole, with a NUL behind it */
    int directory;
    const char *file;
};

/* Calls ON_NOTICE for every whole notice of the kind, our own as it was said
 * last first. */
void notice_each(struct notice *notice,
                 void (*on_notice)(void *context,
                                   const struct notice_seen *seen),
                 void *context);

/* The line that begins at *AT of TEXT, without its end, which is overwritten by
 * a NUL in LINE (of SIZE; too long a line is passed over); NULL: no more. */
char *notice_line(const struct bytes *text, size_t *at, char *line,
                  size_t size);

/* Opens the folder; -1: it is not there. */
int notice_open_directory(const struct notice *notice);

/* Reads the file at FD whole, as far as a notice may be long, and adds a NUL
 * that does not count. */
void notice_read_file(int fd, struct bytes *text);

#endif

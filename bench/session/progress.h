/* How it goes: on a terminal one live line, rewritten in place; to a pipe
 * nothing, but what must be known. All on standard error, for standard output
 * belongs to the results. */
#ifndef EARSHOT_BENCH_SESSION_PROGRESS_H
#define EARSHOT_BENCH_SESSION_PROGRESS_H

#include "drive/drive.h"

#include <stdbool.h>
#include <stddef.h>

struct plan;
struct progress;

/* IS_VERBOSE: a line for each phase, that stays. */
struct progress *progress_new(bool is_verbose);
void progress_free(struct progress *progress);

/* Run NUMBER of COUNT begins, of PLAN. */
void progress_begin(struct progress *progress, int number, int count,
                    const struct plan *plan);
/* A phase of it begins: with --verbose, a line that stays. */
void progress_phase(struct progress *progress, enum phase phase);
/* How it goes; the line is drawn. */
void progress_tell(struct progress *progress,
                   const struct drive_progress *state);
/* It is over: the live line goes. */
void progress_end(struct progress *progress);

/* A line that stays, whether or not anybody watches. */
__attribute__((format(printf, 2, 3))) void
progress_say(struct progress *progress, const char *format, ...);
/* A line that stays, where somebody watches: on a terminal, or --verbose. */
__attribute__((format(printf, 2, 3))) void
progress_announce(struct progress *progress, const char *format, ...);
/* A line that stays, with --verbose only. */
__attribute__((format(printf, 2, 3))) void
progress_remark(struct progress *progress, const char *format, ...);
/* What the live line shows while there is no run. */
void progress_wait(struct progress *progress, const char *what);

/* The live line's text, at most WIDTH columns, into OUT of SIZE bytes. */
void progress_line(char *out, size_t size, int width, const struct plan *plan,
                   const struct drive_progress *state);

#endif

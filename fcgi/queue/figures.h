/* Figures: what has been counted, over all processes that share a queue.
 *
 * Each process keeps a notice (notice.h) of kind `figures-` in the folder
 * `<queue>-presence/`. What has ended, whatever its end, is added up in
 * `figures-ended` there by whoever notices it first, so that a sum over all
 * never falls: not when a process ends, not when it is killed, not when the
 * machine is started anew. What a killed process had counted since it was last
 * told (a second) is not known to anyone, and so in no sum that was read.
 *
 * It knows no transport and no meaning of any figure: only whether it grows.
 * Nothing here waits for a lock. */
#ifndef EARSHOT_QUEUE_FIGURES_H
#define EARSHOT_QUEUE_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FIGURES_NAME_SIZE = 32 };

struct figures;

struct figure_spec {
    const char *name; /* one word */
    bool grows;       /* a counter; else it is over with its process */
};

/* SPECS, COUNT of them, are kept. PROGRAM is shortened to FIGURES_NAME_SIZE.
 * No file is made yet. */
struct figures *figures_open(const char *queue_path, const char *program,
                             const struct figure_spec *specs, size_t count);

/* Adds VALUES, the last of this process, to what has ended; NULL: it has never
 * told any. */
void figures_close(struct figures *figures, const int64_t *values);

/* Tells the others. Nothing is written when nothing has changed. */
void figures_tell(struct figures *figures, const int64_t *values);

/* Adds up who has ended without a word since somebody last looked, so that
 * their files do not pile up where nobody ever does; a few at a time. True:
 * there are no more of them. */
bool figures_gather(struct figures *figures);

struct figures_process {
    char name[FIGURES_NAME_SIZE]; /* its id; see notice.h */
    char program[FIGURES_NAME_SIZE];
    char version[FIGURES_NAME_SIZE];
    int64_t started_ms;     /* since 1970 */
    uint64_t started_ticks; /* as the kernel has it; with the id it is one
                               process of this machine */
    bool is_own;
    int64_t told_ms; /* when it told what stands in its values; 0: our own */
    int64_t *values;
};

struct figures_sum {
    int64_t *totals; /* of what has ended too, where it grows */
    struct figures_process *processes; /* that live, by id */
    size_t process_count;
};

/* Sums up; this process as it was told last. */
void figures_read(struct figures *figures, struct figures_sum *sum);
void figures_sum_fini(struct figures_sum *sum);

#endif

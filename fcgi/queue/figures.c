#include "queue/figures.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/process.h"
#include "queue/notice.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* A notice of ours says
 *
 *     process ID PROGRAM VERSION MILLISECONDS TICKS
 *     NAME VALUE
 *     …
 *
 * with an ID that no other process has ever had, and spaces of names as `_'.
 * `figures-ended' says, in the form of a notice, `last ID FILE', the process
 * that was added last, and the sums. It is replaced by renaming, with a lock on
 * the folder, and then the process' own file is removed: who is killed in
 * between leaves a file whose ID is the last, which is not added again, but
 * removed before another becomes the last. */

enum {
    LINE_SIZE = 256,
    SUM_TRIES = 8,
    GATHER_MAX = 32,
    CLEARING = 8, /* one in so many gathers at its end, too: plain CGI programs
                     that end together leave their files, and none of them may
                     live for as long as to be told */
    FILE_NAME_SIZE = 64
};

static const char ended_file[] = "figures-ended";
static const char ended_new_file[] = "figures-ended.new";

struct figures {
    struct notice notice;
    const struct figure_spec *specs;
    size_t count;
    char id[FIGURES_NAME_SIZE];
    struct figures_process own;
    int64_t *told; /* what was written last */
    bool is_told;
    bool clears_up; /* at its end */
};

/* What has ended. */
struct ended {
    unsigned long serial; /* how many have; 0: none, or nobody knows */
    char last[FIGURES_NAME_SIZE];
    char file[FILE_NAME_SIZE]; /* what the last one's was */
    int64_t *values;
};

/* -- life --------------------------------------------------------------- */

/* TEXT as one word that fits. */
static void
copy_word(char word[FIGURES_NAME_SIZE], const char *text)
{
    snprintf(word, FIGURES_NAME_SIZE, "%s", text);
    for (char *c = word; *c; c++)
        if ((unsigned char)*c <= ' ')
            *c = '_';
    if (!word[0])
        strcpy(word, "_");
}

struct figures *
figures_open(const char *queue_path, const char *program,
             const struct figure_spec *specs, size_t count)
{
    struct figures *figures = xcalloc(1, sizeof *figures);
    struct process process;
    uint64_t random = 0;
    notice_init(&figures->notice, queue_path, "figures-");
    figures->specs = specs;
    figures->count = count;
    figures->told = xcalloc(count, sizeof *figures->told);
    copy_word(figures->own.program, program);
    copy_word(figures->own.version, PACKAGE_VERSION);
    figures->own.started_ms = clock_wall_ms();
    if (process_read(getpid(), &process))
        figures->own.started_ticks = process.started;
    (void)!getrandom(&random, sizeof random, GRND_NONBLOCK);
    figures->clears_up = random % CLEARING == 0;
    snprintf(figures->id, sizeof figures->id, "%d.%016" PRIx64, (int)getpid(),
             random);
    return figures;
}

void
figures_tell(struct figures *figures, const int64_t *values)
{
    size_t size = figures->count * sizeof *values;
    if (figures->is_told && memcmp(figures->told, values, size) == 0)
        return;
    const struct figures_process *own = &figures->own;
    struct bytes *text = notice_begin(&figures->notice);
    bytes_printf(text, "process %s %s %s %" PRId64 " %" PRIu64 "\n",
                 figures->id, own->program, own->version, own->started_ms,
                 own->started_ticks);
    for (size_t i = 0; i < figures->count; i++) {
        bytes_append_string(text, figures->specs[i].name);
        bytes_append_char(text, ' ');
        bytes_append_number(text, values[i]);
        bytes_append_char(text, '\n');
    }
    memcpy(figures->told, values, size);
    figures->is_told = notice_end(&figures->notice);
}

/* -- reading texts ------------------------------------------------------ */

/* Adds what LINE says to VALUES; where they gather what has ended, only what
 * grows. *EXPECTED is where its name is looked for first: mostly they come in
 * order. Names that we do not know are of another version. */
static void
add_line(const struct figures *figures, const char *line, size_t *expected,
         bool is_over, int64_t *values)
{
    size_t len = strcspn(line, " ");
    int64_t value = line[len] ? strtoll(line + len, NULL, 10) : 0;
    for (size_t i = 0; i < figures->count; i++) {
        size_t at = (*expected + i) % figures->count;
        const struct figure_spec *spec = &figures->specs[at];
        if (strncmp(spec->name, line, len) != 0 || spec->name[len])
            continue;
        if (spec->grows || !is_over)
            values[at] += value;
        *expected = at + 1;
        return;
    }
}

static void
add_text(const struct figures *figures, const struct bytes *text, bool is_over,
         int64_t *values)
{
    char line[LINE_SIZE];
    size_t at = 0, expected = 0;
    while (notice_line(text, &at, line, sizeof line))
        add_line(figures, line, &expected, is_over, values);
}

static bool
read_process(const struct bytes *text, struct figures_process *process,
             char id[FIGURES_NAME_SIZE])
{
    const char *line = text->len ? strchr(text->data, '\n') : NULL;
    return line &&
           sscanf(line + 1, "process %31s %31s %31s %" SCNd64 " %" SCNu64 "\n",
                  id, process->program, process->version, &process->started_ms,
                  &process->started_ticks) == 5;
}

/* -- what has ended ----------------------------------------------------- */

static void
read_ended(const struct figures *figures, int directory, struct ended *ended)
{
    struct bytes text = BYTES_EMPTY;
    ended->serial = 0;
    ended->last[0] = ended->file[0] = '\0';
    memset(ended->values, 0, figures->count * sizeof *ended->values);
    int fd = openat(directory, ended_file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    notice_read_file(fd, &text);
    close(fd);
    if (sscanf(text.data, "begin %lu\nlast %31s%63[^\n]", &ended->serial,
               ended->last, ended->file) >= 2)
        add_text(figures, &text, true, ended->values);
    bytes_fini(&text);
}

static bool
write_ended(const struct figures *figures, int directory,
            const struct ended *ended)
{
    struct bytes text = BYTES_EMPTY;
    bytes_printf(&text, "begin %lu\nlast %s %s\n", ended->serial, ended->last,
                 ended->file);
    for (size_t i = 0; i < figures->count; i++)
        if (figures->specs[i].grows)
            bytes_printf(&text, "%s %" PRId64 "\n", figures->specs[i].name,
                         ended->values[i]);
    bytes_printf(&text, "end %lu\n", ended->serial);
    int fd =
        openat(directory, ended_new_file,
               O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0660);
    bool is_written =
        fd >= 0 && write(fd, text.data, text.len) == (ssize_t)text.len;
    if (fd >= 0) {
        (void)!fchmod(fd, 0660);
        close(fd);
    }
    bytes_fini(&text);
    return is_written &&
           renameat(directory, ended_new_file, directory, ended_file) == 0;
}

/* Removes the file of the last one, where who added him was killed before. */
static void
remove_last(int directory, const struct ended *ended)
{
    const char *file = ended->file + strspn(ended->file, " ");
    struct bytes text = BYTES_EMPTY;
    struct figures_process process;
    char id[FIGURES_NAME_SIZE];
    int fd =
        openat(directory, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return;
    notice_read_file(fd, &text);
    if (read_process(&text, &process, id) && strcmp(id, ended->last) == 0)
        unlinkat(directory, file, 0);
    bytes_fini(&text);
    close(fd);
}

/* With the folder's lock: adds the process ID, whose last words are TEXT, and
 * removes its FILE. */
static void
add_ended(const struct figures *figures, int directory,
          const struct bytes *text, const char *id, const char *file)
{
    struct ended ended = {.values =
                              xcalloc(figures->count, sizeof *ended.values)};
    bool is_added = true;
    read_ended(figures, directory, &ended);
    if (strcmp(ended.last, id) != 0) {
        remove_last(directory, &ended);
        ended.serial++;
        snprintf(ended.last, sizeof ended.last, "%s", id);
        snprintf(ended.file, sizeof ended.file, "%s", file);
        add_text(figures, text, true, ended.values);
        is_added = write_ended(figures, directory, &ended);
    }
    if (is_added)
        unlinkat(directory, file, 0);
    free(ended.values);
}

/* The folder, locked; -1: it is not there, or somebody else has the lock. */
static int
lock_directory(const struct figures *figures)
{
    int directory = notice_open_directory(&figures->notice);
    if (directory >= 0 && flock(directory, LOCK_EX | LOCK_NB) == 0)
        return directory;
    if (directory >= 0)
        close(directory);
    return -1;
}

struct gathering {
    const struct figures *figures;
    int count; /* of the dead that were met */
};

/* Each takes a rename, so a few at a time: after a power cut there may be as
 * many as there were CGI programs. */
static void
on_dead(void *context, const struct notice_seen *seen)
{
    struct gathering *gathering = context;
    struct figures_process process;
    char id[FIGURES_NAME_SIZE];
    if (!seen->is_dead || gathering->count++ >= GATHER_MAX)
        return;
    if (read_process(seen->text, &process, id))
        add_ended(gathering->figures, seen->directory, seen->text, id,
                  seen->file);
    else
        unlinkat(seen->directory, seen->file, 0);
}

/* With the folder's lock. */
static bool
gather(struct figures *figures)
{
    struct gathering gathering = {figures, 0};
    notice_each(&figures->notice, on_dead, &gathering);
    return gathering.count <= GATHER_MAX;
}

bool
figures_gather(struct figures *figures)
{
    int directory = lock_directory(figures);
    if (directory < 0)
        return false;
    bool is_over = gather(figures);
    close(directory);
    return is_over;
}

void
figures_close(struct figures *figures, const int64_t *values)
{
    if (values)
        figures_tell(figures, values);
    int directory = figures->notice.fd >= 0 ? lock_directory(figures) : -1;
    if (directory >= 0) { /* else a later one will do it */
        add_ended(figures, directory, &figures->notice.current, figures->id,
                  figures->notice.name);
        if (figures->clears_up)
            (void)gather(figures);
        close(directory);
    }
    notice_fini(&figures->notice);
    free(figures->told);
    free(figures);
}

/* -- summing up --------------------------------------------------------- */

struct summing {
    const struct figures *figures;
    struct figures_sum *sum;
    const struct ended *ended;
    bool has_dead;
};

static void
add_process(struct summing *summing, const struct notice_seen *seen,
            const struct figures_process *process, int64_t *values)
{
    struct figures_sum *sum = summing->sum;
    sum->processes = xrealloc(sum->processes, (sum->process_count + 1) *
                                                  sizeof *sum->processes);
    struct figures_process *added = &sum->processes[sum->process_count++];
    *added = *process;
    snprintf(added->name, sizeof added->name, "%s", seen->name);
    added->is_own = seen->is_own;
    added->told_ms = seen->said_ms;
    added->values = values;
}

static void
on_notice(void *context, const struct notice_seen *seen)
{
    struct summing *summing = context;
    const struct figures *figures = summing->figures;
    struct figures_process process;
    char id[FIGURES_NAME_SIZE];
    summing->has_dead |= seen->is_dead;
    if (!read_process(seen->text, &process, id) ||
        strcmp(id, summing->ended->last) == 0)
        return;
    int64_t *values = xcalloc(figures->count, sizeof *values);
    add_text(figures, seen->text, seen->is_dead, values);
    for (size_t i = 0; i < figures->count; i++)
        summing->sum->totals[i] += values[i];
    if (seen->is_dead)
        free(values);
    else
        add_process(summing, seen, &process, values);
}

static int
by_name(const void *one, const void *other)
{
    const struct figures_process *a = one, *b = other;
    long x = strtol(a->name, NULL, 10), y = strtol(b->name, NULL, 10);
    return x != y ? (x > y) - (x < y) : strcmp(a->name, b->name);
}

/* True when there are some to gather. */
static bool
sum_up(struct figures *figures, struct figures_sum *sum,
       const struct ended *ended)
{
    struct summing summing = {figures, sum, ended, false};
    *sum = (struct figures_sum){
        .totals = xcalloc(figures->count, sizeof *sum->totals)};
    memcpy(sum->totals, ended->values, figures->count * sizeof *sum->totals);
    notice_each(&figures->notice, on_notice, &summing);
    if (sum->process_count)
        qsort(sum->processes, sum->process_count, sizeof *sum->processes,
              by_name);
    return summing.has_dead;
}

/* Whoever ends between two looks is in neither, or in both: then what has ended
 * has changed, and it is summed up again. */
void
figures_read(struct figures *figures, struct figures_sum *sum)
{
    struct ended ended = {.values =
                              xcalloc(figures->count, sizeof *ended.values)};
    int directory = notice_open_directory(&figures->notice);
    unsigned long serial = 0;
    bool has_dead = false;
    if (directory >= 0)
        read_ended(figures, directory, &ended);
    for (int tries = 0; tries < SUM_TRIES; tries++) {
        serial = ended.serial;
        has_dead = sum_up(figures, sum, &ended);
        if (directory >= 0)
            read_ended(figures, directory, &ended);
        if (ended.serial == serial || tries == SUM_TRIES - 1)
            break;
        figures_sum_fini(sum);
    }
    if (directory >= 0)
        close(directory);
    if (has_dead)
        (void)figures_gather(figures);
    free(ended.values);
}

void
figures_sum_fini(struct figures_sum *sum)
{
    for (size_t i = 0; i < sum->process_count; i++)
        free(sum->processes[i].values);
    free(sum->processes);
    free(sum->totals);
    *sum = (struct figures_sum){0};
}

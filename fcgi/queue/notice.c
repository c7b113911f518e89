#include "queue/notice.h"

#include "base/log.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 16 << 20, LINE_MAX_BYTES = 256, READ_TRIES = 10 };

int
notice_open_directory(const struct notice *notice)
{
    return open(notice->directory,
                O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

/* Where the id is taken (several of one process in a test, of several machines
 * in containers, a dead process' whose last words nobody has read yet) a number
 * stands behind it. */
static int
open_own_file(struct notice *notice, int directory)
{
    int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
    for (int n = 0; n < 100; n++) {
        if (n == 0)
            snprintf(notice->name, sizeof(notice->name), "%.16s%ld",
                     notice->kind, (long)getpid());
        else
            snprintf(notice->name, sizeof(notice->name), "%.16s%ld-%d",
                     notice->kind, (long)getpid(), n);
        int fd = openat(directory, notice->name, flags, 0660);
        struct stat held, named;
        if (fd < 0)
            return -1;
        /* Locked, and still the file of that name: a reader may just have
         * removed it as a dead process'. */
        if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &held) == 0 &&
            fstatat(directory, notice->name, &named, AT_SYMLINK_NOFOLLOW) ==
                0 &&
            held.st_ino == named.st_ino && held.st_size == 0) {
            (void)!fchmod(fd, 0660);
            return fd;
        }
        close(fd);
    }
    errno = EBUSY;
    return -1;
}

static bool
need_file(struct notice *notice)
{
    struct stat held;
    if (notice->fd >= 0 && fstat(notice->fd, &held) == 0 && held.st_nlink > 0)
        return true;
    if (notice->fd >= 0)
        close(notice->fd);
    notice->fd = -1;
    if (mkdir(notice->directory, 0770) == 0)
        (void)!chmod(notice->directory, 02770);
    int directory = notice_open_directory(notice);
    if (directory >= 0) {
        notice->fd = open_own_file(notice, directory);
        int error = errno;
        close(directory);
        errno = error;
    }
    return notice->fd >= 0;
}

static void
complain(struct notice *notice)
{
    if (!notice->complained)
        log_warn("presence",
                 "this process is not counted by others "
                 "path=%s error=\"%s\"",
                 notice->directory, strerror(errno));
    notice->complained = true;
}

void
notice_init(struct notice *notice, const char *queue_path, const char *kind)
{
    struct bytes path = BYTES_EMPTY;
    bytes_append_string(&path, queue_path);
    bytes_append_string(&path, "-presence");
    bytes_append_char(&path, '\0');
    *notice = (struct notice){.directory = path.data, .kind = kind, .fd = -1};
}

void
notice_remove(struct notice *notice)
{
    int directory = notice->fd >= 0 ? notice_open_directory(notice) : -1;
    if (directory >= 0) {
        unlinkat(directory, notice->name, 0);
        close(directory);
    }
}

void
notice_fini(struct notice *notice)
{
    if (notice->fd >= 0)
        close(notice->fd);
    bytes_fini(&notice->text);
    bytes_fini(&notice->current);
    free(notice->directory);
}

struct bytes *
notice_begin(struct notice *notice)
{
    notice->text.len = 0;
    bytes_printf(&notice->text, "begin %lu\n", ++notice->serial);
    return &notice->text;
}

static bool
write_all(int fd, const char *data, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t wrote = pwrite(fd, data + at, size - at, (off_t)at);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        at += (size_t)wrote;
    }
    return ftruncate(fd, (off_t)size) == 0;
}

bool
notice_end(struct notice *notice)
{
    struct bytes before = notice->current;
    notice->current = notice->text;
    notice->text = before;
    bytes_printf(&notice->current, "end %lu\n", notice->serial);
    bool is_said =
        need_file(notice) &&
        write_all(notice->fd, notice->current.data, notice->current.len);
    if (!is_said)
        complain(notice);
    else
        notice->complained = false;
    return is_said;
}

/* Reading -------------------------------------------------------------------
 */

char *
notice_line(const struct bytes *text, size_t *at, char *line, size_t size)
{
    while (*at < text->len) {
        const char *start = text->data + *at;
        const char *newline = memchr(start, '\n', text->len - *at);
        size_t len = newline ? (size_t)(newline - start) : text->len - *at;
        *at += len + 1;
        if (len >= size)
            continue;
        memcpy(line, start, len);
        line[len] = '\0';
        return line;
    }
    return NULL;
}

/* Its length up to and with its end; 0: it is not whole. Behind the end may be
 * what a longer text has left, until that is cut off: who was killed in between
 * has said it all. */
static size_t
whole_length(const struct bytes *text)
{
    char end[LINE_MAX_BYTES];
    unsigned long serial;
    char head[LINE_MAX_BYTES];
    size_t len = text->len < sizeof(head) - 1 ? text->len : sizeof(head) - 1;
    memcpy(head, text->data, len);
    head[len] = '\0';
    if (sscanf(head, "begin %lu\n", &serial) != 1)
        return 0;
    len = (size_t)snprintf(end, sizeof(end), "\nend %lu\n", serial);
    const char *found = memmem(text->data, text->len, end, len);
    return found ? (size_t)(found - text->data) + len : 0;
}

void
notice_read_file(int fd, struct bytes *text)
{
    ssize_t got;
    text->len = 0;
    do {
        got = pread(fd, bytes_reserve(text, 65537), 65536, (off_t)text->len);
        if (got > 0)
            text->len += (size_t)got;
    } while (got > 0 && text->len < FILE_MAX_BYTES);
    text->data[text->len] = '\0';
}

/* Reads FD until it is not caught in the midst of being written. */
static bool
read_whole(int fd, struct bytes *text)
{
    for (int tries = 0; tries < READ_TRIES; tries++) {
        notice_read_file(fd, text);
        size_t len = whole_length(text);
        text->data[text->len = len] = '\0';
        if (len)
            return true;
    }
    return false;
}

struct seeing {
    const struct notice *notice;
    void (*on_notice)(void *context, const struct notice_seen *seen);
    void *context;
};

/* Whose lock is free is dead. We hold it while ON_NOTICE looks at it, so that
 * no two remove it. A dead one's text is whole, or nobody's. */
static void
see_file(int directory, const char *name, const struct seeing *seeing)
{
    int fd =
        openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat status;
    if (fd < 0)
        return;
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
        close(fd);
        return;
    }
    bool is_dead = flock(fd, LOCK_EX | LOCK_NB) == 0;
    struct bytes text = BYTES_EMPTY;
    bool is_said = read_whole(fd, &text);
    const struct notice_seen seen = {
        .name = name + strlen(seeing->notice->kind),
        .is_dead = is_dead,
        .said_ms = (int64_t)status.st_mtim.tv_sec * 1000 +
                   status.st_mtim.tv_nsec / 1000000,
        .text = &text,
        .directory = directory,
        .file = name,
    };
    if (is_said || is_dead)
        seeing->on_notice(seeing->context, &seen);
    bytes_fini(&text);
    close(fd);
}

/* True when NAME is of the kind, and not our own. */
static bool
is_others(const struct notice *notice, const char *name)
{
    size_t len = strlen(notice->kind);
    return strncmp(name, notice->kind, len) == 0 &&
           isdigit((unsigned char)name[len]) &&
           (notice->fd < 0 || strcmp(name, notice->name) != 0);
}

void
notice_each(struct notice *notice,
            void (*on_notice)(void *context, const struct notice_seen *seen),
            void *context)
{
    const struct seeing seeing = {notice, on_notice, context};
    const struct notice_seen own = {
        .name = notice->name + strlen(notice->kind),
        .is_own = true,
        .text = &notice->current,
    };
    if (notice->current.len)
        on_notice(context, &own);
    int fd = notice_open_directory(notice);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (!directory) {
        if (fd >= 0)
            close(fd);
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(directory)) != NULL)
        if (is_others(notice, entry->d_name))
            see_file(fd, entry->d_name, &seeing);
    closedir(directory);
}

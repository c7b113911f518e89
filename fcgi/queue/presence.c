#include "queue/presence.h"

#include "base/bytes.h"
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

/* A file's text is a line `begin N`, lines `channel transport count`, and a
 * line `end N`. A text in which the two numbers differ was caught in the midst
 * of being written. */

enum { FILE_MAX_BYTES = 16 << 20, LINE_MAX_BYTES = 256 };

struct presence {
    char *directory;
    char name[32]; /* our file's, within it */
    int fd;        /* our file, locked; -1 while there is none */
    bool complained;
    unsigned long serial; /* of the text */
    struct bytes text;    /* what is said between begin and end */
    struct bytes current; /* what was said last */
};

static int
open_directory(const struct presence *presence)
{
    return open(presence->directory,
                O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

/* Several presences of one process (tests) have a number behind the id. */
static int
open_own_file(struct presence *presence, int directory)
{
    int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
    for (int n = 0; n < 100; n++) {
        if (n == 0)
            snprintf(presence->name, sizeof(presence->name), "%ld",
                     (long)getpid());
        else
            snprintf(presence->name, sizeof(presence->name), "%ld-%d",
                     (long)getpid(), n);
        int fd = openat(directory, presence->name, flags, 0660);
        struct stat held, named;
        if (fd < 0)
            return -1;
        /* Locked, and still the file of that name: a reader may just have
         * removed it as a dead process'. */
        if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &held) == 0 &&
            fstatat(directory, presence->name, &named, AT_SYMLINK_NOFOLLOW) ==
                0 &&
            held.st_ino == named.st_ino) {
            (void)!fchmod(fd, 0660);
            return fd;
        }
        close(fd);
    }
    errno = EBUSY;
    return -1;
}

static bool
need_file(struct presence *presence)
{
    struct stat held;
    if (presence->fd >= 0 && fstat(presence->fd, &held) == 0 &&
        held.st_nlink > 0)
        return true;
    if (presence->fd >= 0)
        close(presence->fd);
    presence->fd = -1;
    if (mkdir(presence->directory, 0770) == 0)
        (void)!chmod(presence->directory, 02770);
    int directory = open_directory(presence);
    if (directory >= 0) {
        presence->fd = open_own_file(presence, directory);
        int error = errno;
        close(directory);
        errno = error;
    }
    return presence->fd >= 0;
}

static void
complain(struct presence *presence)
{
    if (!presence->complained)
        log_warn("presence",
                 "this process is not counted by others "
                 "path=%s error=\"%s\"",
                 presence->directory, strerror(errno));
    presence->complained = true;
}

struct presence *
presence_open(const char *queue_path)
{
    struct presence *presence = xcalloc(1, sizeof(*presence));
    struct bytes path = BYTES_EMPTY;
    bytes_append_string(&path, queue_path);
    bytes_append_string(&path, "-presence");
    bytes_append_char(&path, '\0');
    presence->directory = path.data;
    presence->fd = -1;
    return presence;
}

void
presence_close(struct presence *presence)
{
    int directory = open_directory(presence);
    if (directory >= 0) {
        if (presence->fd >= 0)
            unlinkat(directory, presence->name, 0);
        close(directory);
    }
    if (presence->fd >= 0)
        close(presence->fd);
    bytes_fini(&presence->text);
    bytes_fini(&presence->current);
    free(presence->directory);
    free(presence);
}

void
presence_begin(struct presence *presence)
{
    presence->text.len = 0;
    bytes_printf(&presence->text, "begin %lu\n", ++presence->serial);
}

void
presence_count(struct presence *presence, const char *channel,
               const char *transport, unsigned long count)
{
    if (count)
        bytes_printf(&presence->text, "%s %s %lu\n", channel, transport, count);
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

void
presence_end(struct presence *presence)
{
    struct bytes before = presence->current;
    presence->current = presence->text;
    presence->text = before;
    bytes_printf(&presence->current, "end %lu\n", presence->serial);
    if (!need_file(presence) ||
        !write_all(presence->fd, presence->current.data, presence->current.len))
        complain(presence);
    else
        presence->complained = false;
}

/* Reading -------------------------------------------------------------------
 */

struct counting {
    const char *channel;
    void (*on_count)(void *context, const char *channel, const char *transport,
                     unsigned long count);
    void *context;
};

/* False when LINE is no count: other programs may write here too. */
static bool
count_line(char *line, const struct counting *counting)
{
    char *transport = strchr(line, ' ');
    char *number = transport ? strchr(transport + 1, ' ') : NULL;
    if (!number || !isdigit((unsigned char)number[1]))
        return false;
    *transport++ = '\0';
    *number++ = '\0';
    if (!counting->channel || strcmp(counting->channel, line) == 0)
        counting->on_count(counting->context, line, transport,
                           strtoul(number, NULL, 10));
    return true;
}

static void
count_text(const struct bytes *text, const struct counting *counting)
{
    char line[LINE_MAX_BYTES];
    for (size_t at = 0; at < text->len;) {
        const char *start = text->data + at;
        const char *newline = memchr(start, '\n', text->len - at);
        size_t len = newline ? (size_t)(newline - start) : text->len - at;
        at += len + 1;
        if (len >= sizeof(line))
            continue;
        memcpy(line, start, len);
        line[len] = '\0';
        count_line(line, counting);
    }
}

static bool
is_whole(const struct bytes *text)
{
    char end[LINE_MAX_BYTES];
    unsigned long serial;
    char head[LINE_MAX_BYTES];
    size_t len = text->len < sizeof(head) - 1 ? text->len : sizeof(head) - 1;
    memcpy(head, text->data, len);
    head[len] = '\0';
    if (sscanf(head, "begin %lu\n", &serial) != 1)
        return false;
    len = (size_t)snprintf(end, sizeof(end), "\nend %lu\n", serial);
    return text->len >= len &&
           memcmp(text->data + text->len - len, end, len) == 0;
}

static void
read_text(int fd, struct bytes *text)
{
    ssize_t got;
    text->len = 0;
    do {
        got = pread(fd, bytes_reserve(text, 65536), 65536, (off_t)text->len);
        if (got > 0)
            text->len += (size_t)got;
    } while (got > 0 && text->len < FILE_MAX_BYTES);
}

/* Whose lock is free is dead. */
static void
count_file(int directory, const char *name, const struct counting *counting)
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
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        unlinkat(directory, name, 0);
    } else {
        struct bytes text = BYTES_EMPTY;
        for (int tries = 0; tries < 3; tries++) {
            read_text(fd, &text);
            if (is_whole(&text)) {
                count_text(&text, counting);
                break;
            }
        }
        bytes_fini(&text);
    }
    close(fd);
}

void
presence_read(struct presence *presence, const char *channel,
              void (*on_count)(void *context, const char *channel,
                               const char *transport, unsigned long count),
              void *context)
{
    struct counting counting = {channel, on_count, context};
    count_text(&presence->current, &counting);
    int fd = open_directory(presence);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (!directory) {
        if (fd >= 0)
            close(fd);
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(directory)) != NULL)
        if (isdigit((unsigned char)entry->d_name[0]) &&
            (presence->fd < 0 || strcmp(entry->d_name, presence->name) != 0))
            count_file(fd, entry->d_name, &counting);
    closedir(directory);
}

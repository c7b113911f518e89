#include "queue/bell.h"

#include "base/bytes.h"
#include "base/log.h"
#include "queue/beside.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

struct bell {
    char *path;
    bool watch;
    int watch_fd;          /* inotify */
    int watch_id;          /* -1: the file is not watched */
    bool listens;          /* false: it need not be watched */
    pthread_mutex_t mutex; /* for what follows */
    int file_fd;
};

/* IN_ACCESS is our ring; the others are those of `touch` and `echo >`. */
static const uint32_t RINGS =
    IN_ACCESS | IN_ATTRIB | IN_MODIFY | IN_CLOSE_WRITE;

static int
open_file(const char *path)
{
    int fd = beside_open(path, O_RDWR | O_NONBLOCK);
    if (fd < 0 && (errno == EROFS || errno == EACCES))
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat status;
    if (fd >= 0 && (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))) {
        close(fd);
        fd = -1;
        errno = EINVAL;
    }
    return fd;
}

static void
hang(struct bell *bell)
{
    int fd = open_file(bell->path);
    if (fd < 0)
        log_warn("queue", "no bell path=%s error=\"%s\"", bell->path,
                 strerror(errno));
    if (bell->watch_fd >= 0) {
        if (bell->watch_id >= 0)
            inotify_rm_watch(bell->watch_fd, bell->watch_id);
        bell->watch_id =
            bell->listens ? inotify_add_watch(bell->watch_fd, bell->path, RINGS)
                          : -1;
    }
    /* The loop does not wait for a writer that is ringing: the next look finds
     * the bell in need of repair again. */
    if (pthread_mutex_trylock(&bell->mutex) == 0) {
        int old = bell->file_fd;
        bell->file_fd = fd;
        pthread_mutex_unlock(&bell->mutex);
        fd = old;
    }
    if (fd >= 0)
        close(fd);
}

struct bell *
bell_open(const char *path, bool watch)
{
    struct bell *bell = xcalloc(1, sizeof(*bell));
    bell->path = xstrdup(path);
    bell->watch = watch;
    bell->listens = true;
    bell->file_fd = -1;
    bell->watch_id = -1;
    bell->watch_fd = watch ? inotify_init1(IN_NONBLOCK | IN_CLOEXEC) : -1;
    if (watch && bell->watch_fd < 0)
        log_warn("queue",
                 "no inotify, looking now and then instead "
                 "error=\"%s\"",
                 strerror(errno));
    pthread_mutex_init(&bell->mutex, NULL);
    hang(bell);
    return bell;
}

void
bell_close(struct bell *bell)
{
    if (bell->file_fd >= 0)
        close(bell->file_fd);
    if (bell->watch_fd >= 0)
        close(bell->watch_fd);
    pthread_mutex_destroy(&bell->mutex);
    free(bell->path);
    free(bell);
}

/* An empty file, made by `touch` perhaps, is given its byte. */
bool
bell_ring(struct bell *bell)
{
    char byte;
    pthread_mutex_lock(&bell->mutex);
    bool rung = bell->file_fd >= 0 && (pread(bell->file_fd, &byte, 1, 0) == 1 ||
                                       pwrite(bell->file_fd, "\n", 1, 0) == 1);
    pthread_mutex_unlock(&bell->mutex);
    return rung;
}

bool
bell_heard(struct bell *bell)
{
    if (bell->watch_fd < 0)
        return false;
    _Alignas(struct inotify_event) char buffer[4096];
    bool heard = false, gone = false;
    ssize_t got;
    do {
        got = read(bell->watch_fd, buffer, sizeof(buffer));
        for (ssize_t at = 0; at < got;) {
            const struct inotify_event *event = (const void *)(buffer + at);
            heard = true;
            gone |= (event->mask & IN_IGNORED) && event->wd == bell->watch_id;
            at += (ssize_t)(sizeof(*event) + event->len);
        }
    } while (got > (ssize_t)sizeof(buffer) / 2);
    if (gone)
        bell->watch_id = -1;
    if (heard && !bell->listens && bell->watch_id >= 0) {
        inotify_rm_watch(bell->watch_fd, bell->watch_id);
        bell->watch_id = -1;
    }
    return heard;
}

/* Who stops listening hears one ring more: a reader who asks again and again is
 * gone for a moment each time. */
bool
bell_listen(struct bell *bell, bool listens)
{
    if (bell->listens == listens)
        return false;
    bell->listens = listens;
    if (!listens || bell->watch_fd < 0 || bell->watch_id >= 0)
        return false;
    bell->watch_id = inotify_add_watch(bell->watch_fd, bell->path, RINGS);
    return true;
}

void
bell_repair(struct bell *bell)
{
    struct stat named, held;
    bool same = bell->file_fd >= 0 && fstat(bell->file_fd, &held) == 0 &&
                stat(bell->path, &named) == 0 && held.st_ino == named.st_ino &&
                held.st_dev == named.st_dev;
    if (!same || (bell->listens && bell->watch_fd >= 0 && bell->watch_id < 0))
        hang(bell);
}

int
bell_fd(const struct bell *bell)
{
    return bell->watch_fd;
}

/* The loop's side of the queue: life, handing over and taking back. */
#include "queue/sqlite_admin.h"
#include "queue/sqlite_internal.h"

#include "base/bytes.h"
#include "base/log.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { CLOSE_WAIT_S = 3 };

void
queue_list_add(struct append_list *list, struct queue_append *append)
{
    append->next = NULL;
    append->prev = list->last;
    if (list->last)
        list->last->next = append;
    else
        list->first = append;
    list->last = append;
}

static char *
path_with(const char *path, const char *suffix)
{
    struct bytes joined = BYTES_EMPTY;
    bytes_append_string(&joined, path);
    bytes_append(&joined, suffix, strlen(suffix) + 1);
    return joined.data;
}

/* SQLite takes `:memory:` and `file:…` for something else than a file. */
static char *
plain_path(const char *path)
{
    if (path[0] == '/' || path[0] == '.')
        return xstrdup(path);
    char *plain = path_with("./", path);
    return plain;
}

static void
watch(struct queue *queue, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (fd >= 0 && epoll_ctl(queue->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        log_error("queue", "epoll_ctl error=\"%s\"", strerror(errno));
}

/* The writer handles no signal: they are the loop's. */
static bool
start_writer(struct queue *queue)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&queue->thread, NULL, queue_writer_main, queue);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0)
        log_error("queue", "no writer thread error=\"%s\"", strerror(rc));
    return rc == 0;
}

/* The bell is hung where the queue has been opened, not beside a file that is
 * not ours. */
static void
hang_bell(struct queue *queue)
{
    if (queue->bell || !queue->reader)
        return;
    struct bell *bell = bell_open(queue->bell_path, queue->options.bell);
    bell_listen(bell, !queue->is_deaf);
    watch(queue, bell_fd(bell));
    atomic_store(&queue->bell, bell);
}

static sqlite3_mutex_methods plain_mutex;

/* The few mutexes that the two connections share inside SQLite are held for
 * a moment. Whoever meets one stays awake, for the loop must not be put to
 * sleep behind a writer that was preempted. */
static void
enter_awake(sqlite3_mutex *mutex)
{
    while (plain_mutex.xMutexTry(mutex) != SQLITE_OK)
        sched_yield();
}

/* Before SQLite's first use; too late when it is in use already, which costs
 * speed and nothing else. Without its statistics of memory its allocations take
 * no lock, which both threads would share. */
static void
configure_sqlite(void)
{
    if (sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) != SQLITE_OK ||
        sqlite3_initialize() != SQLITE_OK)
        return;
    /* It has chosen its mutexes, and answers nothing until it is shut down. */
    sqlite3_shutdown();
    if (sqlite3_config(SQLITE_CONFIG_GETMUTEX, &plain_mutex) != SQLITE_OK)
        return;
    sqlite3_mutex_methods awake = plain_mutex;
    awake.xMutexEnter = enter_awake;
    (void)sqlite3_config(SQLITE_CONFIG_MUTEX, &awake);
}

struct queue *
queue_make(const struct queue_options *options)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure_sqlite);
    struct queue *queue = xcalloc(1, sizeof(*queue));
    queue->options = *options;
    queue->path = plain_path(options->path);
    queue->options.path = queue->path;
    queue->lock_path = path_with(queue->path, "-lock");
    queue->bell_path = path_with(queue->path, "-bell");
    queue->wal_path = path_with(queue->path, "-wal");
    queue->shm_path = path_with(queue->path, "-shm");
    queue->new_path = path_with(queue->path, "-new");
    queue->writer.new_epoch_due = options->new_epoch;
    queue->writer.lock_fd = -1;
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->opened, NULL);
    handover_init(&queue->handover);
    queue->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    queue->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    watch(queue, queue->event_fd);
    return queue;
}

struct queue *
queue_open(const struct queue_options *options)
{
    struct queue *queue = queue_make(options);
    if (start_writer(queue)) {
        pthread_mutex_lock(&queue->mutex);
        while (!queue->first_try_over)
            pthread_cond_wait(&queue->opened, &queue->mutex);
        pthread_mutex_unlock(&queue->mutex);
        if (queue_reader_ready(queue))
            hang_bell(queue);
    } else {
        queue_set_trouble(queue, "this machine has no room for a thread");
        atomic_store(&queue->closing, true);
    }
    return queue;
}

void
queue_unmake(struct queue *queue)
{
    queue_reader_close(queue);
    if (queue->bell)
        bell_close(queue->bell);
    close(queue->epoll_fd);
    close(queue->event_fd);
    handover_fini(&queue->handover);
    pthread_cond_destroy(&queue->opened);
    pthread_mutex_destroy(&queue->mutex);
    free(queue->path);
    free(queue->lock_path);
    free(queue->bell_path);
    free(queue->wal_path);
    free(queue->shm_path);
    free(queue->new_path);
    free(queue);
}

/* The writer's connection is closed last: it is the one that puts the -wal
 * into the file. The writer may be held by a lock that another program keeps.
 * Then its memory is left to it: whoever closes a queue is about to end. */
void
queue_close(struct queue *queue)
{
    queue_reader_close(queue);
    bool started = !atomic_exchange(&queue->closing, true);
    handover_wake(&queue->handover);
    if (started) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += CLOSE_WAIT_S;
        if (pthread_timedjoin_np(queue->thread, NULL, &until) != 0) {
            log_warn("queue", "left while another program holds it path=%s",
                     queue->path);
            return;
        }
    }
    queue_unmake(queue);
}

int
queue_fd(const struct queue *queue)
{
    return queue->epoll_fd;
}

void
queue_set_trouble(struct queue *queue, const char *format, ...)
{
    char text[QUEUE_TROUBLE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&queue->mutex);
    bool changed = strcmp(queue->trouble, text) != 0;
    memcpy(queue->trouble, text, sizeof(text));
    pthread_mutex_unlock(&queue->mutex);
    if (changed && text[0])
        log_error("queue", "%s", text);
}

/* One write wakes the loop for all there is. */
void
queue_tell_loop(struct queue *queue)
{
    if (atomic_exchange(&queue->told, true))
        return;
    uint64_t one = 1;
    (void)!write(queue->event_fd, &one, sizeof(one));
}

/* What comes after this is told anew. */
static void
be_told(struct queue *queue)
{
    if (!atomic_load(&queue->told))
        return;
    uint64_t count;
    (void)!read(queue->event_fd, &count, sizeof(count));
    atomic_store(&queue->told, false);
}

bool
queue_dispatch(struct queue *queue)
{
    hang_bell(queue);
    bool news = queue->bell && bell_heard(queue->bell);
    be_told(queue);
    news |= atomic_exchange(&queue->news, false);
    for (struct queue_append *append = handover_receive(&queue->handover),
                             *next;
         append; append = next) {
        next = append->next;
        queue->appending--;
        append->on_done(append, &append->outcome);
    }
    return news;
}

bool
queue_look(struct queue *queue)
{
    struct stat named;
    bool gone = stat(queue->path, &named) < 0;
    if (pthread_mutex_trylock(&queue->mutex) == 0) {
        bool moved = queue->reader_generation &&
                     (gone || named.st_ino != queue->opened_as.st_ino ||
                      named.st_dev != queue->opened_as.st_dev);
        pthread_mutex_unlock(&queue->mutex);
        if (moved) {
            atomic_store(&queue->recheck, true);
            handover_wake(&queue->handover);
        }
    }
    if (!queue_reader_ready(queue))
        return false;
    hang_bell(queue);
    bell_repair(queue->bell);
    return queue_reader_changed(queue);
}

bool
queue_listen(struct queue *queue, bool listens)
{
    queue->is_deaf = !listens;
    return queue->bell && bell_listen(queue->bell, listens);
}

void
queue_append(struct queue *queue, struct queue_append *append)
{
    queue->appending++;
    handover_send(&queue->handover, append);
}

bool
queue_cancel(struct queue *queue, struct queue_append *append)
{
    if (!handover_take_back(append))
        return false;
    queue->appending--;
    return true;
}

size_t
queue_appending(const struct queue *queue)
{
    return queue->appending;
}

void
queue_stats(struct queue *queue, struct queue_stats *stats)
{
    if (pthread_mutex_trylock(&queue->mutex) == 0) {
        queue->stats_copy = queue->stats;
        pthread_mutex_unlock(&queue->mutex);
    }
    *stats = queue->stats_copy;
    stats->bell = queue->bell && bell_fd(queue->bell) >= 0;
}

const char *
queue_trouble(const struct queue *queue)
{
    struct queue *own = (struct queue *)(uintptr_t)queue;
    if (pthread_mutex_trylock(&own->mutex) == 0) {
        memcpy(own->trouble_copy, own->trouble, sizeof(own->trouble));
        pthread_mutex_unlock(&own->mutex);
    }
    if (own->trouble_copy[0])
        return own->trouble_copy;
    return own->read_trouble[0] ? own->read_trouble : NULL;
}

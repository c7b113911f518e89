#include "server_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "spread.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ACCEPTS_PER_EVENT = 64,
    ACCEPT_PAUSE_US = 100 * 1000, /* when descriptors have run out */
};

void
server_share(struct server *server, struct spread *spread)
{
    server->spread = spread;
}

/* What is to be spread: those who stay. A publisher is gone in a moment, and it
 * is all the same who serves him. Who is full would refuse a reader for whom
 * another has room, and leaves him to anybody that is not. */
static size_t
load_of(const struct server *server)
{
    size_t load = server_subscribers(server) + server->arrival_count;
    size_t max = (size_t)server->options->subscribers_max;
    return load + server->watcher_count < max ? load : SPREAD_FULL;
}

bool
server_takes(struct server *server, struct timeval *pause)
{
    *pause = (struct timeval){.tv_usec = SPREAD_ASK_AGAIN_US};
    return !server->spread ||
           spread_takes(server->spread, load_of(server), clock_monotonic_us());
}

static void
pause_accepting(struct server *server, const struct timeval *pause)
{
    for (int i = 0; i < server->listener_count; i++)
        event_del(server->listeners[i]);
    event_add(server->accept_again_event, pause);
}

void
server_cannot_accept(struct server *server, struct timeval *pause)
{
    *pause = (struct timeval){.tv_usec = ACCEPT_PAUSE_US};
    log_error("server", "cannot accept: %m; raise the limit of open files "
                        "(ulimit -n)");
    server->lacks_descriptors = true;
    if (server->spread)
        spread_leave(server->spread);
}

static void
on_accept_again(evutil_socket_t fd, short what, void *context)
{
    struct server *server = context;
    (void)fd, (void)what;
    server->lacks_descriptors = false;
    for (int i = 0; i < server->listener_count && !server->stopping; i++)
        event_add(server->listeners[i], NULL);
}

static void
on_connecting(evutil_socket_t listener, short what, void *context)
{
    struct server *server = context;
    (void)what;
    for (int i = 0; i < ACCEPTS_PER_EVENT; i++) {
        struct timeval pause;
        if (!server_takes(server, &pause)) {
            pause_accepting(server, &pause);
            return;
        }
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            server->on_connection(server, fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
                   errno == ENOMEM) {
            server_cannot_accept(server, &pause);
            pause_accepting(server, &pause);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

void
server_listen(struct server *server, int fd,
              void (*on_connection)(struct server *server, int fd))
{
    server->on_connection = on_connection;
    struct event *event = event_new(server->base, fd, EV_READ | EV_PERSIST,
                                    on_connecting, server);
    event_add(event, NULL);
    server->listeners[server->listener_count++] = event;
}

void
accept_tell(const struct server *server)
{
    if (server->spread && !server->stopping && !server->lacks_descriptors)
        spread_turn(server->spread, load_of(server));
}

void
accept_init(struct server *server)
{
    server->accept_again_event =
        evtimer_new(server->base, on_accept_again, server);
}

void
accept_stop(struct server *server)
{
    if (server->spread)
        spread_leave(server->spread);
    for (int i = 0; i < server->listener_count; i++) {
        /* In this order: a socket that others share stays in our epoll if it
         * is closed first. */
        int fd = event_get_fd(server->listeners[i]);
        event_free(server->listeners[i]);
        close(fd);
    }
    server->listener_count = 0;
}

void
accept_fini(struct server *server)
{
    for (int i = 0; i < server->listener_count; i++)
        event_free(server->listeners[i]);
    event_free(server->accept_again_event);
}

#include "front.h"

#include "base/bytes.h"
#include "base/log.h"
#include "routes.h"
#include "server.h"

#include <event2/bufferevent.h>
#include <event2/event_struct.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    HEADERS_MAX = 16 * 1024,
    BODY_MAX = 4 * 1024, /* nothing here wants one */
    PAUSE_US = 100 * 1000,
};

struct front {
    struct server *server;
    struct member member;
    struct evhttp *http;
    struct evhttp_bound_socket *listeners[SERVER_LISTENERS_MAX];
    int listener_count;
    struct event *again_event;
    struct arrival *arrivals;
    int null_fd; /* what libevent closes in the place of a client */
};

/* A connection that has come, and is no client yet. Each request has
 * --request-timeout in all: libevent's own timeout begins anew with every
 * byte. */
struct arrival {
    struct front *front;
    struct bufferevent *stream;
    struct event timer_event;
    struct arrival *next;
    struct arrival *prev;
};

/* -- arrivals ----------------------------------------------------------- */

static void
arrival_free(struct arrival *arrival)
{
    if (arrival->prev)
        arrival->prev->next = arrival->next;
    else
        arrival->front->arrivals = arrival->next;
    if (arrival->next)
        arrival->next->prev = arrival->prev;
    event_del(&arrival->timer_event);
    bufferevent_decref(arrival->stream);
    free(arrival);
}

/* True while libevent has the connection: it takes its callbacks off when it
 * lets go of it, and the descriptor may be another's by then. */
static bool
is_here(const struct arrival *arrival)
{
    bufferevent_event_cb event_cb = NULL;
    bufferevent_getcb(arrival->stream, NULL, NULL, &event_cb, NULL);
    return event_cb;
}

static void
on_time_over(evutil_socket_t fd, short what, void *context)
{
    struct arrival *arrival = context;
    (void)fd, (void)what;
    if (is_here(arrival))
        shutdown(bufferevent_getfd(arrival->stream), SHUT_RDWR);
    arrival_free(arrival);
}

static void
wait_for_request(struct arrival *arrival)
{
    struct server *server = arrival->front->server;
    event_add(&arrival->timer_event,
              server_timeout(server, server->options->request_timeout_us));
}

static struct bufferevent *
on_arrival(struct event_base *base, void *context)
{
    struct front *front = context;
    struct bufferevent *stream = bufferevent_socket_new(base, -1, 0);
    if (!stream)
        return NULL;
    struct arrival *arrival = xcalloc(1, sizeof *arrival);
    bufferevent_incref(stream);
    arrival->front = front;
    arrival->stream = stream;
    arrival->next = front->arrivals;
    if (arrival->next)
        arrival->next->prev = arrival;
    front->arrivals = arrival;
    evtimer_assign(&arrival->timer_event, base, on_time_over, arrival);
    wait_for_request(arrival);
    return stream;
}

/* libevent lets go of a connection that had a request. Those that never had one
 * are forgotten when their time is over. */
static void
on_gone(struct evhttp_connection *connection, void *context)
{
    struct arrival *arrival = context;
    (void)connection;
    arrival_free(arrival);
}

/* The arrival of a request's connection: mostly one of the newest. */
static struct arrival *
find_arrival(const struct front *front, struct evhttp_request *request)
{
    const struct bufferevent *stream = evhttp_connection_get_bufferevent(
        evhttp_request_get_connection(request));
    struct arrival *arrival = front->arrivals;
    while (arrival->stream != stream)
        arrival = arrival->next;
    return arrival;
}

static void
on_request(struct evhttp_request *request, void *context)
{
    struct front *front = context;
    struct arrival *arrival = find_arrival(front, request);
    evhttp_connection_set_closecb(evhttp_request_get_connection(request),
                                  on_gone, arrival);
    wait_for_request(arrival); /* the next one */
    routes_serve(request, front->server, front->null_fd);
}

/* -- life --------------------------------------------------------------- */

static struct front *
front_of(struct member *member)
{
    return (struct front *)(void *)((char *)member -
                                    offsetof(struct front, member));
}

static void
on_stop(struct member *member)
{
    struct front *front = front_of(member);
    for (int i = 0; i < front->listener_count; i++)
        evhttp_del_accept_socket(front->http, front->listeners[i]);
    front->listener_count = 0;
    event_del(front->again_event);
    server_settle(front->server, member);
}

static void
on_settle(struct member *member)
{
    server_leave(front_of(member)->server, member);
}

static const struct member_verbs verbs = {
    .on_stop = on_stop,
    .on_settle = on_settle,
};

static void
on_accept_again(evutil_socket_t fd, short what, void *context)
{
    struct front *front = context;
    (void)fd, (void)what;
    for (int i = 0; i < front->listener_count; i++)
        evconnlistener_enable(
            evhttp_bound_socket_get_listener(front->listeners[i]));
}

/* Without a pause the loop would run hot while descriptors are short. */
static void
on_accept_error(struct evconnlistener *listener, void *context)
{
    struct front *front = context;
    log_error("front", "cannot accept: %m; raise the limit of open files "
                       "(ulimit -n)");
    evconnlistener_disable(listener);
    event_add(front->again_event, server_timeout(front->server, PAUSE_US));
}

struct front *
front_new(struct server *server)
{
    struct evhttp *http = evhttp_new(server->base);
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (!http || null_fd < 0)
        return NULL;
    struct front *front = xcalloc(1, sizeof *front);
    front->server = server;
    front->http = http;
    front->null_fd = null_fd;
    front->again_event = evtimer_new(server->base, on_accept_again, front);
    evhttp_set_bevcb(http, on_arrival, front);
    evhttp_set_gencb(http, on_request, front);
    evhttp_set_max_headers_size(http, HEADERS_MAX);
    evhttp_set_max_body_size(http, BODY_MAX);
    evhttp_set_timeout_tv(
        http, server_timeout(server, server->options->request_timeout_us));
    evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD |
                                         EVHTTP_REQ_OPTIONS | EVHTTP_REQ_POST |
                                         EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
                                         EVHTTP_REQ_PATCH);
    server_join(server, &front->member, &verbs);
    return front;
}

bool
front_listen(struct front *front, int fd)
{
    struct evconnlistener *listener = evconnlistener_new(
        front->server->base, NULL, NULL,
        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    struct evhttp_bound_socket *bound =
        listener ? evhttp_bind_listener(front->http, listener) : NULL;
    if (!bound)
        return false;
    evconnlistener_set_error_cb(listener, on_accept_error);
    front->listeners[front->listener_count++] = bound;
    return true;
}

void
front_free(struct front *front)
{
    evhttp_free(front->http);
    while (front->arrivals)
        arrival_free(front->arrivals);
    event_free(front->again_event);
    close(front->null_fd);
    free(front);
}

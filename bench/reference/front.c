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
    INPUT_MAX = 2 * HEADERS_MAX,
    BODY_MAX = 4 * 1024,       /* nothing here wants one */
    LATECOMER_US = 500 * 1000, /* for a first request, when stopping */
};

struct front {
    struct server *server;
    struct member member;
    struct evhttp *http;
    struct evhttp_bound_socket *listeners[SERVER_LISTENERS_MAX];
    struct event *doors[SERVER_LISTENERS_MAX]; /* of one of several processes */
    int listener_count;
    struct event *again_event;
    struct arrival *arrivals;
    int null_fd; /* what libevent closes in the place of a client */
};

/* A connection that has come, and is no client yet. It has --request-timeout in
 * all to become one, or to have its answers: libevent's own timeout begins anew
 * with every byte. */
struct arrival {
    struct front *front;
    struct bufferevent *stream;
    bool is_known; /* on_gone() will be called */
    struct event timer_event;
    struct arrival *next;
    struct arrival *prev;
};

/* evhttp gives a listener itself as its context, and no other may be had. */
static struct front *the_front;

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
    arrival->front->server->arrival_count--;
    bufferevent_decref(arrival->stream);
    free(arrival);
}

/* libevent's connection, or NULL: it takes its callbacks off the stream when it
 * lets go of it, and the descriptor may be another's by then. */
static struct evhttp_connection *
connection_of(const struct arrival *arrival)
{
    bufferevent_event_cb event_cb = NULL;
    void *context = NULL;
    bufferevent_getcb(arrival->stream, NULL, NULL, &event_cb, &context);
    return event_cb ? context : NULL;
}

/* When the program stops, the front goes with the last of them. */
static void
arrival_end(struct arrival *arrival)
{
    struct front *front = arrival->front;
    arrival_free(arrival);
    if (front->server->stopping && !front->arrivals)
        server_settle(front->server, &front->member);
}

/* Its end is noticed by libevent, which then lets go of it. */
static void
on_time_over(evutil_socket_t fd, short what, void *context)
{
    struct arrival *arrival = context;
    (void)fd, (void)what;
    if (connection_of(arrival))
        shutdown(bufferevent_getfd(arrival->stream), SHUT_RDWR);
    else
        arrival_end(arrival);
}

/* libevent lets go of a connection, or it has become a client. */
static void
on_gone(struct evhttp_connection *connection, void *context)
{
    evhttp_connection_set_closecb(connection, NULL, NULL);
    arrival_end(context);
}

/* Asks to be told when the newest arrivals go. libevent makes its connection
 * after it has asked us for the stream, so this waits for the turn's end, which
 * comes before anything is read. */
static void
know_arrivals(struct front *front)
{
    for (struct arrival *arrival = front->arrivals, *next;
         arrival && !arrival->is_known; arrival = next) {
        struct evhttp_connection *connection = connection_of(arrival);
        next = arrival->next;
        arrival->is_known = true;
        if (connection)
            evhttp_connection_set_closecb(connection, on_gone, arrival);
        else
            arrival_free(arrival);
    }
}

/* libevent accepts all that are there, and asks nobody. So one of several
 * processes looks itself whether there is any, and lets libevent listen for one
 * at a time. (Where another process was quicker, libevent goes on listening: so
 * one connection may come unasked.) */
static void
look_again(struct front *front)
{
    for (int i = 0; i < front->listener_count; i++) {
        evconnlistener_disable(
            evhttp_bound_socket_get_listener(front->listeners[i]));
        event_add(front->doors[i], NULL);
    }
}

static void
on_connecting(evutil_socket_t fd, short what, void *context)
{
    struct front *front = the_front;
    struct evhttp_bound_socket *listener = context;
    struct timeval pause;
    (void)fd, (void)what;
    bool takes = server_takes(front->server, &pause);
    for (int i = 0; i < front->listener_count; i++)
        if (!takes || front->listeners[i] == listener)
            event_del(front->doors[i]);
    if (takes)
        evconnlistener_enable(evhttp_bound_socket_get_listener(listener));
    else
        event_add(front->again_event, &pause);
}

static struct bufferevent *
on_arrival(struct event_base *base, void *context)
{
    struct front *front = context;
    struct server *server = front->server;
    struct bufferevent *stream = bufferevent_socket_new(base, -1, 0);
    if (server->spread)
        look_again(front);
    if (!stream)
        return NULL;
    /* While an answer is not taken libevent goes on reading. */
    bufferevent_setwatermark(stream, EV_READ, 0, INPUT_MAX);
    struct arrival *arrival = xcalloc(1, sizeof *arrival);
    bufferevent_incref(stream);
    arrival->front = front;
    arrival->stream = stream;
    arrival->next = front->arrivals;
    if (arrival->next)
        arrival->next->prev = arrival;
    front->arrivals = arrival;
    server->arrival_count++;
    evtimer_assign(&arrival->timer_event, base, on_time_over, arrival);
    event_add(&arrival->timer_event,
              server_timeout(server, server->options->request_timeout_us));
    server_settle(server, &front->member);
    return stream;
}

static void
on_request(struct evhttp_request *request, void *context)
{
    struct front *front = context;
    know_arrivals(front);
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
    for (int i = 0; i < front->listener_count; i++) {
        if (front->doors[i])
            event_free(front->doors[i]);
        evhttp_del_accept_socket(front->http, front->listeners[i]);
    }
    front->listener_count = 0;
    event_del(front->again_event);
    /* Who has just connected was told that somebody listens. */
    for (struct arrival *arrival = front->arrivals; arrival;
         arrival = arrival->next)
        event_add(&arrival->timer_event,
                  server_timeout(front->server, LATECOMER_US));
    server_settle(front->server, member);
}

static void
on_settle(struct member *member)
{
    struct front *front = front_of(member);
    know_arrivals(front);
    if (front->server->stopping && !front->arrivals)
        server_leave(front->server, member);
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
    front->server->lacks_descriptors = false;
    if (front->server->spread) {
        look_again(front);
        return;
    }
    for (int i = 0; i < front->listener_count; i++)
        evconnlistener_enable(
            evhttp_bound_socket_get_listener(front->listeners[i]));
}

/* Without a pause the loop would run hot while descriptors are short. */
static void
on_accept_error(struct evconnlistener *listener, void *context)
{
    struct front *front = the_front;
    (void)context;
    struct timeval pause;
    server_cannot_accept(front->server, &pause);
    evconnlistener_disable(listener);
    event_add(front->again_event, &pause);
}

struct front *
front_new(struct server *server)
{
    struct evhttp *http = evhttp_new(server->base);
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (!http || null_fd < 0)
        return NULL;
    struct front *front = xcalloc(1, sizeof *front);
    the_front = front;
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
    evhttp_set_allowed_methods(
        http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_OPTIONS |
                  EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
                  EVHTTP_REQ_PATCH | EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT);
    server_join(server, &front->member, &verbs);
    return front;
}

bool
front_listen(struct front *front, int fd)
{
    struct server *server = front->server;
    unsigned off = server->spread ? LEV_OPT_DISABLED : 0;
    struct evconnlistener *listener = evconnlistener_new(
        server->base, NULL, NULL,
        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | off, 0, fd);
    struct evhttp_bound_socket *bound =
        listener ? evhttp_bind_listener(front->http, listener) : NULL;
    if (!bound)
        return false;
    evconnlistener_set_error_cb(listener, on_accept_error);
    if (server->spread) {
        front->doors[front->listener_count] = event_new(
            server->base, fd, EV_READ | EV_PERSIST, on_connecting, bound);
        event_add(front->doors[front->listener_count], NULL);
    }
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

#include "routes.h"

#include "base/bytes.h"
#include "base/log.h"
#include "client.h"
#include "counts.h"
#include "follow.h"
#include "handshake.h"
#include "hub/names.h"
#include "problem.h"
#include "routes_internal.h"
#include "submission.h"
#include "ws.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATH_MAX_BYTES = 16 * 1024 };

/* -- who asks ----------------------------------------------------------- */

/* The address of the peer, "" on a Unix socket. */
static void
read_peer(int fd, char peer[INET6_ADDRSTRLEN])
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    peer[0] = '\0';
    if (getpeername(fd, (struct sockaddr *)&address, &len) < 0)
        strcpy(peer, "0.0.0.0"); /* it is gone: nobody that we know */
    else if (address.ss_family == AF_INET)
        inet_ntop(AF_INET, &((struct sockaddr_in *)&address)->sin_addr, peer,
                  INET6_ADDRSTRLEN);
    else if (address.ss_family == AF_INET6)
        inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&address)->sin6_addr, peer,
                  INET6_ADDRSTRLEN);
}

static struct bufferevent *
stream_of(struct evhttp_request *request)
{
    return evhttp_connection_get_bufferevent(
        evhttp_request_get_connection(request));
}

static void
read_visitor(struct ask *ask)
{
    struct headers *headers = &ask->headers;
    const char *user_header = ask->exchange.server->options->user_header;
    read_peer(bufferevent_getfd(stream_of(ask->exchange.request)), ask->peer);
    const struct forwarded forwarded = {
        .is_believed = !ask->peer[0] || access_is_local(ask->peer),
        .peer = ask->peer,
        .host = headers_get(headers, "Host"),
        .origin = headers_get(headers, "Origin"),
        .fetch_site = headers_get(headers, "Sec-Fetch-Site"),
        .x_host = headers_get(headers, "X-Forwarded-Host"),
        .x_for = headers_get(headers, "X-Forwarded-For"),
        .user_header = user_header[0] ? headers_get(headers, user_header) : "",
        .is_forwarded_header = strcasecmp(user_header, "Forwarded") == 0,
    };
    forwarded_read(&forwarded, &ask->values, &ask->visitor);
    ask->exchange.origin = ask->visitor.origin;
}

/* False: the visitor may not, and has been answered. */
bool
routes_may(struct ask *ask, enum access access)
{
    struct refusal refusal;
    if (access_judge(&ask->visitor, access, ask->exchange.server->options,
                     &ask->exchange.is_foreign, &refusal))
        return true;
    reply_refusal(&ask->exchange, &refusal);
    return false;
}

/* -- a WebSocket -------------------------------------------------------- */

static void
append_handshake(struct bytes *bytes, const char *accept)
{
    bytes_printf(bytes,
                 "HTTP/1.1 101 Switching Protocols\r\n"
                 "Upgrade: websocket\r\n"
                 "Connection: Upgrade\r\n"
                 "Sec-WebSocket-Accept: %s\r\n\r\n",
                 accept);
}

static bool
judge_handshake(struct ask *ask, char accept[HANDSHAKE_ACCEPT_SIZE],
                struct refusal *refusal)
{
    struct headers *headers = &ask->headers;
    const struct evhttp_request *request = ask->exchange.request;
    const struct handshake handshake = {
        .is_get = !ask->exchange.is_head,
        .is_http_1_1 = request->major == 1 && request->minor >= 1,
        .host = headers_get(headers, "Host"),
        .upgrade = headers_get(headers, "Upgrade"),
        .connection = headers_get(headers, "Connection"),
        .version = headers_get(headers, "Sec-WebSocket-Version"),
        .key = headers_get(headers, "Sec-WebSocket-Key"),
    };
    return handshake_judge(&handshake, accept, refusal);
}

/* Takes the connection out of libevent's hands, with what has come behind the
 * request. libevent would shut it down with its own part of it, and has no way
 * to let go of a descriptor: it gets another one to close. -1, with errno: it
 * stays as it is. */
static int
take_connection(struct ask *ask, struct bytes *input)
{
    struct evhttp_request *request = ask->exchange.request;
    struct bufferevent *stream = stream_of(request);
    int theirs = bufferevent_getfd(stream);
    int ours = fcntl(theirs, F_DUPFD_CLOEXEC, 3);
    if (ours < 0)
        return -1;
    /* A frame must not wait for the acknowledgement of the one before; of a
     * Unix socket this is refused, and not needed. */
    const int on = 1;
    setsockopt(ours, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bufferevent_disable(stream, EV_READ | EV_WRITE);
    if (dup3(ask->null_fd, theirs, O_CLOEXEC) < 0) {
        close(ours);
        return -1;
    }
    struct evbuffer *unread = bufferevent_get_input(stream);
    size_t len = evbuffer_get_length(unread);
    if (len) {
        evbuffer_remove(unread, bytes_reserve(input, len), len);
        input->len = len;
    }
    evhttp_connection_free(evhttp_request_get_connection(request));
    return ours;
}

/* What the client may do is judged once, by its handshake. */
static void
note_rights(const struct ask *ask, struct client *client)
{
    struct refusal refusal;
    bool is_foreign;
    if (!access_judge(&ask->visitor, ACCESS_PUBLISH, client->server->options,
                      &is_foreign, &refusal))
        client->may_not_publish = xstrdup(refusal.sentence);
    if (ask->query.from)
        client->from = xstrdup(ask->query.from);
}

/* A stream ends with its connection: it needs no chunks (RFC 9112, 6.3). */
void
routes_append_stream_head(struct bytes *bytes, const struct exchange *exchange)
{
    bytes_append_string(bytes, "HTTP/1.1 200 OK\r\n"
                               "Content-Type: text/event-stream\r\n"
                               "Cache-Control: no-cache, no-transform\r\n"
                               "X-Accel-Buffering: no\r\n"
                               "X-Content-Type-Options: nosniff\r\n"
                               "Connection: close\r\n");
    if (exchange->is_foreign)
        bytes_printf(bytes, "Access-Control-Allow-Origin: %s\r\n",
                     exchange->origin);
    if (exchange->server->options->origin[0])
        bytes_append_string(bytes, "Vary: Origin\r\n");
    bytes_append_string(bytes, "\r\n");
}

/* Gives the connection to CLIENT, with GREETING to be sent first. False: it has
 * not got it, and is freed. */
bool
routes_give_connection(struct ask *ask, struct client *client,
                       struct bytes *greeting, struct refusal *refusal)
{
    struct bytes input = BYTES_EMPTY;
    int fd = take_connection(ask, &input);
    if (fd >= 0) {
        client_open(client, fd, greeting, input.data, input.len);
        bytes_fini(&input);
        return true;
    }
    problem_refuse(refusal, PROBLEM_BUSY,
                   "there is no descriptor left: raise the limit of open "
                   "files (ulimit -n)");
    bytes_fini(greeting);
    client_free(client);
    return false;
}

/* Makes the connection a client that follows. ACCEPT is NULL for a stream. */
static bool
make_client(struct ask *ask, const struct follow *follow, const char *accept,
            struct refusal *refusal)
{
    struct server *server = ask->exchange.server;
    struct client *client = client_new(server);
    struct bytes greeting = BYTES_EMPTY;
    counts_answer(server, accept ? 101 : 200);
    client->dialect = accept ? DIALECT_FRAMES : DIALECT_EVENTS;
    if (accept)
        append_handshake(&greeting, accept);
    else
        routes_append_stream_head(&greeting, &ask->exchange);
    enum queue_status status = ws_join(client, follow, &greeting);
    if (status == QUEUE_OK) {
        const struct options *options = server->options;
        note_rights(ask, client);
        client->frames.message_max =
            submission_max((size_t)options->message_max, client->is_raw);
        bool given = routes_give_connection(ask, client, &greeting, refusal);
        if (given && server->stopping) /* to come back, to the next program */
            client_leave(client, CLOSE_GOING_AWAY);
        return given;
    }
    follow_trouble(server->queue, status, refusal);
    bytes_fini(&greeting);
    client_free(client);
    return false;
}

bool
routes_may_come(struct server *server, struct refusal *refusal)
{
    if (server_is_full(server))
        return problem_refuse(refusal, PROBLEM_BUSY,
                              "this process holds as many subscribers as it "
                              "may (--subscribers-max)");
    return true;
}

static bool
check_from(const char *from, struct refusal *refusal)
{
    return !from || name_is_from(from, strlen(from)) ||
           problem_refuse(refusal, PROBLEM_BAD_FROM,
                          "?from= wants 1 to 64 letters, digits, _ and -");
}

static bool
follow(struct ask *ask, const char *names, const char *accept,
       struct refusal *refusal)
{
    struct server *server = ask->exchange.server;
    struct follow follow;
    const struct asked asked = {
        .transport = accept ? TRANSPORT_WS : TRANSPORT_SSE,
        .names = names,
        .query = &ask->query,
        .last_event_id = headers_get(&ask->headers, "Last-Event-ID"),
    };
    if ((accept && !check_from(ask->query.from, refusal)) ||
        !follow_read(&follow, &asked, server->options, refusal))
        return false;
    bool came = routes_may_come(server, refusal) &&
                make_client(ask, &follow, accept, refusal);
    if (came)
        log_info(accept ? "ws" : "sse",
                 "came channel=%s channels=%zu subscribers=%zu",
                 follow.channels[0], follow.channel_count,
                 server_subscribers(server));
    follow_fini(&follow);
    return came;
}

static void
serve_ws(struct ask *ask, const char *names)
{
    char accept[HANDSHAKE_ACCEPT_SIZE];
    struct refusal refusal;
    if (!routes_may(ask, ACCESS_READ))
        return;
    if (!judge_handshake(ask, accept, &refusal) ||
        !follow(ask, names, accept, &refusal))
        reply_refusal(&ask->exchange, &refusal);
}

/* Whether what is asked makes sense, and nothing more. */
static bool
may_follow(struct ask *ask, const char *names, struct refusal *refusal)
{
    struct follow follow;
    const struct asked asked = {
        .transport = TRANSPORT_SSE,
        .names = names,
        .query = &ask->query,
        .last_event_id = headers_get(&ask->headers, "Last-Event-ID"),
    };
    if (!follow_read(&follow, &asked, ask->exchange.server->options, refusal))
        return false;
    follow_fini(&follow);
    return true;
}

/* An event stream by plain HTTP, as earshot.fcgi has it. Whatever is refused
 * for the moment is refused by a stream that says when to come back: anything
 * but 200, and an EventSource gives up for good. */
static void
serve_sse(struct ask *ask, const char *names)
{
    struct refusal refusal = {.sentence = ""};
    if (!routes_may(ask, ACCESS_READ))
        return;
    if (ask->exchange.is_head && may_follow(ask, names, &refusal))
        reply_stream(&ask->exchange, "");
    else if (!ask->exchange.is_head && follow(ask, names, NULL, &refusal))
        return;
    else if (problem_status(refusal.problem) >= 500)
        reply_stream(&ask->exchange, refusal.sentence);
    else
        reply_refusal(&ask->exchange, &refusal);
}

/* -- routes ------------------------------------------------------------- */

void
routes_refuse_path(struct ask *ask)
{
    struct refusal refusal;
    problem_refuse(&refusal, PROBLEM_NOT_FOUND,
                   "there is nothing at this address; earshot-ws has "
                   "/{channel}/ws, /{channel}/sse and /-/health, wherever it "
                   "is mounted");
    reply_refusal(&ask->exchange, &refusal);
}

void
routes_serve_method(struct ask *ask, const char *name,
                    void (*serve)(struct ask *ask, const char *name))
{
    switch (evhttp_request_get_command(ask->exchange.request)) {
    case EVHTTP_REQ_GET:
    case EVHTTP_REQ_HEAD:
        serve(ask, name);
        return;
    case EVHTTP_REQ_OPTIONS:
        if (routes_may(ask, ACCESS_HEALTH))
            reply_options(&ask->exchange);
        return;
    default:
        reply_method(&ask->exchange);
        return;
    }
}

/* By the last two segments: whatever precedes is where a web server has mounted
 * it. */
static void
route(struct ask *ask, char *path)
{
    char *last = strrchr(path, '/');
    if (!last || last == path) {
        routes_refuse_path(ask);
        return;
    }
    *last++ = '\0';
    char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    if (strcmp(name, "-") == 0)
        routes_own(ask, last);
    else if (strcmp(last, "ws") == 0)
        routes_serve_method(ask, name, serve_ws);
    else if (strcmp(last, "sse") == 0)
        routes_serve_method(ask, name, serve_sse);
    else
        routes_refuse_path(ask);
}

/* libevent reads no body of HEAD: it would take it for the next request, with
 * headers that a web server in between has not seen. */
static bool
has_hidden_body(struct ask *ask)
{
    return ask->exchange.is_head &&
           (headers_get(&ask->headers, "Content-Length")[0] ||
            headers_get(&ask->headers, "Transfer-Encoding")[0]);
}

static void
serve(struct ask *ask)
{
    const struct evhttp_uri *uri =
        evhttp_request_get_evhttp_uri(ask->exchange.request);
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
    const char *query = uri ? evhttp_uri_get_query(uri) : NULL;
    char decoded[PATH_MAX_BYTES + 1];
    size_t len = path ? strlen(path) : 0;
    struct refusal refusal;
    read_visitor(ask);
    if (has_hidden_body(ask)) {
        problem_refuse(&refusal, PROBLEM_BAD_REQUEST,
                       "HEAD with a body makes no sense");
        ask->exchange.is_last = true;
        reply_refusal(&ask->exchange, &refusal);
        return;
    }
    bool is_decoded = len <= PATH_MAX_BYTES &&
                      percent_decode(decoded, path ? path : "", len, false);
    if (query_read(&ask->query, query ? query : "") && is_decoded) {
        route(ask, decoded);
    } else {
        problem_refuse(&refusal, PROBLEM_BAD_ENCODING,
                       "the address has a %% that is not followed by two "
                       "hexadecimal digits, or an encoded NUL");
        reply_refusal(&ask->exchange, &refusal);
    }
    query_fini(&ask->query);
}

void
routes_serve(struct evhttp_request *request, struct server *server, int null_fd)
{
    struct ask ask = {
        .exchange = {.request = request,
                     .server = server,
                     .origin = "",
                     .is_head = evhttp_request_get_command(request) ==
                                EVHTTP_REQ_HEAD},
        .null_fd = null_fd,
        .headers = {.all = evhttp_request_get_input_headers(request)},
    };
    server->figures.requests++;
    serve(&ask);
    headers_fini(&ask.headers);
}

#include "reply.h"

#include "base/bytes.h"
#include "counts.h"
#include "handshake.h"
#include "problem.h"
#include "server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <stdio.h>
#include <sys/socket.h>

static const char methods[] = "GET, HEAD, OPTIONS";
static const char json_type[] = "application/json";

static void
add_header(const struct exchange *exchange, const char *name, const char *value)
{
    evhttp_add_header(evhttp_request_get_output_headers(exchange->request),
                      name, value);
}

/* By hand: libevent leaves it out of the answer to HEAD. */
static void
add_length(const struct exchange *exchange, size_t len)
{
    char text[24];
    snprintf(text, sizeof text, "%zu", len);
    add_header(exchange, "Content-Length", text);
}

/* The answer has left, and the client wanted no other. */
static void
on_sent(struct evhttp_request *request, void *context)
{
    (void)context;
    shutdown(bufferevent_getfd(evhttp_connection_get_bufferevent(
                 evhttp_request_get_connection(request))),
             SHUT_WR);
}

/* Upgrade wants its name in Connection (RFC 9110, section 7.8). libevent would
 * put its own `close' in the place of that, and close by nothing else. */
static void
add_upgrade(const struct exchange *exchange)
{
    struct evkeyvalq *asked =
        evhttp_request_get_input_headers(exchange->request);
    const char *connection = evhttp_find_header(asked, "Connection");
    bool closes = connection && handshake_has_token(connection, "close");
    evhttp_remove_header(asked, "Connection");
    add_header(exchange, "Upgrade", "websocket");
    add_header(exchange, "Connection", closes ? "close, Upgrade" : "Upgrade");
    add_header(exchange, "Sec-WebSocket-Version", "13");
    if (closes)
        evhttp_request_set_on_complete_cb(exchange->request, on_sent, NULL);
}

/* Sends the answer with BODY (NULL: none), which is left empty. */
static void
send_reply(const struct exchange *exchange, int status, const char *type,
           struct bytes *body)
{
    struct evbuffer *buffer = evbuffer_new();
    counts_answer(exchange->server, status);
    add_header(exchange, "X-Content-Type-Options", "nosniff");
    add_header(exchange, "Cache-Control", "no-store");
    if (exchange->is_last)
        add_header(exchange, "Connection", "close");
    if (exchange->is_foreign)
        add_header(exchange, "Access-Control-Allow-Origin", exchange->origin);
    if (exchange->server->options->origin[0])
        add_header(exchange, "Vary", "Origin");
    if (body) {
        add_header(exchange, "Content-Type", type);
        add_length(exchange, body->len);
        if (buffer && !exchange->is_head)
            evbuffer_add(buffer, body->data, body->len);
        bytes_fini(body);
    }
    evhttp_send_reply(exchange->request, status, problem_reason(status),
                      buffer);
    if (buffer)
        evbuffer_free(buffer);
}

void
reply_body(const struct exchange *exchange, const char *content_type,
           struct bytes *body)
{
    send_reply(exchange, 200, content_type, body);
}

void
reply_json(const struct exchange *exchange, int status, struct bytes *json)
{
    send_reply(exchange, status, json_type, json);
}

void
reply_refusal(const struct exchange *exchange, const struct refusal *refusal)
{
    int status = problem_status(refusal->problem);
    struct bytes json = BYTES_EMPTY;
    exchange->server->figures.refused++;
    if (status == 503 || status == 507)
        add_header(exchange, "Retry-After", "1");
    if (status == 426)
        add_upgrade(exchange);
    bytes_append_char(&json, '{');
    problem_append(&json, refusal);
    bytes_append_string(&json, "}\n");
    send_reply(exchange, status, json_type, &json);
}

void
reply_stream(const struct exchange *exchange, const char *why)
{
    struct bytes body = BYTES_EMPTY;
    exchange->server->figures.refused += why[0] != '\0';
    bytes_printf(&body, ": %s\nretry: %lld\n\n", why,
                 (long long)server_retry_ms(exchange->server));
    send_reply(exchange, 200, "text/event-stream", &body);
}

void
reply_method(const struct exchange *exchange)
{
    struct refusal refusal;
    add_header(exchange, "Allow", methods);
    problem_refuse(&refusal, PROBLEM_METHOD, "this address takes %s only",
                   methods);
    reply_refusal(exchange, &refusal);
}

void
reply_options(const struct exchange *exchange)
{
    add_header(exchange, "Allow", methods);
    if (exchange->is_foreign) {
        add_header(exchange, "Access-Control-Allow-Methods", methods);
        add_header(exchange, "Access-Control-Max-Age", "600");
    }
    send_reply(exchange, 204, NULL, NULL);
}

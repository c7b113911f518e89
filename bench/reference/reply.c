#include "reply.h"

#include "base/bytes.h"
#include "problem.h"
#include "server.h"

#include <event2/buffer.h>
#include <event2/http.h>

static const char methods[] = "GET, HEAD, OPTIONS";

static void
add_header(const struct asking *asking, const char *name, const char *value)
{
    evhttp_add_header(evhttp_request_get_output_headers(asking->request), name,
                      value);
}

/* Sends the answer with BODY (NULL: none), which is left empty. */
static void
send_reply(const struct asking *asking, int status, struct bytes *body)
{
    struct evbuffer *buffer = evbuffer_new();
    add_header(asking, "X-Content-Type-Options", "nosniff");
    add_header(asking, "Cache-Control", "no-store");
    if (asking->is_foreign)
        add_header(asking, "Access-Control-Allow-Origin", asking->origin);
    if (asking->server->options->origin[0])
        add_header(asking, "Vary", "Origin");
    if (body) {
        add_header(asking, "Content-Type", "application/json");
        if (buffer)
            evbuffer_add(buffer, body->data, body->len);
        bytes_fini(body);
    }
    evhttp_send_reply(asking->request, status, problem_reason(status), buffer);
    if (buffer)
        evbuffer_free(buffer);
}

void
reply_json(const struct asking *asking, int status, struct bytes *json)
{
    send_reply(asking, status, json);
}

void
reply_refusal(const struct asking *asking, const struct refusal *refusal)
{
    int status = problem_status(refusal->problem);
    struct bytes json = BYTES_EMPTY;
    asking->server->figures.refused++;
    if (status == 503 || status == 507)
        add_header(asking, "Retry-After", "1");
    if (status == 426) {
        add_header(asking, "Upgrade", "websocket");
        add_header(asking, "Connection", "Upgrade");
        add_header(asking, "Sec-WebSocket-Version", "13");
    }
    bytes_append_char(&json, '{');
    problem_append(&json, refusal);
    bytes_append_string(&json, "}\n");
    send_reply(asking, status, &json);
}

void
reply_method(const struct asking *asking)
{
    struct refusal refusal;
    add_header(asking, "Allow", methods);
    problem_refuse(&refusal, PROBLEM_METHOD, "this address takes %s only",
                   methods);
    reply_refusal(asking, &refusal);
}

void
reply_options(const struct asking *asking)
{
    add_header(asking, "Allow", methods);
    if (asking->is_foreign) {
        add_header(asking, "Access-Control-Allow-Methods", methods);
        add_header(asking, "Access-Control-Max-Age", "600");
    }
    send_reply(asking, 204, NULL);
}

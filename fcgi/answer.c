#include "answer.h"

#include "connection.h"
#include "counts.h"
#include "follow.h"
#include "problem.h"
#include "server.h"

#include <stdarg.h>
#include <stdio.h>

void
answer_head(struct bytes *bytes, const struct connection *connection,
            int status, const char *content_type)
{
    counts_answer(connection->server, status);
    bytes_reserve(bytes, 512);
    bytes_append_string(bytes, "Status: ");
    bytes_append_number(bytes, status);
    bytes_append_char(bytes, ' ');
    bytes_append_string(bytes, problem_reason(status));
    if (content_type) {
        bytes_append_string(bytes, "\r\nContent-Type: ");
        bytes_append_string(bytes, content_type);
    }
    bytes_append_string(bytes, "\r\n");
    bytes_append_string(bytes, "X-Content-Type-Options: nosniff\r\n");
    if (connection->allow_origin)
        bytes_printf(bytes,
                     "Access-Control-Allow-Origin: %s\r\n"
                     "Access-Control-Expose-Headers: Retry-After\r\n",
                     connection->allow_origin);
    if (connection->server->options->origin[0])
        bytes_append_string(bytes, "Vary: Origin\r\n");
}

static void
give(struct connection *connection, struct shared *answer)
{
    connection_add(connection, answer);
    connection_finish(connection);
}

/* Ends HEAD, adds BODY and sends both, which are left empty. What was sent is
 * the caller's to release. */
static struct shared *
finish(struct connection *connection, struct bytes *head, struct bytes *body)
{
    bytes_append_string(head, "Cache-Control: no-store\r\nContent-Length: ");
    bytes_append_number(head, (int64_t)body->len);
    bytes_append_string(head, "\r\n\r\n");
    if (!connection->is_head)
        bytes_append(head, body->data, body->len);
    bytes_fini(body);
    struct shared *answer = shared_take(head);
    give(connection, answer);
    return answer;
}

void
answer_send(struct connection *connection, struct bytes *head,
            struct bytes *body)
{
    shared_release(finish(connection, head, body));
}

bool
answer_is_common(const struct connection *connection)
{
    return !connection->is_head && !connection->allow_origin;
}

struct shared *
answer_first(struct connection *connection, struct bytes *body)
{
    struct bytes head = BYTES_EMPTY;
    answer_head(&head, connection, 200, "application/json");
    return finish(connection, &head, body);
}

void
answer_again(struct connection *connection, struct shared *answer)
{
    counts_answer(connection->server, 200);
    give(connection, answer);
}

void
answer_body(struct connection *connection, const char *content_type,
            struct bytes *body)
{
    struct bytes head = BYTES_EMPTY;
    answer_head(&head, connection, 200, content_type);
    answer_send(connection, &head, body);
}

void
answer_json(struct connection *connection, int status, struct bytes *body)
{
    struct bytes head = BYTES_EMPTY;
    answer_head(&head, connection, status, "application/json");
    answer_send(connection, &head, body);
}

static void
send_refusal(struct connection *connection, const struct refusal *refusal,
             const char *more_headers)
{
    struct bytes head = BYTES_EMPTY, body = BYTES_EMPTY;
    int status = problem_status(refusal->problem);
    connection->server->figures.refused++;
    answer_head(&head, connection, status, "application/json");
    if (status == 503 || status == 507)
        bytes_append_string(&head, "Retry-After: 1\r\n");
    bytes_append_string(&head, more_headers);
    bytes_append_char(&body, '{');
    problem_append(&body, refusal);
    bytes_append_string(&body, "}\n");
    answer_send(connection, &head, &body);
}

void
answer_refusal(struct connection *connection, const struct refusal *refusal)
{
    send_refusal(connection, refusal, "");
}

void
answer_problem(struct connection *connection, enum problem problem,
               const char *format, ...)
{
    struct refusal refusal;
    va_list args;
    va_start(args, format);
    problem_refuse_v(&refusal, problem, format, args);
    va_end(args);
    send_refusal(connection, &refusal, "");
}

void
answer_trouble(struct connection *connection, enum queue_status status)
{
    struct refusal refusal;
    follow_trouble(connection->server->queue, status, &refusal);
    answer_refusal(connection, &refusal);
}

bool
answer_or_follow(struct connection *connection, struct follow *follow,
                 const struct asked *asked)
{
    struct refusal refusal;
    if (follow_read(follow, asked, connection->server->options, &refusal))
        return true;
    answer_refusal(connection, &refusal);
    return false;
}

void
answer_method(struct connection *connection, const char *allowed)
{
    char header[64];
    struct refusal refusal;
    snprintf(header, sizeof header, "Allow: %s\r\n", allowed);
    problem_refuse(&refusal, PROBLEM_METHOD, "this address takes %s only",
                   allowed);
    send_refusal(connection, &refusal, header);
}

void
answer_options(struct connection *connection, const char *allowed)
{
    struct bytes head = BYTES_EMPTY;
    answer_head(&head, connection, 204, NULL);
    bytes_printf(&head, "Allow: %s\r\n", allowed);
    if (connection->allow_origin)
        bytes_printf(&head,
                     "Access-Control-Allow-Methods: %s\r\n"
                     "Access-Control-Allow-Headers: Content-Type, "
                     "Idempotency-Key, Last-Event-ID\r\n"
                     "Access-Control-Max-Age: 600\r\n",
                     allowed);
    bytes_append_string(&head, "\r\n");
    struct shared *piece = shared_take(&head);
    connection_add(connection, piece);
    shared_release(piece);
    connection_finish(connection);
}

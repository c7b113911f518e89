#include "answer.h"

#include "base/json.h"
#include "base/utf8.h"
#include "connection.h"
#include "server.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    int status;
    const char *code;
} problems[] = {
    [PROBLEM_BAD_CHANNEL] = {400, "bad_channel"},
    [PROBLEM_BAD_EVENT] = {400, "bad_event"},
    [PROBLEM_BAD_FROM] = {400, "bad_from"},
    [PROBLEM_BAD_KEY] = {400, "bad_key"},
    [PROBLEM_BAD_WAIT] = {400, "bad_wait"},
    [PROBLEM_BAD_AFTER] = {400, "bad_after"},
    [PROBLEM_BAD_LAST] = {400, "bad_last"},
    [PROBLEM_BAD_FORMAT] = {400, "bad_format"},
    [PROBLEM_BAD_ENCODING] = {400, "bad_encoding"},
    [PROBLEM_BAD_REQUEST] = {400, "bad_request"},
    [PROBLEM_BAD_LINE] = {400, "bad_line"},
    [PROBLEM_LENGTH] = {400, "length"},
    [PROBLEM_NOT_UTF8] = {400, "not_utf8"},
    [PROBLEM_FORBIDDEN] = {403, "forbidden"},
    [PROBLEM_ORIGIN] = {403, "origin"},
    [PROBLEM_NOT_FOUND] = {404, "not_found"},
    [PROBLEM_METHOD] = {405, "method"},
    [PROBLEM_TOO_LARGE] = {413, "too_large"},
    [PROBLEM_KEY_REUSED] = {422, "key_reused"},
    [PROBLEM_HEADERS_TOO_LARGE] = {431, "headers_too_large"},
    [PROBLEM_INTERNAL] = {500, "internal"},
    [PROBLEM_BUSY] = {503, "busy"},
    [PROBLEM_QUEUE] = {503, "queue"},
    [PROBLEM_FULL] = {507, "full"},
};

static const char *
reason_of(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 204:
        return "No Content";
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 413:
        return "Content Too Large";
    case 422:
        return "Unprocessable Content";
    case 431:
        return "Request Header Fields Too Large";
    case 503:
        return "Service Unavailable";
    case 507:
        return "Insufficient Storage";
    default:
        return "Internal Server Error";
    }
}

void
answer_head(struct bytes *bytes, const struct connection *connection,
            int status, const char *content_type)
{
    bytes_reserve(bytes, 512);
    bytes_append_string(bytes, "Status: ");
    bytes_append_number(bytes, status);
    bytes_append_char(bytes, ' ');
    bytes_append_string(bytes, reason_of(status));
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

void
answer_send(struct connection *connection, struct bytes *head,
            struct bytes *body)
{
    bytes_append_string(head, "Cache-Control: no-store\r\nContent-Length: ");
    bytes_append_number(head, (int64_t)body->len);
    bytes_append_string(head, "\r\n\r\n");
    if (!connection->is_head)
        bytes_append(head, body->data, body->len);
    bytes_fini(body);
    struct shared *piece = shared_take(head);
    connection_add(connection, piece);
    shared_release(piece);
    connection_finish(connection);
}

void
answer_json(struct connection *connection, int status, struct bytes *body)
{
    struct bytes head = BYTES_EMPTY;
    answer_head(&head, connection, status, "application/json");
    answer_send(connection, &head, body);
}

/* The sentence may quote what a peer sent; JSON holds nothing but UTF-8. */
static void
append_sentence(struct bytes *body, char *sentence, size_t len)
{
    if (!utf8_valid(sentence, len))
        for (size_t i = 0; i < len; i++)
            if ((unsigned char)sentence[i] >= 0x80)
                sentence[i] = '?';
    json_append_string(body, sentence, len);
}

static void
send_problem(struct connection *connection, enum problem problem,
             const char *more_headers, char *sentence, size_t len)
{
    struct bytes head = BYTES_EMPTY, body = BYTES_EMPTY;
    int status = problems[problem].status;
    connection->server->figures.refused++;
    answer_head(&head, connection, status, "application/json");
    if (status == 503 || status == 507)
        bytes_append_string(&head, "Retry-After: 1\r\n");
    bytes_append_string(&head, more_headers);
    bytes_append_string(&body, "{\"error\":");
    append_sentence(&body, sentence, len);
    bytes_printf(&body, ",\"code\":\"%s\"}\n", problems[problem].code);
    answer_send(connection, &head, &body);
}

void
answer_problem(struct connection *connection, enum problem problem,
               const char *format, ...)
{
    char sentence[1024];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    if (len < 0)
        len = 0;
    if ((size_t)len >= sizeof sentence)
        len = sizeof sentence - 1;
    send_problem(connection, problem, "", sentence, (size_t)len);
}

void
answer_method(struct connection *connection, const char *allowed)
{
    char header[64], sentence[128];
    snprintf(header, sizeof header, "Allow: %s\r\n", allowed);
    int len = snprintf(sentence, sizeof sentence, "this address takes %s only",
                       allowed);
    send_problem(connection, PROBLEM_METHOD, header, sentence, (size_t)len);
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

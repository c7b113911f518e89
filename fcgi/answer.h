/* Answers that are given at once: a status, headers, a body. */
#ifndef EARSHOT_ANSWER_H
#define EARSHOT_ANSWER_H

#include "base/bytes.h"

struct connection;

/* What can be wrong with a request: its status and its `code` (one table, in
 * answer.c; the README lists them). */
enum problem {
    PROBLEM_BAD_CHANNEL,
    PROBLEM_BAD_EVENT,
    PROBLEM_BAD_FROM,
    PROBLEM_BAD_KEY,
    PROBLEM_BAD_WAIT,
    PROBLEM_BAD_AFTER,
    PROBLEM_BAD_LAST,
    PROBLEM_BAD_FORMAT,
    PROBLEM_BAD_ENCODING,
    PROBLEM_BAD_REQUEST,
    PROBLEM_BAD_LINE,
    PROBLEM_LENGTH,
    PROBLEM_NOT_UTF8,
    PROBLEM_FORBIDDEN,
    PROBLEM_ORIGIN,
    PROBLEM_NOT_FOUND,
    PROBLEM_METHOD,
    PROBLEM_TOO_LARGE,
    PROBLEM_KEY_REUSED,
    PROBLEM_HEADERS_TOO_LARGE,
    PROBLEM_INTERNAL,
    PROBLEM_BUSY,
    PROBLEM_QUEUE,
    PROBLEM_FULL,
};

/* Begins the header block of an answer: always an explicit Status (Apache
 * would judge If-None-Match by itself), CORS where a foreign origin was let in.
 * The caller adds what else there is to say. */
void answer_head(struct bytes *bytes, const struct connection *connection,
                 int status, const char *content_type);

/* Ends the header block in BYTES and adds BODY with its length (no body, but
 * the length, for HEAD), and sends it: the request is over. Both runs of bytes
 * are left empty. */
void answer_send(struct connection *connection, struct bytes *head,
                 struct bytes *body);

/* Answers STATUS with the JSON in BODY, which is left empty. */
void answer_json(struct connection *connection, int status, struct bytes *body);

/* Answers with {"error": the sentence, "code": the problem's}. */
__attribute__((format(printf, 3, 4))) void
answer_problem(struct connection *connection, enum problem problem,
               const char *format, ...);

/* 405 with the methods that would do ("GET, HEAD, OPTIONS"). */
void answer_method(struct connection *connection, const char *allowed);

/* 204 to OPTIONS, with what a preflight asks for. */
void answer_options(struct connection *connection, const char *allowed);

#endif

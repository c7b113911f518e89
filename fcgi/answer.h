/* Answers that are given at once: a status, headers, a body. */
#ifndef EARSHOT_ANSWER_H
#define EARSHOT_ANSWER_H

#include "base/bytes.h"
#include "problem.h"
#include "queue/queue.h"

struct asked;
struct connection;
struct follow;
struct shared;

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

/* Answers 200 with BODY, which is left empty. */
void answer_body(struct connection *connection, const char *content_type,
                 struct bytes *body);

/* Answers STATUS with the JSON in BODY, which is left empty. */
void answer_json(struct connection *connection, int status, struct bytes *body);

/* One answer for many: answer_first() answers 200 with the JSON in BODY, which
 * is left empty, and returns the answer, held once, for answer_again() to give
 * it to others. Both must be common: no HEAD, nobody let in from elsewhere. */
bool answer_is_common(const struct connection *connection);
__attribute__((warn_unused_result)) struct shared *
answer_first(struct connection *connection, struct bytes *body);
void answer_again(struct connection *connection, struct shared *answer);

/* Answers with {"error": the sentence, "code": the problem's}. */
void answer_refusal(struct connection *connection,
                    const struct refusal *refusal);
__attribute__((format(printf, 3, 4))) void
answer_problem(struct connection *connection, enum problem problem,
               const char *format, ...);

/* Answers what the queue said instead of QUEUE_OK, for reads. */
void answer_trouble(struct connection *connection, enum queue_status status);

/* Reads what is ASKED to follow. False: it was wrong and has been answered. */
__attribute__((warn_unused_result)) bool
answer_or_follow(struct connection *connection, struct follow *follow,
                 const struct asked *asked);

/* 405 with the methods that would do ("GET, HEAD, OPTIONS"). */
void answer_method(struct connection *connection, const char *allowed);

/* 204 to OPTIONS, with what a preflight asks for. */
void answer_options(struct connection *connection, const char *allowed);

#endif

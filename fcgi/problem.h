/* What can be wrong with what a client asks for: a status, a word for programs
 * (`code`) and a sentence for people. Whoever judges fills a refusal; how it is
 * told is the business of who serves the client. */
#ifndef EARSHOT_PROBLEM_H
#define EARSHOT_PROBLEM_H

#include <stdarg.h>
#include <stdbool.h>

struct bytes;

/* Their statuses and codes are one table, in problem.c; earshot(5) lists
 * them. */
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
    PROBLEM_HANDSHAKE,
    PROBLEM_LENGTH,
    PROBLEM_NOT_UTF8,
    PROBLEM_FORBIDDEN,
    PROBLEM_ORIGIN,
    PROBLEM_NOT_FOUND,
    PROBLEM_METHOD,
    PROBLEM_TOO_LARGE,
    PROBLEM_KEY_REUSED,
    PROBLEM_UPGRADE,
    PROBLEM_HEADERS_TOO_LARGE,
    PROBLEM_INTERNAL,
    PROBLEM_BUSY,
    PROBLEM_QUEUE,
    PROBLEM_FULL,
};

int problem_status(enum problem problem);
const char *problem_code(enum problem problem);

/* The reason phrase of an HTTP status (RFC 9110, section 15). */
const char *problem_reason(int status);

struct refusal {
    enum problem problem;
    char sentence[1024];
};

/* Fills REFUSAL; a sentence that is too long is cut, and what is not UTF-8 of
 * what it quotes becomes `?`. False, so that a judge
 * can return what it returns. */
__attribute__((format(printf, 3, 4))) bool
problem_refuse(struct refusal *refusal, enum problem problem,
               const char *format, ...);

__attribute__((format(printf, 3, 0))) bool
problem_refuse_v(struct refusal *refusal, enum problem problem,
                 const char *format, va_list args);

/* Appends the members `"error":"…","code":"…"`. */
void problem_append(struct bytes *json, const struct refusal *refusal);

#endif

#include "problem.h"

#include "base/json.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int status;
    const char *code;
} table[] = {
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
    [PROBLEM_HANDSHAKE] = {400, "handshake"},
    [PROBLEM_LENGTH] = {400, "length"},
    [PROBLEM_NOT_UTF8] = {400, "not_utf8"},
    [PROBLEM_FORBIDDEN] = {403, "forbidden"},
    [PROBLEM_ORIGIN] = {403, "origin"},
    [PROBLEM_NOT_FOUND] = {404, "not_found"},
    [PROBLEM_METHOD] = {405, "method"},
    [PROBLEM_TOO_LARGE] = {413, "too_large"},
    [PROBLEM_KEY_REUSED] = {422, "key_reused"},
    [PROBLEM_UPGRADE] = {426, "upgrade"},
    [PROBLEM_HEADERS_TOO_LARGE] = {431, "headers_too_large"},
    [PROBLEM_INTERNAL] = {500, "internal"},
    [PROBLEM_BUSY] = {503, "busy"},
    [PROBLEM_QUEUE] = {503, "queue"},
    [PROBLEM_FULL] = {507, "full"},
};

int
problem_status(enum problem problem)
{
    return table[problem].status;
}

const char *
problem_code(enum problem problem)
{
    return table[problem].code;
}

const char *
problem_reason(int status)
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
    case 426:
        return "Upgrade Required";
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

/* The sentence may quote what a peer sent, or be cut within a character: what
 * is not UTF-8 must go neither into JSON nor into a close frame. */
static void
clean(char *sentence)
{
    if (!utf8_valid(sentence, strlen(sentence)))
        for (; *sentence; sentence++)
            if ((unsigned char)*sentence >= 0x80)
                *sentence = '?';
}

bool
problem_refuse_v(struct refusal *refusal, enum problem problem,
                 const char *format, va_list args)
{
    refusal->problem = problem;
    refusal->sentence[0] = '\0';
    vsnprintf(refusal->sentence, sizeof refusal->sentence, format, args);
    clean(refusal->sentence);
    return false;
}

bool
problem_refuse(struct refusal *refusal, enum problem problem,
               const char *format, ...)
{
    va_list args;
    va_start(args, format);
    problem_refuse_v(refusal, problem, format, args);
    va_end(args);
    return false;
}

void
problem_append(struct bytes *json, const struct refusal *refusal)
{
    bytes_append_string(json, "\"error\":");
    json_append_string(json, refusal->sentence, strlen(refusal->sentence));
    bytes_append_string(json, ",\"code\":\"");
    bytes_append_string(json, problem_code(refusal->problem));
    bytes_append_char(json, '"');
}

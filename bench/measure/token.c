#include "measure/token.h"

#include <string.h>

enum { MAGIC_SIZE = 4 };

/* h stands for a digit, and stands in none of the other places. */
static const char pattern[] =
    "eb1-hhhhhhhh-hhhhhhhh-hhhhhhhhhhhhhh-hhhhhhhhhhhhhh.";
_Static_assert(sizeof pattern - 1 == TOKEN_SIZE, "the pattern is a token");

enum { RUN_AT = 4, SEQUENCE_AT = 13, DUE_AT = 22, SENT_AT = 37 };
enum { SHORT_DIGITS = 8, LONG_DIGITS = 14 };

static const uint64_t time_max = (UINT64_C(1) << 4 * LONG_DIGITS) - 1;

static void
write_hex(char *out, uint64_t number, int digits)
{
    for (int i = digits - 1; i >= 0; i--, number >>= 4)
        out[i] = "0123456789abcdef"[number & 15];
}

static uint64_t
time_that_fits(int64_t ns)
{
    if (ns < 0)
        return 0;
    return (uint64_t)ns < time_max ? (uint64_t)ns : time_max;
}

void
token_write(char *out, const struct token *token)
{
    memcpy(out, pattern, TOKEN_SIZE);
    write_hex(out + RUN_AT, token->run, SHORT_DIGITS);
    write_hex(out + SEQUENCE_AT, token->sequence, SHORT_DIGITS);
    write_hex(out + DUE_AT, time_that_fits(token->due_ns), LONG_DIGITS);
    write_hex(out + SENT_AT, time_that_fits(token->sent_ns), LONG_DIGITS);
}

static bool
is_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static uint64_t
read_hex(const char *data, int digits)
{
    uint64_t number = 0;
    for (int i = 0; i < digits; i++)
        number = number << 4 | (uint64_t)(data[i] <= '9' ? data[i] - '0'
                                                         : data[i] - 'a' + 10);
    return number;
}

static void
read_token(const char *data, struct token *token)
{
    token->run = (uint32_t)read_hex(data + RUN_AT, SHORT_DIGITS);
    token->sequence = (uint32_t)read_hex(data + SEQUENCE_AT, SHORT_DIGITS);
    token->due_ns = (int64_t)read_hex(data + DUE_AT, LONG_DIGITS);
    token->sent_ns = (int64_t)read_hex(data + SENT_AT, LONG_DIGITS);
}

/* Whether the LEN bytes at DATA, at most a token's, may be the first of one. */
static bool
may_begin(const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (pattern[i] == 'h' ? !is_digit(data[i]) : data[i] != pattern[i])
            return false;
    return true;
}

/* Takes bytes behind the carried ones until these are a token (true), or
 * cannot become one, or there are no more. Carried bytes may always begin a
 * token. */
static bool
complete_carried(struct token_finder *finder, const char **data, size_t *len)
{
    while (finder->carried && *len) {
        size_t wanted = TOKEN_SIZE - finder->carried;
        size_t taken = *len < wanted ? *len : wanted;
        memcpy(finder->carry + finder->carried, *data, taken);
        finder->carried += taken;
        *data += taken;
        *len -= taken;
        size_t start = 0;
        while (!may_begin(finder->carry + start, finder->carried - start))
            start++;
        finder->carried -= start;
        memmove(finder->carry, finder->carry + start, finder->carried);
        if (finder->carried == TOKEN_SIZE) {
            finder->carried = 0;
            return true;
        }
    }
    return false;
}

/* Carries on the end of the LEN bytes at DATA that may begin a token; no whole
 * one is in them. */
static void
carry_end(struct token_finder *finder, const char *data, size_t len)
{
    size_t most = len < TOKEN_SIZE - 1 ? len : TOKEN_SIZE - 1;
    const char *start = data + len - most;
    while (!may_begin(start, (size_t)(data + len - start)))
        start++;
    finder->carried = (size_t)(data + len - start);
    memcpy(finder->carry, start, finder->carried);
}

/* The first whole token in the LEN bytes at DATA, or NULL. */
static const char *
find_whole(const char *data, size_t len)
{
    const char *end = data + len;
    while ((size_t)(end - data) >= TOKEN_SIZE) {
        size_t starts = (size_t)(end - data) - TOKEN_SIZE + MAGIC_SIZE;
        data = memmem(data, starts, pattern, MAGIC_SIZE);
        if (!data || may_begin(data, TOKEN_SIZE))
            return data;
        data++;
    }
    return NULL;
}

bool
token_next(struct token_finder *finder, const char **data, size_t *len,
           struct token *token)
{
    if (complete_carried(finder, data, len)) {
        read_token(finder->carry, token);
        return true;
    }
    if (!*len)
        return false;
    const char *found = find_whole(*data, *len);
    if (found) {
        read_token(found, token);
        *len -= (size_t)(found - *data) + TOKEN_SIZE;
        *data = found + TOKEN_SIZE;
        return true;
    }
    carry_end(finder, *data, *len);
    *data += *len;
    *len = 0;
    return false;
}

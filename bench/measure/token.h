/* The token that a message of the benchmark carries:
 *
 *     eb1-RRRRRRRR-SSSSSSSS-DDDDDDDDDDDDDD-TTTTTTTTTTTTTT.
 *
 * run and sequence (8 hex digits each), when it was due and when it was sent
 * (14 each: nanoseconds of the run's clock). Its characters are the same in
 * JSON, in an URL, in SSE and in any framing that we know of, so that it is
 * found in the bytes that arrive, whatever wraps it; and it is of one length,
 * so that a message is as long as every other. The receiver needs nothing but
 * the token to know how late it is. */
#ifndef EARSHOT_BENCH_TOKEN_H
#define EARSHOT_BENCH_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TOKEN_SIZE = 52 };

struct token {
    uint32_t run;
    uint32_t sequence; /* from 0 */
    int64_t due_ns;
    int64_t sent_ns;
};

/* Writes TOKEN_SIZE bytes, and no NUL. */
void token_write(char *out, const struct token *token);

/* Finds tokens in bytes that come in pieces of any size. */
struct token_finder {
    size_t carried;
    char carry[TOKEN_SIZE];
};

/* The next token in the LEN bytes at DATA, behind what came before; both are
 * moved on past it. False when there is none (any more): the bytes are all
 * taken then, and a token that they cut is remembered. */
bool token_next(struct token_finder *finder, const char **data, size_t *len,
                struct token *token);

#endif

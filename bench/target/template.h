/* Templates of a target's file: {WORD} stands for a word's value, {{ and }} for
 * braces, and a brace that is neither is refused, so that no spelling mistake
 * becomes a request. Two words are filled in late, for each request: {channel}
 * and {token}. It knows nothing of JSON. */
#ifndef EARSHOT_BENCH_TEMPLATE_H
#define EARSHOT_BENCH_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

/* Words with their values, in the order in which they were added. */
struct vocabulary {
    struct word {
        char *name;
        char *value; /* a template of the late words only */
    } * list;
    size_t count;
};

void vocabulary_fini(struct vocabulary *words);
/* Copies both. NAME must be new. */
void vocabulary_add(struct vocabulary *words, const char *name,
                    const char *value);
/* The value of the word whose name is the LEN bytes at NAME, or NULL. */
const char *vocabulary_get(const struct vocabulary *words, const char *name,
                           size_t len);
/* [a-z][a-z0-9_-]*, and not one of the late ones. */
bool word_is_name(const char *name, size_t len);

/* TEXT with WORDS filled in, to be freed: what is left in it are {channel},
 * {token} if IS_TOKEN_ALLOWED, {{ and }}. Else NULL and what is wrong in
 * *PROBLEM, to be freed, as the end of a sentence that begins with where TEXT
 * stands: "names {colour}, which is …". */
char *template_words(const char *text, const struct vocabulary *words,
                     bool is_token_allowed, char **problem);

/* TEMPLATE, of which template_words() has made nothing but late words, names
 * the late word NAME ("token"). */
bool template_has(const char *template, const char *name);

#endif

/* A server that the command line names request by request, without a target's
 * file: --publish and each --subscribe begin a request, and the options behind
 * it are of it. They are made into a target's file, so that the reader of those
 * says what is wrong with them; here their order is judged, and nothing else.
 *
 * {channel} and {token} are words in them. All other braces stand for
 * themselves, so that JSON is written as it is; only what looks like a word is
 * refused, for it is a spelling mistake. */
#ifndef EARSHOT_BENCH_COMMAND_REQUESTS_H
#define EARSHOT_BENCH_COMMAND_REQUESTS_H

#include <stddef.h>

struct target;

/* In the order in which they were said; the strings belong to the command
 * line. */
struct requests {
    struct said {
        const char *option; /* "publish"; without the dashes */
        const char *value;
    } * items;
    size_t count;
};

void requests_add(struct requests *requests, const char *option,
                  const char *value);
void requests_fini(struct requests *requests);

/* The target's file that says the same, to be freed; or NULL with a sentence in
 * *PROBLEM, to be freed, that names the option. Its members may still be
 * wrong. */
char *requests_file(const struct requests *requests, char **problem);

/* The target, to be freed with target_free(); or NULL, likewise. */
struct target *requests_target(const struct requests *requests, char **problem);

#endif

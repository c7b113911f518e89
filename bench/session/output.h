/* Where results go: to standard output or a file, in the form that was asked
 * for, and onto a page. */
#ifndef EARSHOT_BENCH_SESSION_OUTPUT_H
#define EARSHOT_BENCH_SESSION_OUTPUT_H

#include <stdbool.h>

struct results;
struct settings;

/* Opens nothing, but says whether what the settings name can be written, before
 * minutes are spent on it. A sentence to be freed, or NULL. */
char *output_check(const struct settings *settings);

/* Writes all that the settings ask for. False when something cannot be
 * written, which has been said on standard error then. */
bool output_results(const struct settings *settings,
                    const struct results *results);

#endif

/* The words of findings, in both languages: what numbers, approaches and
 * contrasts are called in a sentence. What is said is decided elsewhere. */
#ifndef EARSHOT_BENCH_PHRASES_H
#define EARSHOT_BENCH_PHRASES_H

#include "results/contrast.h"

struct bytes;
struct result;

enum language { LANGUAGE_EN, LANGUAGE_ZH };
enum { LANGUAGES = LANGUAGE_ZH + 1 };

/* "polling every 1 s", "SSE", "WebSocket". */
void phrase_transport(struct bytes *out, enum language language,
                      const struct result *like);
/* "through lighttpd", "directly" */
void phrase_way(struct bytes *out, enum language language,
                const struct result *like);
/* "1 subscriber" */
void phrase_subscribers(struct bytes *out, enum language language, int count);
/* "0.42 ms", "160 bytes", as the figure is read. */
void phrase_value(struct bytes *out, enum language language, enum figure figure,
                  double value);
/* The same with what is known of it: "0.42 ms (0.41–0.43)". */
void phrase_interval(struct bytes *out, enum language language,
                     enum figure figure, const struct interval *interval);
/* A whole sentence. WITH_TARGET: there are several, so it must be named. */
void phrase_contrast(struct bytes *out, enum language language,
                     const struct contrast *contrast, bool with_target);

#endif

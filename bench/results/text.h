/* Text for people: numbers as they are read, lines as wide as a terminal. */
#ifndef EARSHOT_BENCH_TEXT_H
#define EARSHOT_BENCH_TEXT_H

#include <stdint.h>
#include <stdio.h>

struct bytes;

/* Appends NUMBER with three digits that say something (0.043, 1.26, 41.2) and
 * commas in thousands (12,345); NAN as a dash. */
void text_number(struct bytes *out, double number);
/* Appends it with two digits that say something: 1.3, 41, 5,200. */
void text_rough(struct bytes *out, double number);
/* Appends a number that somebody has chosen, as it is: 10, 0.5, 12,345. */
void text_setting(struct bytes *out, double number);
/* Appends "0.41–0.46", or one number when both read the same. */
void text_range(struct bytes *out, double low, double high);
void text_count(struct bytes *out, uint64_t count);
/* Appends a duration with its unit: "430 µs", "1.26 ms", "5 s". */
void text_duration(struct bytes *out, double us);

/* How many columns the UTF-8 TEXT takes in a terminal (wide characters, as in
 * Chinese, take one here: target's names alone can hold any). */
int text_width(const char *text);

/* Prints TEXT in lines of at most WIDTH columns, each behind INDENT spaces,
 * FIRST in place of the first line's. What would not be seen, or would do
 * something to a terminal, is a question mark. */
void text_wrap(FILE *file, const char *text, int width, int indent,
               const char *first);

#endif

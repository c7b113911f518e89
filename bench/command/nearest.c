#include "command/nearest.h"

#include <string.h>

enum { LETTERS_MAX = 32 };

static size_t
least(size_t a, size_t b, size_t c)
{
    size_t smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

/* How many letters must change (optimal string alignment: two that have
 * changed places count as one). Both are at most LETTERS_MAX long. */
static size_t
distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][LETTERS_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_len; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = least(last[j] + 1, row[j - 1] + 1,
                           last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
                a[i - 2] == b[j - 1] && before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        size_t *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[b_len];
}

const char *
nearest_word(const char *typed, size_t len, const char *const *words,
             size_t count)
{
    const char *nearest = NULL;
    /* A third of its letters may be wrong, and one always. */
    size_t limit = (len > 3 ? len / 3 : 1) + 1;
    if (!len || len > LETTERS_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t word_len = strlen(words[i]);
        if (word_len > LETTERS_MAX)
            continue;
        size_t far = distance(typed, len, words[i], word_len);
        /* A beginning of it is short of a whole word, not wrong; no other
         * word is nearer. */
        if (len >= 3 && len < word_len && !memcmp(typed, words[i], len))
            far = 0;
        if (far < limit) {
            limit = far;
            nearest = words[i];
        }
    }
    return nearest;
}

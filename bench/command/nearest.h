/* "Did you mean …?": the word of a list that is nearest to a mistyped one. */
#ifndef EARSHOT_BENCH_COMMAND_NEAREST_H
#define EARSHOT_BENCH_COMMAND_NEAREST_H

#include <stddef.h>

/* The word of WORDS (COUNT of them) that the fewest changed, added, left out
 * or exchanged letters make of the LEN bytes at TYPED; NULL when none is near
 * enough to be what was meant. */
const char *nearest_word(const char *typed, size_t len,
                         const char *const *words, size_t count);

#endif

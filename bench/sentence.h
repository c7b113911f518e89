/* What is wrong, as a sentence for people. */
#ifndef EARSHOT_BENCH_SENTENCE_H
#define EARSHOT_BENCH_SENTENCE_H

/* To be freed. */
__attribute__((format(printf, 1, 2))) char *sentence(const char *format, ...);

#endif

/* What every fuzz target has: the entry that libFuzzer calls. A finding ends
 * the process, by a sanitizer or by require(). */
#ifndef EARSHOT_TESTS_FUZZ_H
#define EARSHOT_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define require(truth)                                                         \
    do {                                                                       \
        if (!(truth)) {                                                        \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__,       \
                    #truth);                                                   \
            abort();                                                           \
        }                                                                      \
    } while (0)

#endif

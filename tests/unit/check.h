/* What every unit test begins with. A test is a sentence:
 *
 *     TEST(a_loss_is_told_once) { … }
 *
 * and is named once more in main(): RUN(LISTED(a_loss_is_told_once), …). */
#ifndef EARSHOT_TESTS_CHECK_H
#define EARSHOT_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEST(name) static void name(__attribute__((unused)) void **state)
#define LISTED(name) cmocka_unit_test(name)

#define RUN(...)                                                               \
    int main(void)                                                             \
    {                                                                          \
        const struct CMUnitTest tests[] = {__VA_ARGS__};                       \
        return cmocka_run_group_tests(tests, NULL, NULL);                      \
    }

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* The LEN bytes at DATA are those of the string EXPECTED. */
#define assert_bytes(data, len, expected)                                      \
    do {                                                                       \
        assert_int_equal(len, strlen(expected));                               \
        assert_memory_equal(data, expected, strlen(expected));                 \
    } while (0)

#endif

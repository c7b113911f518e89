/* Reading earshot-bench's command line, for unit tests of what it says. */
#ifndef EARSHOT_TESTS_COMMAND_LINE_H
#define EARSHOT_TESTS_COMMAND_LINE_H

#include "../unit/check.h"
#include "command/settings.h"

static struct settings settings;
static char complaint[4096];

static int
clean_up(void **state)
{
    (void)state;
    settings_fini(&settings);
    return 0;
}

static bool
read_settings(const char *const *arguments)
{
    static char *argv[64];
    static int argc;
    settings_fini(&settings);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    argc = 0;
    argv[argc++] = strdup("earshot-bench");
    for (; *arguments; arguments++)
        argv[argc++] = strdup(*arguments);
    FILE *file = tmpfile();
    bool is_good = settings_read(&settings, argc, argv, file);
    rewind(file);
    complaint[fread(complaint, 1, sizeof complaint - 1, file)] = '\0';
    fclose(file);
    return is_good;
}

#define ARGUMENTS(...) ((const char *const[]){__VA_ARGS__, NULL})

#define GOOD(...)                                                              \
    do {                                                                       \
        if (!read_settings(ARGUMENTS(__VA_ARGS__)))                            \
            fail_msg("%s", complaint);                                         \
        assert_string_equal(complaint, "");                                    \
    } while (0)

#define BAD(says, ...)                                                         \
    do {                                                                       \
        assert_false(read_settings(ARGUMENTS(__VA_ARGS__)));                   \
        assert_string_equal(complaint, "earshot-bench: " says "\n");           \
    } while (0)

#define CLEAN(name) cmocka_unit_test_teardown(name, clean_up)

#endif

#include "base/log.h"

#include "base/clock.h"
#include "check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* The log is opened once, to a file, at level info, by the group's set-up; a
 * test reads what has come since it began. */
static char directory[] = "/tmp/earshot-test-XXXXXX";
static char path[64], moved[64];
static long began;
static int64_t now_us;

static void
pass(int64_t us)
{
    now_us += us;
    clock_fake(1700000000000 + now_us / 1000, now_us);
}

static int
open_log(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/log", directory);
    snprintf(moved, sizeof moved, "%s/log.1", directory);
    pass(1000000);
    return log_open(path, LOG_LEVEL_INFO) ? 0 : -1;
}

static int
remove_log(void **state)
{
    (void)state;
    unlink(path);
    unlink(moved);
    return rmdir(directory);
}

static int
begin(void **state)
{
    (void)state;
    struct stat status;
    began = stat(path, &status) == 0 ? (long)status.st_size : 0;
    return 0;
}

/* What has been written since the test began. */
static const char *
written(void)
{
    static char text[32 * 1024];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    fseek(file, began, SEEK_SET);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static int
count_lines(const char *text)
{
    int count = 0;
    while ((text = strchr(text, '\n'))) {
        count++;
        text++;
    }
    return count;
}

TEST(a_line_has_time_level_module_and_text)
{
    clock_fake(1700000000123, now_us);
    log_warn("queue", "slow us=%d", 7);
    assert_string_equal(written(),
                        "2023-11-14T22:13:20Z warn queue slow us=7\n");
}

TEST(bytes_of_a_peer_are_escaped_into_one_line)
{
    log_info("test", "peer=%s", "a\r\nerror fake \x1b[1m\x7f\xc3\xa4\xff");
    assert_int_equal(count_lines(written()), 1);
    assert_non_null(strstr(written(), "peer=a\\x0d\\x0aerror fake \\x1b[1m"
                                      "\\x7f\\xc3\\xa4\\xff\n"));
}

TEST(a_line_that_is_too_long_is_cut_and_still_ends)
{
    char longest[5000];
    memset(longest, 1, sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    log_info("test", "%s", longest);
    size_t len = strlen(written());
    assert_int_equal(count_lines(written()), 1);
    assert_true(len > 1000 && len <= 2048);
    assert_int_equal(written()[len - 1], '\n');
}

TEST(what_is_below_the_level_is_not_written)
{
    assert_false(log_wants(LOG_LEVEL_DEBUG));
    assert_true(log_wants(LOG_LEVEL_INFO));
    log_debug("test", "unseen");
    assert_string_equal(written(), "");
}

static void
repeat(int times)
{
    for (int i = 0; i < times; i++)
        log_info("test", "again");
}

TEST(a_repeated_line_is_limited_and_what_was_left_out_is_counted)
{
    repeat(25);
    assert_int_equal(count_lines(written()), 10);
    pass(9 * 1000000);
    repeat(5);
    assert_int_equal(count_lines(written()), 10);
    pass(2 * 1000000);
    repeat(1);
    assert_int_equal(count_lines(written()), 11);
    assert_non_null(strstr(written(), "again left_out=20\n"));
    repeat(1);
    assert_int_equal(count_lines(written()), 12);
    const char *told = strstr(written(), "left_out");
    assert_null(strstr(told + 1, "left_out"));
}

TEST(one_place_that_repeats_does_not_silence_another)
{
    for (int i = 0; i < 50; i++)
        log_info("test", "noise");
    log_info("test", "signal");
    assert_non_null(strstr(written(), "signal\n"));
}

TEST(a_file_is_reopened_under_its_name)
{
    log_info("test", "before");
    assert_int_equal(rename(path, moved), 0);
    log_info("test", "still the old one");
    log_reopen();
    began = 0;
    log_info("test", "after");
    assert_int_equal(count_lines(written()), 1);
    assert_non_null(strstr(written(), "after\n"));
}

TEST(a_file_that_cannot_be_opened_leaves_the_log_where_it_was)
{
    assert_false(log_open("/nonexistent/log", LOG_LEVEL_INFO));
    log_info("test", "here");
    assert_non_null(strstr(written(), "here\n"));
}

#define LOGGED(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        LOGGED(a_line_has_time_level_module_and_text),
        LOGGED(bytes_of_a_peer_are_escaped_into_one_line),
        LOGGED(a_line_that_is_too_long_is_cut_and_still_ends),
        LOGGED(what_is_below_the_level_is_not_written),
        LOGGED(a_repeated_line_is_limited_and_what_was_left_out_is_counted),
        LOGGED(one_place_that_repeats_does_not_silence_another),
        LOGGED(a_file_is_reopened_under_its_name),
        LOGGED(a_file_that_cannot_be_opened_leaves_the_log_where_it_was),
    };
    return cmocka_run_group_tests(tests, open_log, remove_log);
}

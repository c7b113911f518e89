#include "admin/file.h"

#include "check.h"

#include <time.h>

enum { NOW_S = 1717200000 }; /* 2024-06-01 00:00:00 UTC */

#define NOW (INT64_C(1000) * NOW_S)

static int64_t
ms_of(const char *text)
{
    int64_t ms = -1;
    return moment_read(text, NOW, &ms) ? ms : -1;
}

static void
in_zone(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

TEST(a_moment_is_so_long_ago)
{
    assert_int_equal(ms_of("0s"), NOW);
    assert_int_equal(ms_of("90s"), NOW - 90000);
    assert_int_equal(ms_of("30m"), NOW - 1800000);
    assert_int_equal(ms_of("12h"), NOW - 12 * 3600000);
    assert_int_equal(ms_of("7d"), NOW - INT64_C(7) * 86400000);
    assert_int_equal(ms_of("999999999d"), NOW - INT64_C(999999999) * 86400000);
}

TEST(a_moment_is_a_date_and_perhaps_a_time_here_or_in_utc)
{
    in_zone("UTC");
    assert_int_equal(ms_of("2024-06-01"), NOW);
    assert_int_equal(ms_of("2024-05-31T23:59:59"), NOW - 1000);
    assert_int_equal(ms_of("2024-05-31 23:59:59"), NOW - 1000);
    in_zone("CET-1CEST,M3.5.0,M10.5.0/3");
    assert_int_equal(ms_of("2024-06-01"), NOW - 2 * 3600000);
    assert_int_equal(ms_of("2024-06-01T00:00:00Z"), NOW);
    assert_int_equal(ms_of("2024-01-01"), ms_of("2024-01-01Z") - 3600000);
}

TEST(what_is_no_moment_is_none)
{
    static const char *const wrong[] = {
        "",
        "d",
        "7",
        "-1d",
        "1.5h",
        "7 d",
        "1000000000d",
        "7w",
        "2024-13-01",
        "2024-06-01x",
        "today",
        "2024-06",
        "1e3s",
        "2024-06-01T00Z",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        if (ms_of(wrong[i]) != -1)
            fail_msg("\"%s\" is taken for a moment", wrong[i]);
}

TEST(moments_are_written_as_people_read_them)
{
    char text[MOMENT_SIZE];
    in_zone("UTC");
    assert_string_equal(moment_format(NOW + 999, text), "2024-06-01 00:00:00");
    assert_string_equal(moment_format(0, text), "-");
}

TEST(sizes_have_units)
{
    char text[MOMENT_SIZE];
    assert_string_equal(size_format(0, text), "0 B");
    assert_string_equal(size_format(1023, text), "1023 B");
    assert_string_equal(size_format(1024, text), "1.0 KiB");
    assert_string_equal(size_format(1536 * 1024, text), "1.5 MiB");
    assert_string_equal(size_format(INT64_C(300) << 30, text), "300 GiB");
    assert_string_equal(size_format(INT64_MAX, text), "8388608 TiB");
}

TEST(counts_are_whole_numbers)
{
    int64_t count = -1;
    assert_true(count_read("0", &count) && count == 0);
    assert_true(count_read("999999999", &count) && count == 999999999);
    assert_false(count_read("", &count));
    assert_false(count_read("1000000000", &count));
    assert_false(count_read("-1", &count));
    assert_false(count_read("1 ", &count));
}

RUN(LISTED(a_moment_is_so_long_ago),
    LISTED(a_moment_is_a_date_and_perhaps_a_time_here_or_in_utc),
    LISTED(what_is_no_moment_is_none),
    LISTED(moments_are_written_as_people_read_them), LISTED(sizes_have_units),
    LISTED(counts_are_whole_numbers))

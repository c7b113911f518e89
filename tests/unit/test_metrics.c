#include "metrics.h"

#include "base/bytes.h"
#include "counts.h"

#include "check.h"

static void
check_escaped(const char *value, const char *expected)
{
    struct bytes text = BYTES_EMPTY;
    metrics_append_escaped(&text, value);
    bytes_append_char(&text, '\0');
    assert_string_equal(text.data, expected);
    bytes_fini(&text);
}

TEST(a_labels_value_is_escaped)
{
    check_escaped("plain", "plain");
    check_escaped("a\"b", "a\\\"b");
    check_escaped("a\\b", "a\\\\b");
    check_escaped("a\nb", "a\\nb");
    check_escaped("\\\"\n", "\\\\\\\"\\n");
    check_escaped("队列", "队列");
}

TEST(bytes_that_are_no_utf_8_stay_out)
{
    check_escaped("a\xff"
                  "b\n",
                  "a?b\\n");
}

TEST(a_histogram_is_found_where_it_stands_in_the_row)
{
    int64_t values[COUNTS] = {0};
    int at = COUNT_DELIVERY + TRANSPORT_SSE * COUNT_BUCKETS;
    for (int i = 0; i < COUNT_BUCKETS; i++)
        values[at + i] = i + 1;
    struct buckets buckets = counts_buckets(values, at);
    assert_int_equal(buckets.counts[0], 1);
    assert_int_equal(buckets.counts[BUCKETS - 1], BUCKETS);
    assert_int_equal(buckets.sum_us, BUCKETS + 1);
    assert_int_equal(counts_several(values, at, 3), 6);
}

RUN(LISTED(a_labels_value_is_escaped), LISTED(bytes_that_are_no_utf_8_stay_out),
    LISTED(a_histogram_is_found_where_it_stands_in_the_row))

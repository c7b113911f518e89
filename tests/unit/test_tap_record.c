/* The ring of records, and the rules for tags. */

#include "tap/record.h"
#include "tap/rules.h"

#include "check.h"

static void
add(struct records *records, enum record_kind kind, size_t size)
{
    static char data[16384];
    records_add(records, &(struct record_about){.kind = kind, .tag = "t"}, data,
                size);
}

TEST(records_are_numbered_from_where_they_are_told_to)
{
    static const uint64_t before[] = {0, 7, (uint64_t)1795410225768 * 1000};
    for (size_t i = 0; i < COUNT_OF(before); i++) {
        uint64_t b = before[i];
        struct records *records = records_new(1 << 20, b);
        assert_int_equal(records_oldest(records), b + 1);
        assert_int_equal(records_newest(records), b);
        add(records, RECORD_OPEN, 0);
        add(records, RECORD_DOWN, 5);
        assert_int_equal(records_oldest(records), b + 1);
        assert_int_equal(records_newest(records), b + 2);
        assert_int_equal(records_get(records, b + 2)->n, b + 2);
        assert_int_equal(records_get(records, b + 2)->size, 5);
        records_free(records);
    }
}

TEST(of_a_head_all_is_kept_and_of_others_the_beginning)
{
    struct records *records = records_new(1 << 20, 0);
    add(records, RECORD_REQUEST, 9000);
    add(records, RECORD_RESPONSE, 9000);
    add(records, RECORD_UP, 9000);
    add(records, RECORD_DOWN, RECORD_BYTES_MAX);
    assert_int_equal(records_get(records, 1)->kept_size, 9000);
    assert_int_equal(records_get(records, 2)->kept_size, 9000);
    assert_int_equal(records_get(records, 3)->kept_size, RECORD_BYTES_MAX);
    assert_int_equal(records_get(records, 3)->size, 9000);
    assert_int_equal(records_get(records, 4)->kept_size, RECORD_BYTES_MAX);
    records_free(records);
}

TEST(the_oldest_go_when_the_ring_is_full)
{
    struct records *records = records_new(100 * 1000, 0);
    for (int i = 0; i < 1000; i++)
        add(records, RECORD_DOWN, 4000);
    uint64_t kept = records_newest(records) - records_oldest(records) + 1;
    assert_int_equal(records_newest(records), 1000);
    assert_in_range(kept, 20, 25);
    records_free(records);
}

TEST(the_ring_holds_no_more_records_than_it_has_places)
{
    struct records *records = records_new((size_t)1 << 30, 0);
    for (int i = 0; i < 200000; i++)
        add(records, RECORD_OPEN, 0);
    assert_int_equal(records_newest(records), 200000);
    assert_true(records_oldest(records) > 100000);
    assert_int_equal(records_get(records, records_oldest(records))->n,
                     records_oldest(records));
    records_free(records);
}

TEST(a_record_larger_than_the_ring_is_kept_alone)
{
    struct records *records = records_new(1000, 0);
    add(records, RECORD_REQUEST, 500);
    add(records, RECORD_REQUEST, 9000);
    assert_int_equal(records_oldest(records), 2);
    assert_int_equal(records_get(records, 2)->size, 9000);
    records_free(records);
}

TEST(a_rule_holds_for_what_it_names)
{
    struct rules rules = {.count = 0};
    rules_mute(&rules, "ab");
    rules_slow(&rules, "a*", 100);
    rules_refuse(&rules, "c", 50);
    assert_true(rules_for(&rules, "ab", 0).is_muted);
    assert_int_equal(rules_for(&rules, "ab", 0).rate, 100);
    assert_false(rules_for(&rules, "abc", 0).is_muted);
    assert_int_equal(rules_for(&rules, "b", 0).rate, -1);
    assert_true(rules_for(&rules, "c", 49).is_refused);
    assert_false(rules_for(&rules, "c", 50).is_refused);
}

TEST(of_two_rates_the_later_order_decides)
{
    struct rules rules = {.count = 0};
    rules_slow(&rules, "ab", 10);
    rules_slow(&rules, "a*", 100);
    assert_int_equal(rules_for(&rules, "ab", 0).rate, 100);
    rules_slow(&rules, "ab", 0);
    assert_int_equal(rules_for(&rules, "ab", 0).rate, 0);
    assert_int_equal(rules.count, 2);
}

TEST(clear_takes_back_what_its_pattern_covers)
{
    struct rules rules = {.count = 0};
    rules_mute(&rules, "ab");
    rules_mute(&rules, "ac*");
    rules_mute(&rules, "b");
    rules_clear(&rules, "ab");
    assert_false(rules_for(&rules, "ab", 0).is_muted);
    assert_true(rules_for(&rules, "acc", 0).is_muted);
    rules_clear(&rules, "a*");
    assert_false(rules_for(&rules, "acc", 0).is_muted);
    assert_true(rules_for(&rules, "b", 0).is_muted);
    rules_clear(&rules, "*");
    assert_int_equal(rules.count, 0);
}

TEST(the_oldest_rule_goes_when_there_are_too_many)
{
    struct rules rules = {.count = 0};
    char pattern[PATTERN_SIZE];
    for (int i = 0; i <= RULES_MAX; i++) {
        snprintf(pattern, sizeof pattern, "t%d", i);
        rules_mute(&rules, pattern);
    }
    assert_int_equal(rules.count, RULES_MAX);
    assert_false(rules_for(&rules, "t0", 0).is_muted);
    assert_true(rules_for(&rules, "t1", 0).is_muted);
    assert_true(rules_for(&rules, pattern, 0).is_muted);
}

RUN(LISTED(records_are_numbered_from_where_they_are_told_to),
    LISTED(of_a_head_all_is_kept_and_of_others_the_beginning),
    LISTED(the_oldest_go_when_the_ring_is_full),
    LISTED(the_ring_holds_no_more_records_than_it_has_places),
    LISTED(a_record_larger_than_the_ring_is_kept_alone),
    LISTED(a_rule_holds_for_what_it_names),
    LISTED(of_two_rates_the_later_order_decides),
    LISTED(clear_takes_back_what_its_pattern_covers),
    LISTED(the_oldest_rule_goes_when_there_are_too_many))

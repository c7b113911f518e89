/* Which of several processes accepts a connection. */

#include "spread.h"

#include "check.h"

enum { COUNT = 3 };

static struct spread_page *page;
static struct spread all[COUNT];

/* Three processes that have turned, with so many connections each. */
static void
begin(size_t a, size_t b, size_t c)
{
    page = spread_page_new(COUNT);
    assert_non_null(page);
    const size_t connections[COUNT] = {a, b, c};
    for (int i = 0; i < COUNT; i++) {
        spread_init(&all[i], page, i);
        spread_turn(&all[i], connections[i]);
    }
}

TEST(who_has_as_few_as_the_others_accepts)
{
    begin(10, 10, 10);
    for (int i = 0; i < COUNT; i++)
        assert_true(spread_takes(&all[i], 10, 0));
}

TEST(a_little_more_than_the_others_is_no_reason_to_wait)
{
    begin(SPREAD_SLACK, 0, 0);
    assert_true(spread_takes(&all[0], SPREAD_SLACK, 0));
    assert_false(spread_takes(&all[0], SPREAD_SLACK + 1, 0));
}

TEST(what_is_a_little_grows_with_what_they_have)
{
    begin(0, 800, 800);
    assert_true(spread_takes(&all[1], 4, 0));
    assert_false(spread_takes(&all[1], 800, 0));
    spread_turn(&all[0], 800);
    assert_true(spread_takes(&all[1], 800 + 100 + SPREAD_SLACK, 0));
    assert_false(spread_takes(&all[1], 801 + 100 + SPREAD_SLACK, 0));
}

TEST(who_has_far_more_waits_while_the_least_loaded_turns)
{
    begin(100, 0, 100);
    for (int64_t now = 0; now < 100 * SPREAD_PATIENCE_US;
         now += SPREAD_ASK_AGAIN_US) {
        assert_false(spread_takes(&all[0], 100, now));
        spread_turn(&all[1], 0);
    }
}

TEST(who_does_not_come_is_waited_for_once)
{
    begin(100, 0, 100);
    assert_false(spread_takes(&all[0], 100, 1000));
    assert_false(spread_takes(&all[0], 100, 1000 + SPREAD_PATIENCE_US - 1));
    assert_true(spread_takes(&all[0], 100, 1000 + SPREAD_PATIENCE_US));
    /* nor do the others wait for it any more */
    assert_true(spread_takes(&all[2], 101, 1000 + SPREAD_PATIENCE_US));
}

TEST(who_has_shown_itself_is_waited_for_again)
{
    begin(100, 0, 100);
    assert_false(spread_takes(&all[0], 100, 0));
    assert_true(spread_takes(&all[0], 100, SPREAD_PATIENCE_US));
    spread_turn(&all[1], 0);
    assert_false(spread_takes(&all[0], 100, SPREAD_PATIENCE_US + 1));
}

TEST(beside_a_stuck_process_the_others_still_share)
{
    begin(100, 0, 20);
    assert_false(spread_takes(&all[0], 100, 0));
    spread_turn(&all[2], 20);
    assert_false(spread_takes(&all[0], 100, SPREAD_PATIENCE_US));
    assert_true(spread_takes(&all[2], 20, SPREAD_PATIENCE_US));
}

TEST(nobody_waits_for_one_who_is_dead_or_has_not_begun)
{
    begin(100, 0, 100);
    spread_forget(page, 1);
    assert_true(spread_takes(&all[0], 100, 0));
    spread_init(&all[1], page, 1); /* the next one in its place */
    assert_true(spread_takes(&all[0], 100, 0));
    spread_turn(&all[1], 0);
    assert_false(spread_takes(&all[0], 100, 0));
}

TEST(nobody_waits_for_one_who_stops)
{
    begin(100, 0, 100);
    spread_leave(&all[1]);
    assert_true(spread_takes(&all[0], 100, 0));
}

TEST(who_is_full_leaves_it_to_whoever_is_not)
{
    begin(SPREAD_FULL, 10000, SPREAD_FULL);
    assert_false(spread_takes(&all[0], SPREAD_FULL, 0));
    assert_true(spread_takes(&all[1], 10000, 0));
    spread_turn(&all[1], SPREAD_FULL);
    for (int i = 0; i < COUNT; i++)
        assert_true(spread_takes(&all[i], SPREAD_FULL, 0));
}

TEST(one_alone_accepts_whatever_it_has)
{
    begin(1000, 0, 0);
    spread_forget(page, 1);
    spread_forget(page, 2);
    assert_true(spread_takes(&all[0], 1000, 0));
}

RUN(LISTED(who_has_as_few_as_the_others_accepts),
    LISTED(a_little_more_than_the_others_is_no_reason_to_wait),
    LISTED(what_is_a_little_grows_with_what_they_have),
    LISTED(who_has_far_more_waits_while_the_least_loaded_turns),
    LISTED(who_does_not_come_is_waited_for_once),
    LISTED(who_has_shown_itself_is_waited_for_again),
    LISTED(beside_a_stuck_process_the_others_still_share),
    LISTED(nobody_waits_for_one_who_is_dead_or_has_not_begun),
    LISTED(nobody_waits_for_one_who_stops),
    LISTED(who_is_full_leaves_it_to_whoever_is_not),
    LISTED(one_alone_accepts_whatever_it_has))

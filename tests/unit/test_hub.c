/* The hub with everyone live: what is published reaches who follows. */
#include "hub/hub.h"

#include "../support/fake_queue.h"
#include "../support/listener.h"
#include "check.h"
#include "hub/channels.h"

static void
put(const char *channel, int count)
{
    while (count--)
        fake_queue_put(queue, channel);
}

TEST(who_follows_gets_what_is_published)
{
    struct listener *a = listen_to("room", NOW);
    put("room", 3);
    assert_string_equal(heard(a), "");
    assert_false(hub_turn(hub, true));
    assert_string_equal(heard(a), "1 2 3");
    put("room", 1);
    hub_turn(hub, true);
    assert_string_equal(heard(a), "1 2 3 4");
}

TEST(only_who_follows_a_channel_gets_its_messages)
{
    struct listener *a = listen_to("a", NOW);
    struct listener *b = listen_to("b", NOW);
    struct listener *both = listen_to("b,a", NOW);
    put("a", 1);
    put("b", 1);
    put("c", 1);
    put("a", 1);
    turn_all();
    assert_string_equal(heard(a), "1 4");
    assert_string_equal(heard(b), "2");
    assert_string_equal(heard(both), "1 2 4");
}

TEST(from_now_on_leaves_out_what_was_before)
{
    put("room", 5);
    struct listener *a = listen_to("room", NOW);
    turn_all();
    put("room", 1);
    turn_all();
    assert_string_equal(heard(a), "6");
    assert_false(a->lost_at_start);
}

TEST(a_message_is_encoded_once_for_all)
{
    struct listener *a = listen_to("room", NOW);
    struct listener *b = listen_to("room", NOW);
    struct listener *c = listen_to("room,other", NOW);
    put("room", 1);
    turn_all();
    assert_non_null(a->piece);
    assert_ptr_equal(a->piece, b->piece);
    assert_ptr_equal(a->piece, c->piece);
}

TEST(messages_of_one_turn_leave_in_one_write)
{
    struct listener *a = listen_to("room", NOW);
    put("room", 100);
    hub_turn(hub, true);
    assert_int_equal(a->count, 100);
    assert_int_equal(a->flushes, 1);
}

TEST(who_gets_nothing_is_not_written_to)
{
    struct listener *a = listen_to("quiet", NOW);
    put("room", 10);
    turn_all();
    assert_int_equal(a->flushes, 0);
}

TEST(rows_that_nobody_follows_are_not_touched)
{
    listen_to("quiet", NOW);
    put("room", 10);
    turn_all();
    assert_int_equal(queue->rows_given, 0);
}

TEST(nothing_is_read_while_nobody_follows)
{
    put("room", 10);
    assert_false(hub_turn(hub, true));
    assert_int_equal(queue->reads + queue->reads_of_all + queue->heads, 0);
}

TEST(nothing_is_read_without_news)
{
    listen_to("room", NOW);
    turn_all();
    size_t before = queue->reads + queue->reads_of_all + queue->heads;
    for (int i = 0; i < 10; i++)
        assert_false(hub_turn(hub, false));
    assert_int_equal(queue->reads + queue->reads_of_all + queue->heads, before);
}

TEST(a_burst_is_read_over_several_turns)
{
    struct listener *a = listen_to("room", NOW);
    put("room", 1000);
    assert_true(hub_turn(hub, true));
    assert_in_range(a->count, 1, 999);
    turn_all();
    assert_int_equal(a->count, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(a->ids[i], i + 1);
}

TEST(large_messages_are_read_over_several_turns)
{
    struct listener *a = listen_to("room", NOW);
    for (int i = 0; i < 5; i++)
        fake_queue_put_sized(queue, "room", 600 * 1024);
    assert_true(hub_turn(hub, true));
    assert_string_equal(heard(a), "1");
    turn_all();
    assert_string_equal(heard(a), "1 2 3 4 5");
}

/* Another process has told the newcomer's cursor of what this one has not read
 * yet: it is live, and gets only what lies above. */
TEST(who_is_ahead_of_this_process_gets_only_what_is_above)
{
    struct listener *early = listen_to("room", NOW);
    put("room", 3);
    struct listener *now = listen_to("room", NOW);
    struct listener *back = listen_to("room", AFTER(2));
    put("room", 1);
    turn_all();
    assert_string_equal(heard(early), "1 2 3 4");
    assert_string_equal(heard(now), "4");
    assert_string_equal(heard(back), "3 4");
    assert_false(back->lost_at_start);
}

TEST(a_read_that_meets_a_lock_is_tried_again)
{
    struct listener *a = listen_to("room", NOW);
    put("room", 2);
    queue->status = QUEUE_AGAIN;
    assert_false(hub_turn(hub, true)); /* it need not be at once: no spinning */
    assert_string_equal(heard(a), "");
    queue->status = QUEUE_OK;
    hub_turn(hub, false);
    assert_string_equal(heard(a), "1 2");
}

TEST(nobody_is_let_in_while_the_queue_cannot_be_read)
{
    queue->status = QUEUE_UNUSABLE;
    assert_null(listen_to("room", NOW));
    assert_null(listen_to("room", EARLIEST));
    queue->status = QUEUE_OK;
    assert_int_equal(hub_stats(hub)->subscribers[TRANSPORT_SSE], 0);
    assert_false(hub_counts_changed(hub));
}

TEST(who_has_had_enough_gets_no_more)
{
    struct listener *a = listen_to("room", NOW);
    struct listener *b = listen_to("room", NOW);
    a->ends = true;
    put("room", 1);
    turn_all();
    put("room", 1);
    turn_all();
    assert_string_equal(heard(a), "1");
    assert_string_equal(heard(b), "1 2");
    assert_int_equal(a->flushes, 1);
    listener_leave(a);
    put("room", 1);
    turn_all();
    assert_string_equal(heard(b), "1 2 3");
}

TEST(who_leaves_is_forgotten)
{
    struct listener *a = listen_to("room", NOW);
    struct listener *b = listen_to("room", NOW);
    struct listener *c = listen_to("room", NOW);
    put("room", 1);
    turn_all();
    listener_leave(b);
    put("room", 1);
    turn_all();
    assert_string_equal(heard(a), "1 2");
    assert_string_equal(heard(c), "1 2");
    listener_leave(c);
    listener_leave(a);
    put("room", 1);
    assert_false(hub_turn(hub, true));
}

TEST(who_comes_back_after_all_had_gone_misses_nothing)
{
    struct listener *a = listen_to("room", NOW);
    put("room", 2);
    turn_all();
    listener_leave(a);
    put("room", 2);
    hub_turn(hub, true);
    a = listen_to("room", AFTER(2));
    turn_all();
    put("room", 1);
    turn_all();
    assert_string_equal(heard(a), "3 4 5");
}

/* -- cursors ------------------------------------------------------------ */

static void
assert_at(const struct listener *listener, int64_t id)
{
    char cursor[CURSOR_SIZE];
    hub_cursor(&listener->subscriber, cursor);
    assert_string_equal(cursor, cursor_of(id));
}

TEST(who_is_live_is_told_the_newest_cursor)
{
    struct listener *a = listen_to("room", NOW);
    assert_at(a, 0);
    put("other", 5);
    turn_all();
    assert_at(a, 5); /* so a quiet channel's cursor does not grow old */
    put("room", 1);
    turn_all();
    assert_at(a, 6);
    put("room", 1);
    assert_at(a, 6); /* not read yet */
}

TEST(who_is_behind_is_told_its_own_cursor)
{
    put("room", 200);
    listen_to("other", NOW);
    struct listener *a = listen_to("room", AFTER(3));
    assert_at(a, 3);
    hub_turn(hub, false);
    assert_at(a, 67); /* a page further */
    turn_all();
    assert_at(a, 200);
}

/* -- counts ------------------------------------------------------------- */

static char listing[256];

static void
list_channel(void *context, struct hub_channel *channel)
{
    (void)context;
    size_t len = strlen(listing);
    snprintf(listing + len, sizeof listing - len, "%s=%zu;", channel->name,
             channel->counts[TRANSPORT_SSE]);
}

static const char *
counts(void)
{
    listing[0] = '\0';
    hub_each_channel(hub, list_channel, NULL);
    return listing;
}

TEST(subscribers_are_counted_by_channel)
{
    assert_string_equal(counts(), "");
    struct listener *a = listen_to("a", NOW);
    struct listener *b = listen_to("a", NOW);
    assert_string_equal(counts(), "a=2;");
    struct listener *both = listen_to("a,b", NOW);
    assert_true(strcmp(counts(), "a=3;b=1;") == 0 ||
                strcmp(counts(), "b=1;a=3;") == 0);
    assert_int_equal(hub_stats(hub)->subscribers[TRANSPORT_SSE], 3);
    listener_leave(both);
    listener_leave(a);
    assert_string_equal(counts(), "a=1;");
    listener_leave(b);
    assert_string_equal(counts(), "");
    assert_int_equal(hub_stats(hub)->subscribers[TRANSPORT_SSE], 0);
}

TEST(a_change_of_counts_is_told_once)
{
    assert_false(hub_counts_changed(hub));
    struct listener *a = listen_to("a", NOW);
    assert_true(hub_counts_changed(hub));
    hub_counts_told(hub);
    assert_false(hub_counts_changed(hub));
    put("a", 1);
    turn_all();
    assert_false(hub_counts_changed(hub));
    listener_leave(a);
    assert_true(hub_counts_changed(hub));
}

TEST(deliveries_are_counted)
{
    listen_to("a", NOW);
    listen_to("a,b", NOW);
    put("a", 3);
    put("b", 1);
    put("c", 1);
    turn_all();
    assert_int_equal(hub_stats(hub)->delivered, 7);
    assert_int_equal(hub_stats(hub)->lost, 0);
    assert_int_equal(hub_stats(hub)->behind, 0);
}

RUN(HUB_TEST(who_follows_gets_what_is_published),
    HUB_TEST(only_who_follows_a_channel_gets_its_messages),
    HUB_TEST(from_now_on_leaves_out_what_was_before),
    HUB_TEST(a_message_is_encoded_once_for_all),
    HUB_TEST(messages_of_one_turn_leave_in_one_write),
    HUB_TEST(who_gets_nothing_is_not_written_to),
    HUB_TEST(rows_that_nobody_follows_are_not_touched),
    HUB_TEST(nothing_is_read_while_nobody_follows),
    HUB_TEST(nothing_is_read_without_news),
    HUB_TEST(a_burst_is_read_over_several_turns),
    HUB_TEST(large_messages_are_read_over_several_turns),
    HUB_TEST(who_is_ahead_of_this_process_gets_only_what_is_above),
    HUB_TEST(a_read_that_meets_a_lock_is_tried_again),
    HUB_TEST(nobody_is_let_in_while_the_queue_cannot_be_read),
    HUB_TEST(who_has_had_enough_gets_no_more),
    HUB_TEST(who_leaves_is_forgotten),
    HUB_TEST(who_comes_back_after_all_had_gone_misses_nothing),
    HUB_TEST(who_is_live_is_told_the_newest_cursor),
    HUB_TEST(who_is_behind_is_told_its_own_cursor),
    HUB_TEST(subscribers_are_counted_by_channel),
    HUB_TEST(a_change_of_counts_is_told_once), HUB_TEST(deliveries_are_counted))

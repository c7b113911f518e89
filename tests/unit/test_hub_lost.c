/* Told, never silently skipped: retention that overtakes followers, cursors
 * that cannot be honoured, and another file in place of the queue's. */
#include "hub/hub.h"

#include "../support/fake_queue.h"
#include "../support/listener.h"
#include "check.h"

static void
put(const char *channel, int count)
{
    while (count--)
        fake_queue_put(queue, channel);
}

static struct listener *
full_listener(const char *channels, struct start start)
{
    struct listener *listener = listen_to(channels, start);
    listener->is_blocked = true;
    return listener;
}

/* -- overtaken by retention --------------------------------------------- */

TEST(a_loss_is_told_once)
{
    struct listener *a = listen_to("room", NOW);
    put("room", 10);
    fake_queue_prune(queue, "room", 7);
    turn_all();
    assert_string_equal(heard(a), "lost 8 9 10");
    put("room", 2);
    turn_all();
    turn_all();
    assert_string_equal(heard(a), "lost 8 9 10 11 12");
    assert_int_equal(hub_stats(hub)->lost, 1);
    assert_string_equal(a->lost_cursor, cursor_of(7));
}

TEST(every_loss_is_told)
{
    struct listener *a = listen_to("room", NOW);
    for (int i = 1; i <= 3; i++) {
        put("room", 2);
        fake_queue_prune(queue, "room", queue->head.id - 1);
        turn_all();
    }
    assert_string_equal(heard(a), "lost 2 lost 4 lost 6");
}

TEST(what_one_has_had_is_no_loss)
{
    struct listener *a = listen_to("room", NOW);
    put("room", 5);
    turn_all();
    fake_queue_prune(queue, "room", 5);
    put("room", 1);
    turn_all();
    assert_string_equal(heard(a), "1 2 3 4 5 6");
}

TEST(a_loss_with_nothing_left_is_told_all_the_same)
{
    struct listener *a = listen_to("room", NOW);
    put("room", 4);
    fake_queue_prune(queue, "room", 4);
    turn_all();
    assert_string_equal(heard(a), "lost");
    assert_string_equal(a->lost_cursor, cursor_of(4));
    put("room", 1);
    turn_all();
    assert_string_equal(heard(a), "lost 5");
}

TEST(a_loss_is_no_news_to_who_follows_another_channel)
{
    struct listener *a = listen_to("other", NOW);
    put("room", 4);
    fake_queue_prune(queue, "room", 3);
    put("other", 1);
    turn_all();
    assert_string_equal(heard(a), "5");
}

TEST(who_is_overtaken_in_history_is_told_once)
{
    put("room", 300);
    struct listener *a = listen_to("room", AFTER(0));
    hub_turn(hub, false);
    assert_int_equal(a->count, 64);
    fake_queue_prune(queue, "room", 290);
    turn_all();
    assert_int_equal(a->count, 64 + 1 + 10);
    assert_int_equal(a->ids[64], LISTENER_LOSS);
    assert_int_equal(a->ids[65], 291);
}

TEST(a_reader_that_stopped_is_told_once_and_goes_on)
{
    struct listener *slow = full_listener("room", NOW);
    put("room", 3);
    turn_all();
    for (int i = 0; i < 20; i++) {
        put("room", 10);
        fake_queue_prune(queue, "room", queue->head.id - 2);
        turn_all();
    }
    assert_string_equal(heard(slow), "1 2 3");
    listener_drain(slow);
    turn_all();
    assert_string_equal(heard(slow), "1 2 3 lost 202 203");
}

TEST(a_channel_that_keeps_one_message_tells_whom_it_overtakes)
{
    struct listener *a = listen_to("room", NOW);
    struct listener *slow = full_listener("room", NOW);
    for (int i = 0; i < 5; i++) {
        put("room", 3);
        fake_queue_prune(queue, "room", queue->head.id - 1);
        turn_all();
    }
    listener_drain(slow);
    turn_all();
    assert_string_equal(heard(a), "lost 3 lost 6 lost 9 lost 12 lost 15");
    assert_string_equal(heard(slow), "lost 3 lost 15");
}

/* Whoever starts with history has no right to more than was kept then; but
 * what is pruned from under it afterwards is lost to it. */
TEST(who_began_at_the_earliest_is_told_when_overtaken)
{
    put("room", 200);
    fake_queue_prune(queue, "room", 50);
    struct listener *a = listen_to("room", EARLIEST);
    a->is_blocked = true;
    turn_all();
    assert_int_equal(a->ids[0], 51);
    size_t had = a->count;
    fake_queue_prune(queue, "room", 199);
    listener_drain(a);
    turn_all();
    assert_int_equal(a->count, had + 2);
    assert_int_equal(a->ids[had], LISTENER_LOSS);
    assert_int_equal(a->ids[had + 1], 200);
}

TEST(who_began_with_the_last_few_is_told_when_overtaken)
{
    put("room", 200);
    struct listener *a = listen_to("room,other", LAST(100));
    a->is_blocked = true;
    turn_all();
    size_t had = a->count;
    assert_int_equal(a->ids[0], 101);
    fake_queue_prune(queue, "room", 199);
    listener_drain(a);
    turn_all();
    assert_int_equal(a->ids[had], LISTENER_LOSS);
    assert_int_equal(a->ids[had + 1], 200);
}

TEST(what_was_pruned_before_one_came_is_no_loss_to_it)
{
    put("a", 200);
    put("b", 100);
    put("a", 10);
    fake_queue_prune(queue, "a", 150);
    fake_queue_prune(queue, "b", 290);
    struct listener *all = listen_to("a,b", EARLIEST);
    struct listener *more = listen_to("a,b", LAST(1000));
    struct listener *one = listen_to("b", LAST(1000));
    struct listener *gone = listen_to("c", EARLIEST);
    turn_all();
    assert_int_equal(all->count, 50 + 10 + 10);
    assert_int_equal(more->count, 50 + 10 + 10);
    assert_int_equal(one->count, 10);
    assert_int_equal(gone->count, 0);
    assert_int_equal(hub_stats(hub)->lost, 0);
}

TEST(two_channels_that_lose_at_once_are_told_as_one)
{
    struct listener *both = full_listener("a,b", NOW);
    put("a", 3); /* 1 2 3 */
    put("b", 6); /* 4 … 9 */
    put("a", 1); /* 10 */
    fake_queue_prune(queue, "a", 2);
    fake_queue_prune(queue, "b", 8);
    turn_all();
    listener_drain(both);
    put("a", 1);
    turn_all();
    assert_string_equal(heard(both), "lost 3 9 10 11");
    assert_int_equal(hub_stats(hub)->lost, 1);
}

TEST(a_quiet_channel_is_told_of_its_loss_beside_one_that_lost_long_ago)
{
    put("quiet", 100); /* 1 … 100 */
    put("busy", 200);  /* 101 … 300 */
    fake_queue_prune(queue, "busy", 290);
    struct listener *both = listen_to("busy,quiet", EARLIEST);
    hub_turn(hub, false);
    assert_int_equal(both->count, 64);
    fake_queue_prune(queue, "quiet", 90);
    turn_all();
    assert_int_equal(both->count, 64 + 1 + 10 + 10);
    assert_int_equal(both->ids[64], LISTENER_LOSS);
    assert_int_equal(both->ids[65], 91);
    assert_int_equal(both->ids[75], 291);
}

/* Two that lose at once, and it falls behind between: the second one's loss,
 * told with the first's, is not told again by its own reading. */
TEST(a_loss_told_with_another_is_not_told_again)
{
    struct listener *both = listen_to("a,b", NOW);
    both->pending_max = 2;
    both->is_blocked = true;
    put("a", 3); /* 1 2 3 */
    put("b", 6); /* 4 … 9 */
    fake_queue_prune(queue, "a", 2);
    fake_queue_prune(queue, "b", 8);
    turn_all();
    assert_string_equal(heard(both), "lost 3");
    listener_drain(both);
    turn_all();
    assert_string_equal(heard(both), "lost 3 9");
}

TEST(a_loss_of_too_many_channels_is_everyone_s_who_is_not_ahead)
{
    queue->names_no_channel = true;
    struct listener *a = listen_to("a", NOW);
    struct listener *b = listen_to("b", NOW);
    put("a", 5);
    struct listener *ahead = listen_to("a", NOW);
    fake_queue_prune(queue, "a", 4);
    put("b", 1);
    turn_all();
    assert_string_equal(heard(a), "lost 5");
    assert_string_equal(heard(b), "lost 6");
    assert_string_equal(heard(ahead), "");
}

TEST(a_notice_without_room_is_told_later_and_once)
{
    struct listener *live = listen_to("room", NOW);
    live->pending_max = 1; /* the notice fits, the message behind it not */
    struct listener *full = listen_to("room", NOW);
    full->pending_max = 1;
    full->is_blocked = true;
    put("room", 1);
    turn_all();
    put("room", 5);
    fake_queue_prune(queue, "room", 5);
    turn_all();
    assert_string_equal(heard(live), "1 lost 6");
    assert_string_equal(heard(full), "1");
    listener_drain(full);
    full->is_blocked = true;
    turn_all();
    assert_string_equal(heard(full), "1 lost");
    listener_drain(full);
    turn_all();
    assert_string_equal(heard(full), "1 lost 6");
    assert_int_equal(hub_stats(hub)->lost, 2);
}

/* It has had all there was; its mark has grown since by folding. */
TEST(a_quiet_channel_s_follower_is_told_no_false_loss_when_it_stalls)
{
    struct listener *quiet = listen_to("quiet", NOW);
    put("quiet", 2);
    turn_all();
    put("room", 50);
    turn_all();
    fake_queue_mark(queue, "quiet", 30);
    quiet->pending_max = 1;
    quiet->is_blocked = true;
    put("quiet", 3);
    turn_all();
    assert_int_equal(hub_stats(hub)->behind, 1);
    listener_drain(quiet);
    turn_all();
    assert_string_equal(heard(quiet), "1 2 53 54 55");
}

/* Something else, a heartbeat, fills its socket: not even the first fits. */
TEST(a_quiet_channel_s_follower_who_is_full_before_is_told_no_false_loss)
{
    struct listener *quiet = listen_to("quiet", NOW);
    put("quiet", 2);
    turn_all();
    put("room", 50);
    turn_all();
    fake_queue_mark(queue, "quiet", 30);
    quiet->is_on_its_way = quiet->is_blocked = true;
    put("quiet", 1);
    turn_all();
    listener_drain(quiet);
    turn_all();
    assert_string_equal(heard(quiet), "1 2 53");
}

/* A notice that is taken while a page is read is written at once; whoever
 * leaves then is in no list any more. */
TEST(one_may_leave_just_after_it_was_told)
{
    put("room", 10);
    fake_queue_prune(queue, "room", 9);
    listen_to("other", NOW);
    struct listener *a = listen_to("room", AFTER(1));
    struct listener *b = listen_to("room", AFTER(1));
    struct listener *c = listen_to("room", AFTER(1));
    turn_all();
    assert_string_equal(heard(b), "lost 10");
    listener_leave(b);
    listener_leave(a);
    put("room", 1);
    turn_all();
    assert_string_equal(heard(c), "lost 10 11");
}

TEST(who_comes_back_with_the_notice_s_cursor_is_not_told_again)
{
    struct listener *a = listen_to("room", NOW);
    put("room", 10);
    fake_queue_prune(queue, "room", 7);
    turn_all();
    char cursor[CURSOR_SIZE];
    strcpy(cursor, a->lost_cursor);
    listener_leave(a);
    a = listen_to("room", CURSOR(cursor));
    assert_false(a->lost_at_start);
    turn_all();
    assert_string_equal(heard(a), "8 9 10");
}

TEST(who_comes_back_from_the_earliest_is_told_of_no_loss)
{
    put("room", 10);
    fake_queue_prune(queue, "room", 7);
    static const char *const channels[] = {"room", "empty"};
    for (size_t i = 0; i < COUNT_OF(channels); i++) {
        struct listener *a = listen_to(channels[i], EARLIEST);
        char cursor[CURSOR_SIZE];
        hub_cursor(&a->subscriber, cursor);
        listener_leave(a); /* before it got a message */
        a = listen_to(channels[i], CURSOR(cursor));
        turn_all();
        assert_string_equal(heard(a), i ? "" : "8 9 10");
    }
    assert_int_equal(hub_stats(hub)->lost, 0);
}

RUN(HUB_TEST(a_loss_is_told_once), HUB_TEST(every_loss_is_told),
    HUB_TEST(what_one_has_had_is_no_loss),
    HUB_TEST(a_loss_with_nothing_left_is_told_all_the_same),
    HUB_TEST(a_loss_is_no_news_to_who_follows_another_channel),
    HUB_TEST(who_is_overtaken_in_history_is_told_once),
    HUB_TEST(a_reader_that_stopped_is_told_once_and_goes_on),
    HUB_TEST(a_channel_that_keeps_one_message_tells_whom_it_overtakes),
    HUB_TEST(who_began_at_the_earliest_is_told_when_overtaken),
    HUB_TEST(who_began_with_the_last_few_is_told_when_overtaken),
    HUB_TEST(what_was_pruned_before_one_came_is_no_loss_to_it),
    HUB_TEST(two_channels_that_lose_at_once_are_told_as_one),
    HUB_TEST(a_quiet_channel_is_told_of_its_loss_beside_one_that_lost_long_ago),
    HUB_TEST(a_loss_told_with_another_is_not_told_again),
    HUB_TEST(a_loss_of_too_many_channels_is_everyone_s_who_is_not_ahead),
    HUB_TEST(a_notice_without_room_is_told_later_and_once),
    HUB_TEST(a_quiet_channel_s_follower_is_told_no_false_loss_when_it_stalls),
    HUB_TEST(
        a_quiet_channel_s_follower_who_is_full_before_is_told_no_false_loss),
    HUB_TEST(one_may_leave_just_after_it_was_told),
    HUB_TEST(who_comes_back_with_the_notice_s_cursor_is_not_told_again),
    HUB_TEST(who_comes_back_from_the_earliest_is_told_of_no_loss))

/* Those who are behind: history, slow sockets, and the hand-over to live. */
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

/* It was given FIRST to LAST, each once and in order, and nothing else. */
static void
assert_run(const struct listener *listener, int64_t first, int64_t last)
{
    assert_int_equal(listener->count, last - first + 1);
    for (size_t i = 0; i < listener->count; i++)
        assert_int_equal(listener->ids[i], first + (int64_t)i);
}

/* -- where to start ----------------------------------------------------- */

TEST(a_cursor_is_read_on_from)
{
    put("room", 10);
    struct listener *a = listen_to("room", AFTER(4));
    struct listener *b = listen_to("room", AFTER(10));
    struct listener *c = listen_to("room", AFTER(0));
    turn_all();
    assert_run(a, 5, 10);
    assert_run(b, 11, 10);
    assert_run(c, 1, 10);
}

TEST(earliest_is_all_that_is_kept)
{
    put("room", 5);
    put("other", 5);
    fake_queue_prune(queue, "room", 2);
    struct listener *a = listen_to("room", EARLIEST);
    struct listener *none = listen_to("empty", EARLIEST);
    struct listener *both = listen_to("room,other", EARLIEST);
    turn_all();
    assert_run(a, 3, 5);
    assert_run(none, 1, 0);
    assert_run(both, 3, 10);
    assert_int_equal(hub_stats(hub)->lost, 0);
}

TEST(last_is_counted_over_the_channels_together)
{
    for (int i = 0; i < 5; i++) {
        put("a", 1);
        put("b", 1);
        put("c", 1);
    }
    struct listener *a = listen_to("a", LAST(2));
    struct listener *both = listen_to("a,b", LAST(3));
    struct listener *more = listen_to("c", LAST(100));
    struct listener *none = listen_to("a", LAST(0));
    turn_all();
    assert_string_equal(heard(a), "10 13");
    assert_string_equal(heard(both), "11 13 14");
    assert_string_equal(heard(more), "3 6 9 12 15");
    assert_string_equal(heard(none), "");
}

/* -- pages -------------------------------------------------------------- */

TEST(history_comes_a_page_a_turn)
{
    put("room", 150);
    struct listener *a = listen_to("room", EARLIEST);
    assert_true(hub_turn(hub, false));
    assert_run(a, 1, 64);
    assert_true(hub_turn(hub, false));
    assert_run(a, 1, 128);
    assert_false(hub_turn(hub, false));
    assert_run(a, 1, 150);
    assert_int_equal(a->flushes, 3);
}

TEST(a_page_has_so_many_bytes_and_at_least_one_message)
{
    for (int i = 0; i < 4; i++)
        fake_queue_put_sized(queue, "room", 100 * 1024);
    fake_queue_put_sized(queue, "room", 1000 * 1024);
    struct listener *a = listen_to("room", EARLIEST);
    hub_turn(hub, false);
    assert_run(a, 1, 2);
    turn_all();
    assert_run(a, 1, 5);
}

TEST(what_is_published_while_one_reads_on_comes_once_and_in_order)
{
    put("room", 100);
    struct listener *a = listen_to("room", EARLIEST);
    while (hub_turn(hub, true))
        if (queue->head.id < 400)
            put("room", 20);
    turn_all();
    assert_run(a, 1, queue->head.id);
}

/* The hand-over: pages stop at this process's position, so that what it has
 * yet to read comes by the live way only. */
TEST(the_hand_over_neither_repeats_nor_skips)
{
    struct listener *live = listen_to("room", NOW);
    put("room", 70);
    turn_all();
    struct listener *a = listen_to("room", AFTER(0));
    put("room", 30); /* in the file, and this process has not read them */
    hub_turn(hub, false);
    assert_run(a, 1, 64);
    hub_turn(hub, false);
    assert_run(a, 1, 70);
    assert_run(live, 1, 70);
    hub_turn(hub, true);
    assert_run(a, 1, 100);
    assert_run(live, 1, 100);
}

TEST(one_page_each_in_turn)
{
    enum { READERS = 50 };
    struct listener *readers[READERS];
    put("room", 640);
    listen_to("other", NOW);
    for (int i = 0; i < READERS; i++)
        readers[i] = listen_to("room", EARLIEST);
    while (hub_turn(hub, false)) {
        size_t least = 640, most = 0;
        for (int i = 0; i < READERS; i++) {
            size_t count = readers[i]->count;
            least = count < least ? count : least;
            most = count > most ? count : most;
        }
        assert_in_range(most - least, 0, 64); /* nobody is a page ahead */
    }
    for (int i = 0; i < READERS; i++)
        assert_run(readers[i], 1, 640);
}

TEST(pages_of_one_turn_are_limited)
{
    put("room", 640);
    for (int i = 0; i < 200; i++)
        listen_to("room", EARLIEST);
    size_t before = queue->reads;
    hub_turn(hub, false);
    assert_in_range(queue->reads - before, 1, 64);
}

TEST(who_is_live_does_not_wait_for_those_behind)
{
    struct listener *live = listen_to("room", NOW);
    put("room", 1000);
    turn_all();
    for (int i = 0; i < 100; i++)
        listen_to("room", EARLIEST);
    put("room", 1);
    hub_turn(hub, true);
    assert_run(live, 1, 1001);
}

/* -- slow sockets ------------------------------------------------------- */

TEST(who_is_full_is_left_alone_until_its_socket_drains)
{
    struct listener *slow = listen_to("room", NOW);
    struct listener *quick = listen_to("room", NOW);
    slow->is_blocked = true;
    put("room", 3);
    turn_all();
    assert_int_equal(hub_stats(hub)->behind, 1);
    size_t reads = queue->reads;
    for (int i = 0; i < 50; i++) {
        put("room", 10);
        assert_false(hub_turn(hub, true)); /* no spinning */
    }
    assert_int_equal(queue->reads, reads);
    assert_run(slow, 1, 3); /* nothing is kept for it beyond one write */
    assert_int_equal(slow->flushes, 1);
    assert_run(quick, 1, 503);
    listener_drain(slow);
    turn_all();
    assert_run(slow, 1, 503);
    assert_int_equal(hub_stats(hub)->behind, 0);
    put("room", 1);
    turn_all();
    assert_run(slow, 1, 504);
}

TEST(one_who_stalls_in_history_goes_on_where_it_was)
{
    put("room", 300);
    struct listener *a = listen_to("room", EARLIEST);
    hub_turn(hub, false);
    a->is_blocked = true;
    assert_false(turn_all() > 2);
    assert_run(a, 1, 128);
    put("room", 5);
    assert_false(hub_turn(hub, true));
    listener_drain(a);
    turn_all();
    assert_run(a, 1, 305);
}

TEST(what_does_not_fit_in_one_write_is_offered_again)
{
    struct listener *a = listen_to("room", NOW);
    a->pending_max = 3;
    put("room", 10);
    turn_all();
    assert_run(a, 1, 10);
    put("room", 7);
    turn_all();
    assert_run(a, 1, 17);
}

TEST(history_that_does_not_fit_in_one_write_is_offered_again)
{
    put("room", 100);
    struct listener *a = listen_to("room", EARLIEST);
    a->pending_max = 1;
    turn_all();
    assert_run(a, 1, 100);
}

TEST(a_socket_that_fills_in_mid_burst_loses_nothing)
{
    struct listener *a = listen_to("room", NOW);
    a->pending_max = 3;
    a->is_blocked = true;
    put("room", 10);
    turn_all();
    assert_run(a, 1, 3);
    put("room", 10);
    turn_all();
    assert_run(a, 1, 3);
    listener_drain(a);
    a->is_blocked = true;
    turn_all();
    assert_run(a, 1, 6);
    listener_drain(a);
    turn_all();
    assert_run(a, 1, 20);
}

TEST(draining_of_who_is_not_full_changes_nothing)
{
    struct listener *a = listen_to("room", NOW);
    hub_drained(&a->subscriber);
    put("room", 2);
    turn_all();
    assert_run(a, 1, 2);
}

/* Sockets that block and drain by a drawn plan, a queue that grows and locks:
 * everyone has everything once and in order in the end. */
TEST(whatever_the_sockets_do_all_is_given_once_and_in_order)
{
    enum { READERS = 8 };
    struct listener *readers[READERS];
    uint32_t drawn = 12345;
    for (int i = 0; i < READERS; i++) {
        readers[i] = listen_to("room", NOW);
        readers[i]->pending_max = (size_t)i * i + 1;
    }
    for (int step = 0; step < 1500; step++) {
        drawn = drawn * 1664525 + 1013904223;
        struct listener *one = readers[drawn >> 29];
        if (drawn >> 8 & 1)
            one->is_blocked = true;
        else
            listener_drain(one);
        if (drawn >> 9 & 1)
            put("room", (int)(drawn >> 10 & 3));
        queue->status = (drawn >> 12 & 7) ? QUEUE_OK : QUEUE_AGAIN;
        hub_turn(hub, drawn >> 15 & 1);
    }
    queue->status = QUEUE_OK;
    for (int i = 0; i < READERS; i++) {
        listener_drain(readers[i]);
        turn_all();
        assert_run(readers[i], 1, queue->head.id);
    }
    assert_true(queue->head.id > 500);
    assert_int_equal(hub_stats(hub)->lost, 0);
}

/* -- leaving ------------------------------------------------------------ */

TEST(one_may_leave_from_any_state)
{
    put("room", 500);
    struct listener *first = listen_to("room", EARLIEST);
    struct listener *middle = listen_to("room", EARLIEST);
    struct listener *full = listen_to("room", EARLIEST);
    struct listener *last = listen_to("room", EARLIEST);
    full->is_blocked = true;
    hub_turn(hub, false);
    listener_leave(middle);
    hub_turn(hub, false);
    listener_leave(full);
    listener_leave(first);
    turn_all();
    assert_run(last, 1, 500);
    assert_int_equal(hub_stats(hub)->behind, 0);
    listener_leave(last);
    assert_false(hub_turn(hub, true));
}

TEST(reads_that_fail_do_not_spin_nor_lose_the_place)
{
    put("room", 100);
    struct listener *a = listen_to("room", EARLIEST);
    struct listener *b = listen_to("room", EARLIEST);
    queue->status = QUEUE_AGAIN;
    size_t reads = queue->reads;
    assert_false(hub_turn(hub, false));
    assert_int_equal(queue->reads, reads + 1); /* the lock is everyone's */
    assert_int_equal(a->count + b->count, 0);
    queue->status = QUEUE_OK;
    turn_all();
    assert_run(a, 1, 100);
    assert_run(b, 1, 100);
}

/* -- looking, as a poll does first -------------------------------------- */

TEST(a_look_finds_what_this_process_has_not_read_yet)
{
    listen_to("room", NOW);
    put("room", 3);
    struct listener *poll = listen_to("room", AFTER(1));
    bool more = true;
    assert_int_equal(hub_look(&poll->subscriber, &more), QUEUE_OK);
    assert_false(more);
    assert_run(poll, 2, 3);
    turn_all(); /* what it has had does not come again by the live way */
    assert_run(poll, 2, 3);
    put("room", 1);
    turn_all();
    assert_run(poll, 2, 4);
}

/* It is live then, and no turn answers a poll before something has come. */
TEST(a_look_that_finds_nothing_waits)
{
    put("room", 3);
    listen_to("room", NOW);
    put("other", 3);
    struct listener *poll = listen_to("room", AFTER(3));
    struct listener *empty = listen_to("empty", EARLIEST);
    bool more = true;
    assert_int_equal(hub_look(&poll->subscriber, &more), QUEUE_OK);
    assert_false(more);
    assert_int_equal(hub_look(&empty->subscriber, &more), QUEUE_OK);
    assert_false(more);
    turn_all();
    assert_int_equal(poll->flushes + empty->flushes, 0);
    put("room", 1);
    turn_all();
    assert_string_equal(heard(poll), "7");
}

TEST(a_look_takes_one_page)
{
    put("room", 65);
    struct listener *poll = listen_to("room", AFTER(0));
    bool more = false;
    assert_int_equal(hub_look(&poll->subscriber, &more), QUEUE_OK);
    assert_true(more);
    assert_run(poll, 1, 64);
    char cursor[CURSOR_SIZE];
    hub_cursor(&poll->subscriber, cursor);
    assert_string_equal(cursor, cursor_of(64));
}

TEST(a_look_that_fails_changes_nothing)
{
    put("room", 5);
    struct listener *poll = listen_to("room", AFTER(2));
    bool more = false;
    queue->status = QUEUE_AGAIN;
    assert_int_equal(hub_look(&poll->subscriber, &more), QUEUE_AGAIN);
    queue->status = QUEUE_OK;
    assert_int_equal(hub_look(&poll->subscriber, &more), QUEUE_OK);
    assert_run(poll, 3, 5);
}

/* -- joining without a look, as a poll that waits may ------------------- */

TEST(who_has_all_that_was_handed_round_joins_without_a_look)
{
    put("room", 3);
    listen_to("room", NOW);
    size_t before = queue->heads + queue->reads + queue->reads_of_all;
    struct listener *poll = listen_live("room", AFTER(3));
    assert_non_null(poll);
    assert_int_equal(queue->heads + queue->reads + queue->reads_of_all, before);
    put("other", 1);
    put("room", 1);
    turn_all();
    assert_string_equal(heard(poll), "5");
}

/* What another process has stored by now is news here in a moment. */
TEST(what_is_newer_than_what_was_handed_round_comes_as_news)
{
    listen_to("room", NOW);
    put("room", 2);
    turn_all();
    put("room", 1);
    struct listener *poll = listen_live("room", AFTER(2));
    assert_non_null(poll);
    turn_all();
    assert_string_equal(heard(poll), "3");
}

TEST(who_has_less_or_more_or_something_else_must_look)
{
    assert_null(listen_live("room", AFTER(0))); /* nobody follows */
    put("room", 3);
    listen_to("room", NOW);
    assert_null(listen_live("room", AFTER(2)));
    assert_null(listen_live("room", AFTER(4)));
    assert_null(listen_live("room", NOW));
    assert_null(listen_live("room", EARLIEST));
    assert_null(listen_live("room", CURSOR("3-zzzzzzzz")));
    assert_null(listen_live("room", CURSOR("nonsense")));
}

/* Or it would wait for what is not going to come, and not be told why. */
TEST(who_comes_while_the_file_cannot_be_read_must_look)
{
    put("room", 3);
    listen_to("room", NOW);
    queue->status = QUEUE_UNUSABLE;
    hub_turn(hub, true);
    assert_null(listen_live("room", AFTER(3)));
    queue->status = QUEUE_OK;
    turn_all();
    assert_non_null(listen_live("room", AFTER(3)));
}

RUN(HUB_TEST(a_cursor_is_read_on_from), HUB_TEST(earliest_is_all_that_is_kept),
    HUB_TEST(last_is_counted_over_the_channels_together),
    HUB_TEST(history_comes_a_page_a_turn),
    HUB_TEST(a_page_has_so_many_bytes_and_at_least_one_message),
    HUB_TEST(what_is_published_while_one_reads_on_comes_once_and_in_order),
    HUB_TEST(the_hand_over_neither_repeats_nor_skips),
    HUB_TEST(one_page_each_in_turn), HUB_TEST(pages_of_one_turn_are_limited),
    HUB_TEST(who_is_live_does_not_wait_for_those_behind),
    HUB_TEST(who_is_full_is_left_alone_until_its_socket_drains),
    HUB_TEST(one_who_stalls_in_history_goes_on_where_it_was),
    HUB_TEST(what_does_not_fit_in_one_write_is_offered_again),
    HUB_TEST(history_that_does_not_fit_in_one_write_is_offered_again),
    HUB_TEST(a_socket_that_fills_in_mid_burst_loses_nothing),
    HUB_TEST(draining_of_who_is_not_full_changes_nothing),
    HUB_TEST(whatever_the_sockets_do_all_is_given_once_and_in_order),
    HUB_TEST(one_may_leave_from_any_state),
    HUB_TEST(reads_that_fail_do_not_spin_nor_lose_the_place),
    HUB_TEST(a_look_finds_what_this_process_has_not_read_yet),
    HUB_TEST(a_look_that_finds_nothing_waits), HUB_TEST(a_look_takes_one_page),
    HUB_TEST(a_look_that_fails_changes_nothing),
    HUB_TEST(who_has_all_that_was_handed_round_joins_without_a_look),
    HUB_TEST(what_is_newer_than_what_was_handed_round_comes_as_news),
    HUB_TEST(who_has_less_or_more_or_something_else_must_look),
    HUB_TEST(who_comes_while_the_file_cannot_be_read_must_look))

/* Cursors that the file cannot honour, and another file in its place. */
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

/* -- at the start ------------------------------------------------------- */

TEST(a_cursor_that_cannot_be_honoured_is_told_at_once_and_once)
{
    put("room", 5);
    fake_queue_prune(queue, "room", 2);
    static const char *const cursors[] = {"3-otherone",
                                          "6-epoch001",
                                          "999999999999-epoch001",
                                          "nonsense",
                                          "3",
                                          "-1-epoch001",
                                          "03-epoch001",
                                          "9007199254740993-epoch001"};
    for (size_t i = 0; i < COUNT_OF(cursors); i++) {
        struct listener *a = listen_to("room", CURSOR(cursors[i]));
        assert_true(a->lost_at_start);
        turn_all();
        assert_string_equal(heard(a), "3 4 5");
        listener_leave(a);
    }
    assert_int_equal(hub_stats(hub)->lost, 0); /* the transport has said it */
}

TEST(a_lost_cursor_s_follower_is_told_of_what_is_pruned_afterwards)
{
    put("room", 200);
    fake_queue_prune(queue, "room", 50);
    struct listener *a = listen_to("room", CURSOR("x"));
    a->is_blocked = true;
    turn_all();
    size_t had = a->count;
    fake_queue_prune(queue, "room", 199);
    listener_drain(a);
    turn_all();
    assert_int_equal(a->ids[had], LISTENER_LOSS);
    assert_int_equal(a->ids[had + 1], 200);
}

TEST(a_cursor_before_what_is_kept_is_told_with_the_first_page)
{
    put("room", 10);
    fake_queue_prune(queue, "room", 7);
    struct listener *before = listen_to("room", AFTER(3));
    struct listener *edge = listen_to("room", AFTER(7));
    assert_false(before->lost_at_start);
    turn_all();
    assert_string_equal(heard(before), "lost 8 9 10");
    assert_string_equal(heard(edge), "8 9 10");
}

TEST(a_cursor_at_the_head_is_good)
{
    put("room", 5);
    struct listener *a = listen_to("room", AFTER(5));
    struct listener *zero = listen_to("quiet", CURSOR("0-epoch001"));
    turn_all();
    assert_false(a->lost_at_start);
    assert_false(zero->lost_at_start);
    assert_string_equal(heard(a), "");
}

TEST(a_channel_that_never_was_loses_nothing)
{
    put("room", 100);
    fake_queue_prune(queue, "room", 99);
    struct listener *a = listen_to("quiet", AFTER(3));
    turn_all();
    assert_string_equal(heard(a), "");
}

/* -- another file while running ----------------------------------------- */

static void
replace(const char *epoch, int64_t head_id, int messages)
{
    fake_queue_replace(queue, epoch, head_id);
    put("room", messages);
}

TEST(another_file_is_told_once_to_everyone)
{
    struct listener *live = listen_to("room", NOW);
    struct listener *full = listen_to("room", NOW);
    struct listener *both = listen_to("other,room", NOW);
    full->is_blocked = true;
    put("room", 100);
    turn_all();
    struct listener *behind = listen_to("room", AFTER(0));
    hub_turn(hub, false);
    size_t had = behind->count;
    assert_int_equal(had, 64);
    replace("epoch002", 0, 3);
    turn_all();
    listener_drain(full);
    turn_all();
    const struct listener *all[] = {live, full, both, behind};
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        size_t before = all[i] == behind ? had : 100;
        assert_int_equal(all[i]->count, before + 4);
        assert_int_equal(all[i]->ids[before], LISTENER_LOSS);
        for (int id = 1; id <= 3; id++)
            assert_int_equal(all[i]->ids[before + (size_t)id], id);
        assert_non_null(strstr(all[i]->lost_cursor, "-epoch002"));
    }
    put("room", 1);
    turn_all();
    assert_int_equal(live->ids[104], 4);
    assert_int_equal(hub_stats(hub)->lost, 4);
}

TEST(another_file_with_the_same_head_is_noticed)
{
    struct listener *a = listen_to("room", NOW);
    put("room", 3);
    turn_all();
    replace("epoch002", 0, 3);
    turn_all();
    assert_string_equal(heard(a), "1 2 3 lost 1 2 3");
}

TEST(an_empty_file_is_told_too)
{
    struct listener *a = listen_to("room", NOW);
    put("room", 3);
    turn_all();
    replace("epoch002", 0, 0);
    turn_all();
    assert_string_equal(heard(a), "1 2 3 lost");
    put("room", 1);
    turn_all();
    assert_string_equal(heard(a), "1 2 3 lost 1");
}

TEST(a_file_that_goes_on_under_a_new_epoch_is_told)
{
    struct listener *a = listen_to("room", NOW);
    put("room", 3);
    turn_all();
    strcpy(queue->head.epoch, "epoch002"); /* --new-epoch: all is kept */
    turn_all();
    assert_string_equal(heard(a), "1 2 3 lost 1 2 3");
    char cursor[CURSOR_SIZE];
    hub_cursor(&a->subscriber, cursor);
    assert_string_equal(cursor, "3-epoch002");
}

/* The newcomer sees the new file first; the others are told all the same. */
TEST(a_newcomer_who_finds_another_file_leaves_nobody_untold)
{
    struct listener *old = listen_to("room", NOW);
    put("room", 3);
    turn_all();
    replace("epoch002", 0, 2);
    struct listener *fresh = listen_to("room", NOW);
    turn_all();
    put("room", 1);
    turn_all();
    assert_string_equal(heard(old), "1 2 3 lost 1 2 3");
    assert_string_equal(heard(fresh), "3");
}

TEST(nobody_is_told_of_a_file_that_changed_while_nobody_followed)
{
    struct listener *a = listen_to("room", NOW);
    put("room", 3);
    turn_all();
    listener_leave(a);
    replace("epoch002", 0, 2);
    a = listen_to("room", EARLIEST);
    turn_all();
    assert_string_equal(heard(a), "1 2");
    assert_int_equal(hub_stats(hub)->lost, 0);
}

/* The file changes between the question after its epoch and the reading: not
 * one row of the new file goes out under an old cursor. */
static int reads_until_replaced;

static void
replace_at_read(void)
{
    if (reads_until_replaced-- == 0)
        replace("epoch002", 0, 400);
}

TEST(a_file_that_changes_in_mid_turn_mixes_nothing)
{
    for (int at = 0; at < 7; at++) {
        if (at) {
            hub_test_end(NULL);
            hub_test_begin(NULL);
        }
        put("room", 150);
        struct listener *live = listen_to("room", NOW);
        struct listener *behind = listen_to("room", AFTER(0));
        put("room", 100);
        reads_until_replaced = at;
        queue->on_read = replace_at_read;
        for (int turn = 0; turn < 20; turn++)
            hub_turn(hub, turn < 2);
        queue->on_read = NULL;
        turn_all();
        assert_true(reads_until_replaced < 0);
        const struct listener *all[] = {live, behind};
        for (int i = 0; i < 2; i++) {
            const struct listener *one = all[i];
            assert_true(one->count >= 401);
            assert_false(one->was_misled);
            const int64_t *tail = one->ids + one->count - 401;
            assert_int_equal(tail[0], LISTENER_LOSS);
            for (int id = 1; id <= 400; id++)
                assert_int_equal(tail[id], id);
            /* Before it: the old file's, in order. */
            int64_t first = one == live ? 151 : 1;
            for (size_t k = 0; k < one->count - 401; k++)
                assert_int_equal(one->ids[k], first + (int64_t)k);
        }
    }
}

RUN(HUB_TEST(a_cursor_that_cannot_be_honoured_is_told_at_once_and_once),
    HUB_TEST(a_lost_cursor_s_follower_is_told_of_what_is_pruned_afterwards),
    HUB_TEST(a_cursor_before_what_is_kept_is_told_with_the_first_page),
    HUB_TEST(a_cursor_at_the_head_is_good),
    HUB_TEST(a_channel_that_never_was_loses_nothing),
    HUB_TEST(another_file_is_told_once_to_everyone),
    HUB_TEST(another_file_with_the_same_head_is_noticed),
    HUB_TEST(an_empty_file_is_told_too),
    HUB_TEST(a_file_that_goes_on_under_a_new_epoch_is_told),
    HUB_TEST(a_newcomer_who_finds_another_file_leaves_nobody_untold),
    HUB_TEST(nobody_is_told_of_a_file_that_changed_while_nobody_followed),
    HUB_TEST(a_file_that_changes_in_mid_turn_mixes_nothing))

#include "../support/queue_help.h"

#include "base/clock.h"

#include "check.h"

static struct place place;
static struct sent sent;
static struct seen seen;
static struct queue *queue;

static int
set_up(void **state)
{
    (void)state;
    place_make(&place);
    seen.wanted = NULL;
    seen_reset(&seen);
    queue = queue_open(&place.options);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    queue_close(queue);
    place_remove(&place);
    return 0;
}

static void
publish_many(const char *channel, int count)
{
    hand_over(queue, &sent, channel, "x", (size_t)count, NULL);
    await(queue, &sent);
    assert_int_equal(sent.outcome.status, QUEUE_OK);
}

TEST(several_channels_are_read_in_one_order)
{
    static const char *const names[] = {"a", "b", "c"};
    for (int i = 0; i < 30; i++)
        publish(queue, names[i % 3], "x");
    assert_int_equal(read_to_end(queue, &seen, "a,c,unknown", 0, 7), 3);
    assert_int_equal(seen.rows, 20);
    for (size_t i = 0; i < seen.rows; i++)
        assert_string_not_equal(seen.row[i].channel, "b");
    assert_int_equal(seen.lost, 0);
}

TEST(a_page_ends_at_its_bounds)
{
    publish_many("a", 10);
    struct queue_page page = read_page(queue, &seen, "a", 0, 4);
    assert_true(page.more);
    assert_int_equal(page.reached_id, 4);
    assert_int_equal(page.head_id, 10);
    page = read_page(queue, &seen, "a", 4, 6);
    assert_false(page.more);
    assert_int_equal(page.reached_id, 10);
    seen_reset(&seen);
    struct queue_reader reader = seen_reader(&seen);
    page = (struct queue_page){
        .after_id = 2, .upto_id = 5, .rows_max = 100, .bytes_max = 100};
    assert_int_equal(queue_read_all(queue, &page, &reader), QUEUE_OK);
    assert_int_equal(seen.rows, 3);
    assert_int_equal(page.reached_id, 5);
    assert_false(page.more);
    page.after_id = 20;
    page.upto_id = INT64_MAX;
    assert_int_equal(queue_read_all(queue, &page, &reader), QUEUE_OK);
    assert_int_equal(page.reached_id, 20);
    assert_int_equal(seen.rows, 3);
}

TEST(a_row_larger_than_the_page_comes_alone)
{
    char large[1001];
    memset(large, 'x', 1000);
    large[1000] = '\0';
    publish(queue, "a", "1");
    publish(queue, "a", large);
    publish(queue, "a", "3");
    static const int64_t reached[] = {1, 2, 3};
    for (int i = 0; i < 2; i++) {
        int64_t after_id = 0;
        for (int j = 0; j < 3; j++) {
            seen_reset(&seen);
            struct queue_reader reader = seen_reader(&seen);
            struct queue_page page = {.after_id = after_id,
                                      .upto_id = INT64_MAX,
                                      .rows_max = 9,
                                      .bytes_max = 100};
            const char *names[] = {"a"};
            assert_int_equal(i ? queue_read(queue, names, 1, &page, &reader)
                               : queue_read_all(queue, &page, &reader),
                             QUEUE_OK);
            assert_int_equal(seen.rows, 1);
            assert_int_equal(page.reached_id, reached[j]);
            assert_int_equal(page.more, j < 2);
            after_id = page.reached_id;
        }
    }
}

TEST(unwanted_channels_are_passed_over)
{
    publish_many("a", 5);
    publish_many("b", 5);
    publish_many("a", 5);
    seen.wanted = "b";
    struct queue_page page = read_page(queue, &seen, NULL, 0, 100);
    assert_int_equal(seen.rows, 5);
    assert_int_equal(page.reached_id, 15);
}

TEST(the_newest_of_several_channels_are_counted_together)
{
    static const char *const names[] = {"a", "b"};
    int64_t id;
    publish_many("a", 5); /* 1 … 5 */
    publish_many("c", 5);
    publish_many("b", 5); /* 11 … 15 */
    assert_int_equal(queue_last(queue, names, 2, 0, &id), QUEUE_OK);
    assert_int_equal(id, 15);
    assert_int_equal(queue_last(queue, names, 2, 5, &id), QUEUE_OK);
    assert_int_equal(id, 5);
    assert_int_equal(queue_last(queue, names, 2, 7, &id), QUEUE_OK);
    assert_int_equal(id, 3);
    assert_int_equal(queue_last(queue, names, 2, 10, &id), QUEUE_OK);
    assert_int_equal(id, 0);
    assert_int_equal(queue_last(queue, names, 2, INT64_MAX, &id), QUEUE_OK);
    assert_int_equal(id, 0);
    assert_int_equal(queue_last(queue, names, 1, 1, &id), QUEUE_OK);
    assert_int_equal(id, 4);
}

TEST(bounds_tell_what_is_kept)
{
    struct queue_bounds bounds;
    publish_many("b", 3);
    publish_many("a", 5);
    assert_int_equal(queue_bounds(queue, "a", &bounds), QUEUE_OK);
    assert_int_equal(bounds.messages, 5);
    assert_int_equal(bounds.first_id, 4);
    assert_int_equal(bounds.last_id, 8);
    assert_int_equal(bounds.pruned_id, 0);
    assert_int_equal(queue_bounds(queue, "unknown", &bounds), QUEUE_OK);
    assert_int_equal(bounds.messages, 0);
    assert_int_equal(bounds.first_id, 0);
    foreign(&place, "DELETE FROM message WHERE channel = 'a' AND id < 7");
    assert_int_equal(queue_bounds(queue, "a", &bounds), QUEUE_OK);
    assert_int_equal(bounds.messages, 2);
    assert_int_equal(bounds.first_id, 7);
    assert_int_equal(bounds.pruned_id, 6);
}

TEST(a_loss_is_told_before_the_rows_behind_it)
{
    publish_many("a", 5); /* 1 … 5 */
    publish_many("b", 5); /* 6 … 10 */
    publish_many("a", 5); /* 11 … 15 */
    foreign(&place, "DELETE FROM message WHERE id BETWEEN 7 AND 8");
    read_to_end(queue, &seen, NULL, 0, 100);
    assert_int_equal(seen.rows, 13);
    assert_int_equal(seen.lost, 1);
    assert_string_equal(seen.loss[0].channel, "b");
    assert_int_equal(seen.loss[0].pruned_id, 8);
    assert_int_equal(seen.loss[0].rows_before, 6);
    seen_reset(&seen);
    read_to_end(queue, &seen, "a,b", 0, 100);
    assert_int_equal(seen.rows, 13);
    assert_int_equal(seen.lost, 1);
    assert_true(seen.loss[0].rows_before <= 6);
    seen_reset(&seen);
    read_to_end(queue, &seen, "a", 0, 100);
    assert_int_equal(seen.rows, 10);
    assert_int_equal(seen.lost, 0);
    seen_reset(&seen);
    read_to_end(queue, &seen, "b", 8, 100);
    assert_int_equal(seen.lost, 0);
    seen_reset(&seen);
    read_to_end(queue, &seen, "b", 7, 100);
    assert_int_equal(seen.lost, 1);
}

TEST(a_loss_at_the_end_of_the_file_is_told)
{
    publish_many("a", 5);
    publish_many("b", 5);
    foreign(&place, "DELETE FROM message WHERE channel = 'b'");
    struct queue_page page = read_page(queue, &seen, NULL, 5, 100);
    assert_int_equal(seen.rows, 0);
    assert_int_equal(seen.lost, 1);
    assert_int_equal(page.reached_id, 10);
    assert_false(page.more);
    seen_reset(&seen);
    read_to_end(queue, &seen, NULL, 3, 100);
    assert_int_equal(seen.rows, 2);
    assert_int_equal(seen.lost, 1);
    assert_int_equal(seen.loss[0].rows_before, 2);
    seen_reset(&seen);
    read_to_end(queue, &seen, "b", 0, 100);
    assert_int_equal(seen.lost, 1);
    assert_int_equal(seen.loss[0].pruned_id, 10);
}

TEST(an_emptied_file_still_knows_its_head)
{
    publish_many("a", 5);
    foreign(&place, "DELETE FROM message");
    struct queue_head head;
    assert_int_equal(queue_head(queue, &head), QUEUE_OK);
    assert_int_equal(head.id, 5);
    assert_int_equal(publish(queue, "a", "x"), 6);
}

TEST(a_gap_without_a_loss_is_no_loss)
{
    publish_many("a", 5);
    foreign(&place, "UPDATE sqlite_sequence SET seq = seq + 1000000"
                    " WHERE name = 'message'");
    publish_many("a", 5);
    struct queue_page page = read_page(queue, &seen, NULL, 0, 100);
    assert_int_equal(seen.rows, 10);
    assert_int_equal(seen.lost, 0);
    assert_false(page.more);
    assert_int_equal(page.reached_id, 1000010);
}

TEST(more_channels_than_can_be_named_are_every_channel)
{
    assert_int_equal(
        foreign(&place,
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                " WHERE i < 1001) INSERT INTO message(channel) SELECT 'c' || i"
                " FROM n"),
        SQLITE_OK);
    publish(queue, "a", "x");
    foreign(&place, "DELETE FROM message WHERE channel IN ('c1', 'c1001')");
    read_to_end(queue, &seen, NULL, 0, 2000);
    assert_int_equal(seen.lost, 2);
    assert_string_equal(seen.loss[0].channel, "c1");
    assert_string_equal(seen.loss[1].channel, "c1001");
    foreign(&place, "DELETE FROM message WHERE channel LIKE 'c%'");
    seen_reset(&seen);
    read_to_end(queue, &seen, NULL, 0, 2000);
    assert_int_equal(seen.lost, 1);
    assert_string_equal(seen.loss[0].channel, "*");
    assert_int_equal(seen.rows, 1);
}

TEST(the_floor_is_the_mark_of_a_channel_that_is_forgotten)
{
    publish_many("a", 5);
    publish_many("b", 5);
    foreign(&place, "DELETE FROM message WHERE channel = 'a'");
    foreign(&place, "DELETE FROM channel WHERE name = 'a';"
                    "UPDATE state SET floor = 5");
    read_to_end(queue, &seen, "a", 0, 100);
    assert_int_equal(seen.lost, 1);
    assert_int_equal(seen.loss[0].pruned_id, 5);
    seen_reset(&seen);
    read_to_end(queue, &seen, "b", 0, 100);
    assert_int_equal(seen.lost, 0);
    seen_reset(&seen);
    read_to_end(queue, &seen, NULL, 0, 100);
    assert_int_equal(seen.lost, 1);
    assert_string_equal(seen.loss[0].channel, "*");
    assert_int_equal(seen.rows, 5);
    seen_reset(&seen);
    read_to_end(queue, &seen, "a", 5, 100);
    assert_int_equal(seen.lost, 0);
    publish(queue, "a", "x"); /* a new row begins at the floor */
    struct queue_bounds bounds;
    assert_int_equal(queue_bounds(queue, "a", &bounds), QUEUE_OK);
    assert_int_equal(bounds.pruned_id, 5);
}

/* What is read while somebody else holds a lock, and while nobody reads. */
TEST(reading_waits_for_nobody)
{
    publish_many("a", 5);
    sqlite3 *db;
    sqlite3_open(place.path, &db);
    sqlite3_exec(db,
                 "BEGIN IMMEDIATE; INSERT INTO message(channel)"
                 " VALUES ('a')",
                 NULL, NULL, NULL);
    int64_t before_us = clock_monotonic_us();
    read_to_end(queue, &seen, NULL, 0, 100);
    assert_int_equal(seen.rows, 5);
    assert_true(clock_monotonic_us() - before_us < 2000000);
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    assert_int_equal(sqlite3_wal_checkpoint_v2(
                         db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
}

TEST(reads_that_are_kept_together_see_one_file)
{
    struct queue_head head;
    publish_many("a", 2);
    queue_begin_reads(queue, false);
    assert_int_equal(queue_head(queue, &head), QUEUE_OK);
    assert_int_equal(head.id, 2);
    publish_many("a", 1);
    read_to_end(queue, &seen, "a", 0, 100);
    assert_int_equal(seen.rows, 2);
    assert_int_equal(queue_head(queue, &head), QUEUE_OK);
    assert_int_equal(head.id, 2);
    queue_end_reads(queue);
    seen_reset(&seen);
    read_to_end(queue, &seen, "a", 0, 100);
    assert_int_equal(seen.rows, 3);
}

static int64_t
head_between(bool may_be_older)
{
    struct queue_head head;
    queue_begin_reads(queue, may_be_older);
    assert_int_equal(queue_head(queue, &head), QUEUE_OK);
    queue_end_reads(queue);
    return head.id;
}

TEST(an_older_view_is_for_who_takes_it_and_until_the_turn_ends)
{
    struct queue_head head;
    publish_many("a", 2);
    assert_int_equal(head_between(true), 2);
    publish_many("a", 1);
    assert_int_equal(head_between(true), 2);
    assert_int_equal(head_between(false), 3);
    publish_many("a", 1);
    assert_int_equal(head_between(true), 3);
    queue_end_turn(queue);
    assert_int_equal(head_between(true), 4);
    publish_many("a", 1);
    assert_int_equal(queue_head(queue, &head), QUEUE_OK);
    assert_int_equal(head.id, 5);
    assert_int_equal(head_between(true), 5);
}

TEST(who_looks_for_changes_is_not_held_back_by_a_view)
{
    queue_look(queue);
    assert_int_equal(head_between(true), 0);
    sqlite3 *db;
    sqlite3_open(place.path, &db);
    sqlite3_exec(db, "INSERT INTO message(channel) VALUES ('a')", NULL, NULL,
                 NULL);
    assert_true(queue_look(queue));
    sqlite3_close(db);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

RUN(CASE(several_channels_are_read_in_one_order),
    CASE(a_page_ends_at_its_bounds),
    CASE(a_row_larger_than_the_page_comes_alone),
    CASE(unwanted_channels_are_passed_over),
    CASE(the_newest_of_several_channels_are_counted_together),
    CASE(bounds_tell_what_is_kept),
    CASE(a_loss_is_told_before_the_rows_behind_it),
    CASE(a_loss_at_the_end_of_the_file_is_told),
    CASE(an_emptied_file_still_knows_its_head),
    CASE(a_gap_without_a_loss_is_no_loss),
    CASE(more_channels_than_can_be_named_are_every_channel),
    CASE(the_floor_is_the_mark_of_a_channel_that_is_forgotten),
    CASE(reading_waits_for_nobody),
    CASE(reads_that_are_kept_together_see_one_file),
    CASE(an_older_view_is_for_who_takes_it_and_until_the_turn_ends),
    CASE(who_looks_for_changes_is_not_held_back_by_a_view))

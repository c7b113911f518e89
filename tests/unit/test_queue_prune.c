/* Retention and checkpoints. */
#include "../support/queue_help.h"

#include "base/clock.h"

#include "check.h"

#include <sys/stat.h>
#include <time.h>

static struct place place;
static struct seen seen;
static struct sent sent;

#define DAY_MS INT64_C(86400000)

static int64_t wall_ms, monotonic_us;

static int
set_up(void **state)
{
    (void)state;
    place_make(&place);
    seen.wanted = NULL;
    seen_reset(&seen);
    wall_ms = (int64_t)time(NULL) * 1000; /* others' clock is not faked */
    monotonic_us = 1000000000;
    clock_fake(wall_ms, monotonic_us);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    place_remove(&place);
    return 0;
}

static void
pass_time(int64_t wall_by_ms, int64_t monotonic_by_ms)
{
    wall_ms += wall_by_ms;
    monotonic_us += monotonic_by_ms * 1000;
    clock_fake(wall_ms, monotonic_us);
}

struct expected {
    const char *channel;
    int64_t kept;
};

static int64_t
kept(struct queue *queue, const char *channel)
{
    struct queue_bounds bounds;
    assert_int_equal(queue_bounds(queue, channel, &bounds), QUEUE_OK);
    return bounds.messages;
}

static bool
keeps(struct queue *queue, void *context)
{
    const struct expected *expected = context;
    return kept(queue, expected->channel) == expected->kept;
}

static void
assert_comes_to_keep(struct queue *queue, const char *channel, int64_t count)
{
    struct expected expected = {channel, count};
    if (!wait_until(queue, keeps, &expected))
        fail_msg("%s keeps %lld, not %lld", channel,
                 (long long)kept(queue, channel), (long long)count);
}

/* One thing that is due is done after each append. */
static void
settle(struct queue *queue)
{
    for (int i = 0; i < 40; i++)
        publish(queue, "settle", "x");
}

TEST(a_channel_keeps_its_newest_when_the_limit_is_passed_by_a_twentieth)
{
    place.options.keep_messages = 100;
    struct queue *queue = queue_open(&place.options);
    hand_over(queue, &sent, "a", "x", 105, NULL);
    await(queue, &sent);
    settle(queue);
    assert_int_equal(kept(queue, "a"), 105);
    publish(queue, "a", "x");
    assert_comes_to_keep(queue, "a", 100);
    struct queue_bounds bounds;
    assert_int_equal(queue_bounds(queue, "a", &bounds), QUEUE_OK);
    assert_int_equal(bounds.pruned_id, 6);
    assert_int_equal(bounds.first_id, 7);
    read_to_end(queue, &seen, "a", 0, 64);
    assert_int_equal(seen.rows, 100);
    assert_int_equal(seen.lost, 1);
    assert_int_equal(seen.loss[0].rows_before, 0);
    queue_close(queue);
}

TEST(a_channel_of_one_message_tells_each_follower_it_overtakes)
{
    place.options.keep_messages = 1;
    struct queue *queue = queue_open(&place.options);
    int64_t after_id = 0, last_id = 0;
    for (int i = 0; i < 50; i++) {
        hand_over(queue, &sent, "a", "x", 3, NULL);
        await(queue, &sent);
        last_id = sent.outcome.first_id + 2;
        seen_reset(&seen);
        struct queue_page page = read_page(queue, &seen, "a", after_id, 64);
        if (seen.rows < (size_t)(last_id - after_id))
            assert_int_equal(seen.lost, 1);
        else
            assert_int_equal(seen.lost, 0);
        assert_int_equal(page.reached_id, last_id);
        after_id = last_id;
    }
    assert_comes_to_keep(queue, "a", 1);
    queue_close(queue);
}

TEST(what_is_older_than_its_age_goes)
{
    struct queue *queue = queue_open(&place.options);
    hand_over(queue, &sent, "a", "x", 500, NULL);
    await(queue, &sent);
    pass_time(6 * DAY_MS, 6 * DAY_MS);
    publish(queue, "b", "x");
    settle(queue);
    assert_int_equal(kept(queue, "a"), 500);
    pass_time(DAY_MS + 1, DAY_MS + 1);
    publish(queue, "b", "x");
    assert_comes_to_keep(queue, "a", 0);
    assert_int_equal(kept(queue, "b"), 2);
    read_to_end(queue, &seen, "a", 0, 64);
    assert_int_equal(seen.rows, 0);
    assert_int_equal(seen.lost, 1);
    queue_close(queue);
}

TEST(a_clock_that_jumps_forward_empties_nothing_at_once)
{
    struct queue *queue = queue_open(&place.options);
    hand_over(queue, &sent, "a", "x", 500, NULL);
    await(queue, &sent);
    pass_time(3650 * DAY_MS, 10000);
    publish(queue, "b", "x");
    settle(queue);
    assert_int_equal(kept(queue, "a"), 500);
    pass_time(3600000, 3600000);
    publish(queue, "b", "x");
    settle(queue);
    assert_int_equal(kept(queue, "a"), 500);
    queue_close(queue);
    queue = queue_open(&place.options); /* a restart changes nothing */
    publish(queue, "b", "x");
    settle(queue);
    assert_int_equal(kept(queue, "a"), 500);
    pass_time(2 * 3600000, 2 * 3600000);
    publish(queue, "b", "x");
    assert_comes_to_keep(queue, "a", 0);
    queue_close(queue);
}

TEST(a_clock_that_is_set_back_empties_nothing)
{
    struct queue *queue = queue_open(&place.options);
    publish(queue, "a", "x");
    pass_time(-3650 * DAY_MS, 10000);
    publish(queue, "a", "x");
    settle(queue);
    pass_time(3650 * DAY_MS, 10000);
    publish(queue, "a", "x");
    settle(queue);
    assert_true(kept(queue, "a") >= 2);
    queue_close(queue);
}

TEST(the_channels_used_least_are_forgotten_the_empty_ones_first)
{
    char name[32];
    place.options.keep_channels = 20;
    struct queue *queue = queue_open(&place.options);
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "c%d", i);
        publish(queue, name, "x");
    }
    publish(queue, "c0", "x"); /* now c1 is used least */
    foreign(&place, "DELETE FROM message WHERE channel = 'c9'");
    for (int i = 20; i < 23; i++) {
        snprintf(name, sizeof(name), "c%d", i);
        publish(queue, name, "x");
        pass_time(3000, 3000);
    }
    settle(queue);
    assert_comes_to_keep(queue, "c1", 0);
    assert_in_range(foreign_number(&place, "SELECT count(*) FROM channel"), 20,
                    21);
    assert_int_equal(kept(queue, "c0"), 2);
    assert_int_equal(kept(queue, "c8"), 1);
    assert_int_equal(foreign_number(&place, "SELECT count(*) FROM channel"
                                            " WHERE name = 'c9'"),
                     0);
    read_to_end(queue, &seen, "c1", 0, 10);
    assert_int_equal(seen.lost, 1);
    assert_int_equal(seen.rows, 0);
    queue_close(queue);
}

static bool
is_small(struct queue *queue, void *context)
{
    (void)context;
    return kept(queue, "a") + kept(queue, "b") <= 36; /* and a twentieth */
}

TEST(the_file_stays_within_its_bytes)
{
    static char large[60001];
    memset(large, 'x', sizeof(large) - 1);
    place.options.keep_bytes = 2 << 20;
    place.options.synchronous = QUEUE_SYNC_NORMAL;
    struct queue *queue = queue_open(&place.options);
    for (int i = 0; i < 200; i++)
        publish(queue, i % 2 ? "a" : "b", large);
    pass_time(3000, 3000);
    publish(queue, "a", large);
    assert_true(wait_until(queue, is_small, NULL));
    struct queue_bounds bounds;
    assert_int_equal(queue_bounds(queue, "a", &bounds), QUEUE_OK);
    assert_int_equal(bounds.last_id, 201);
    assert_true(kept(queue, "a") + kept(queue, "b") >= 20);
    int64_t size = foreign_number(&place, "SELECT page_count * 4096 FROM"
                                          " pragma_page_count");
    assert_in_range(size, 1 << 20, 4 << 20);
    queue_close(queue);
}

TEST(what_others_write_is_pruned_too)
{
    place.options.keep_messages = 100;
    struct queue *queue = queue_open(&place.options);
    publish(queue, "a", "x");
    assert_int_equal(
        foreign(
            &place,
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
            " WHERE i < 1000) INSERT INTO message(channel) SELECT 'f' FROM n"),
        SQLITE_OK);
    pass_time(3000, 3000);
    publish(queue, "a", "x");
    assert_comes_to_keep(queue, "f", 100);
    assert_int_equal(foreign_number(&place, "SELECT count(*) FROM message"
                                            " WHERE channel = 'f'"),
                     100);
    queue_close(queue);
}

TEST(keys_are_forgotten_after_their_time)
{
    struct queue *queue = queue_open(&place.options);
    hand_over(queue, &sent, "a", "x", 1, "key");
    await(queue, &sent);
    pass_time(DAY_MS - 1000, DAY_MS - 1000);
    settle(queue);
    hand_over(queue, &sent, "a", "x", 1, "key");
    await(queue, &sent);
    assert_true(sent.outcome.repeated);
    pass_time(4000, 4000);
    settle(queue);
    hand_over(queue, &sent, "a", "x", 1, "key");
    await(queue, &sent);
    assert_int_equal(sent.outcome.status, QUEUE_OK);
    assert_false(sent.outcome.repeated);
    queue_close(queue);
}

static int64_t
wal_size(void)
{
    char path[128];
    struct stat status;
    place_file(&place, "-wal", path, sizeof(path));
    return stat(path, &status) == 0 ? status.st_size : 0;
}

static void
publish_megabytes(struct queue *queue, int count)
{
    static char large[60001];
    memset(large, 'x', sizeof(large) - 1);
    for (int i = 0; i < count; i++) {
        hand_over(queue, &sent, "a", large, 17, NULL);
        await(queue, &sent);
        assert_int_equal(sent.outcome.status, QUEUE_OK);
    }
}

TEST(the_wal_is_bounded_under_load_and_cut_after_a_long_reader)
{
    place.options.keep_messages = 50;
    place.options.synchronous = QUEUE_SYNC_NORMAL;
    struct queue *queue = queue_open(&place.options);
    publish_megabytes(queue, 60);
    assert_in_range(wal_size(), 1 << 20, 24 << 20);
    sqlite3 *db;
    sqlite3_open(place.path, &db);
    sqlite3_exec(db, "BEGIN; SELECT count(*) FROM message", NULL, NULL, NULL);
    publish_megabytes(queue, 70);
    assert_true(wal_size() > 60 << 20);
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    sqlite3_close(db);
    publish_megabytes(queue, 10);
    settle(queue);
    assert_in_range(wal_size(), 0, 24 << 20);
    queue_close(queue);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

RUN(CASE(a_channel_keeps_its_newest_when_the_limit_is_passed_by_a_twentieth),
    CASE(a_channel_of_one_message_tells_each_follower_it_overtakes),
    CASE(what_is_older_than_its_age_goes),
    CASE(a_clock_that_jumps_forward_empties_nothing_at_once),
    CASE(a_clock_that_is_set_back_empties_nothing),
    CASE(the_channels_used_least_are_forgotten_the_empty_ones_first),
    CASE(the_file_stays_within_its_bytes),
    CASE(what_others_write_is_pruned_too),
    CASE(keys_are_forgotten_after_their_time),
    CASE(the_wal_is_bounded_under_load_and_cut_after_a_long_reader))

#include "../support/queue_help.h"

#include "base/clock.h"

#include "check.h"

#include <fcntl.h>
#include <sys/poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct place place;
static struct sent sents[64];
static struct seen seen;

static int
set_up(void **state)
{
    (void)state;
    place_make(&place);
    seen.wanted = NULL;
    seen_reset(&seen);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    place_remove(&place);
    return 0;
}

TEST(a_new_queue_is_empty_and_usable)
{
    struct queue *queue = queue_open(&place.options);
    struct queue_head head;
    assert_null(queue_trouble(queue));
    assert_int_equal(queue_head(queue, &head), QUEUE_OK);
    assert_int_equal(head.id, 0);
    assert_int_equal(strspn(head.epoch, "abcdefghijklmnopqrstuvwxyz"
                                        "0123456789"),
                     8);
    struct queue_page page = read_page(queue, &seen, NULL, 0, 10);
    assert_int_equal(page.reached_id, 0);
    assert_false(page.more);
    queue_close(queue);
}

TEST(ids_grow_by_one_in_the_order_of_handing_over)
{
    struct queue *queue = queue_open(&place.options);
    for (int i = 0; i < 64; i++)
        hand_over(queue, &sents[i], i % 2 ? "a" : "b", "x", 1, NULL);
    assert_int_equal(queue_appending(queue), 64);
    await_all(queue);
    for (int i = 0; i < 64; i++) {
        assert_int_equal(sents[i].outcome.status, QUEUE_OK);
        assert_int_equal(sents[i].outcome.first_id, i + 1);
        assert_false(sents[i].outcome.repeated);
        assert_true(sents[i].outcome.committed_us > 0);
    }
    read_to_end(queue, &seen, NULL, 0, 10);
    assert_int_equal(seen.rows, 64);
    assert_int_equal(seen.lost, 0);
    queue_close(queue);
}

TEST(what_waits_is_committed_together)
{
    struct queue *queue = queue_open(&place.options);
    publish(queue, "a", "x");
    sqlite3 *db;
    sqlite3_open(place.path, &db);
    sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    for (int i = 0; i < 64; i++)
        hand_over(queue, &sents[i], "a", "x", 1, NULL);
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    sqlite3_close(db);
    await_all(queue);
    struct queue_stats stats;
    queue_stats(queue, &stats);
    assert_int_equal(stats.messages, 65);
    assert_true(stats.commits <= 3);
    queue_close(queue);
}

TEST(a_message_comes_back_as_it_was)
{
    struct queue *queue = queue_open(&place.options);
    static const char bytes[] = "\0\xff\r\n";
    struct sent *sent = &sents[0];
    prepare(sent, "a.b_c~d-E9", "{\"a\":1}", 3, NULL);
    sent->messages[0].type = QUEUE_JSON;
    sent->messages[0].from = "me-1_";
    sent->messages[0].event = "caf\xc3\xa9 au lait";
    sent->messages[1].type = QUEUE_BINARY;
    sent->messages[1].data = bytes;
    sent->messages[1].size_bytes = 4;
    sent->messages[2].data = NULL;
    sent->messages[2].size_bytes = 0;
    int64_t before_ms = clock_wall_ms();
    queue_append(queue, &sent->append);
    await(queue, sent);
    assert_int_equal(sent->outcome.status, QUEUE_OK);
    assert_int_equal(sent->outcome.count, 3);
    int64_t after_id = sent->outcome.first_id - 1;
    read_to_end(queue, &seen, "a.b_c~d-E9", after_id, 10);
    assert_int_equal(seen.rows, 3);
    assert_int_equal(seen.row[0].type, QUEUE_JSON);
    assert_string_equal(seen.row[0].data, "{\"a\":1}");
    assert_string_equal(seen.row[0].from, "me-1_");
    assert_string_equal(seen.row[0].event, "caf\xc3\xa9 au lait");
    assert_string_equal(seen.row[0].channel, "a.b_c~d-E9");
    assert_in_range(seen.row[0].time_ms, before_ms, before_ms + 60000);
    assert_int_equal(seen.row[1].type, QUEUE_BINARY);
    assert_int_equal(seen.row[1].size_bytes, 4);
    assert_string_equal(seen.row[1].from, "");
    assert_int_equal(seen.row[2].size_bytes, 0);
    assert_int_equal(seen.row[2].type, QUEUE_TEXT);
    queue_close(queue);
}

TEST(a_message_that_breaks_the_rules_is_refused_and_the_others_are_stored)
{
    char long_name[200];
    memset(long_name, 'x', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    static const struct queue_message good = {
        .channel = "a", .event = "message", .data = "x", .size_bytes = 1};
    struct queue_message bad[] = {good, good, good, good, good, good, good,
                                  good, good, good, good, good, good, good};
    bad[0].channel = "";
    bad[1].channel = "-a";
    bad[2].channel = "a b";
    bad[3].channel = "a,b";
    bad[4].channel = long_name;
    bad[5].event = "";
    bad[6].event = "a\nb";
    bad[7].event = "earshot.lost";
    bad[8].event = "\xff";
    bad[9].event = long_name;
    bad[10].from = "";
    bad[11].from = "a b";
    bad[12].data = "\xff";
    bad[13].size_bytes = 65537;
    struct queue *queue = queue_open(&place.options);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        prepare(&sents[1], "a", "x", 2, NULL);
        sents[1].messages[1] = bad[i];
        queue_append(queue, &sents[1].append);
        hand_over(queue, &sents[2], "b", "good", 1, NULL);
        await_all(queue);
        assert_int_equal(sents[1].outcome.status, QUEUE_REFUSED);
        assert_int_equal(sents[2].outcome.status, QUEUE_OK);
    }
    read_to_end(queue, &seen, "b", 0, 100);
    assert_int_equal(seen.rows, COUNT_OF(bad));
    queue_close(queue);
}

TEST(one_append_may_go_to_more_channels_than_a_batch_holds)
{
    static char names[SENT_MAX][8];
    struct queue *queue = queue_open(&place.options);
    struct queue_bounds bounds;
    prepare(&sents[0], "a", "x", SENT_MAX, NULL);
    for (int i = 0; i < SENT_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "c%d", i);
        sents[0].messages[i].channel = names[i];
    }
    for (int i = 0; i < SENT_MAX; i += 3)
        sents[0].messages[i].channel = "often";
    queue_append(queue, &sents[0].append);
    hand_over(queue, &sents[1], "often", "x", SENT_MAX, NULL);
    await_all(queue);
    assert_int_equal(sents[0].outcome.first_id, 1);
    assert_int_equal(sents[1].outcome.first_id, SENT_MAX + 1);
    assert_int_equal(queue_bounds(queue, "often", &bounds), QUEUE_OK);
    assert_int_equal(bounds.messages, SENT_MAX / 3 + SENT_MAX);
    assert_int_equal(bounds.last_id, 2 * SENT_MAX);
    assert_int_equal(
        foreign_number(
            &place,
            "SELECT count(*) FROM channel WHERE kept <> (SELECT count(*) FROM"
            " message WHERE channel = name) OR last <> (SELECT max(id) FROM"
            " message WHERE channel = name)"),
        0);
    queue_close(queue);
}

TEST(a_repeat_is_answered_with_the_first_ids_also_after_reopening)
{
    struct queue *queue = queue_open(&place.options);
    hand_over(queue, &sents[0], "a", "x", 3, "key");
    await(queue, &sents[0]);
    hand_over(queue, &sents[1], "a", "x", 3, "key");
    hand_over(queue, &sents[2], "a", "y", 3, "key");
    hand_over(queue, &sents[3], "b", "y", 1, "key");
    await_all(queue);
    assert_int_equal(sents[1].outcome.status, QUEUE_OK);
    assert_true(sents[1].outcome.repeated);
    assert_int_equal(sents[1].outcome.first_id, sents[0].outcome.first_id);
    assert_int_equal(sents[1].outcome.count, 3);
    assert_int_equal(sents[2].outcome.status, QUEUE_KEY_REUSED);
    assert_int_equal(sents[3].outcome.status, QUEUE_OK);
    assert_false(sents[3].outcome.repeated);
    queue_close(queue);
    queue = queue_open(&place.options);
    hand_over(queue, &sents[4], "a", "x", 3, "key");
    await(queue, &sents[4]);
    assert_true(sents[4].outcome.repeated);
    assert_int_equal(sents[4].outcome.first_id, sents[0].outcome.first_id);
    read_to_end(queue, &seen, NULL, 0, 100);
    assert_int_equal(seen.rows, 4);
    queue_close(queue);
}

TEST(a_repeat_in_the_same_transaction_is_stored_once)
{
    struct queue *queue = queue_open(&place.options);
    for (int i = 0; i < 16; i++)
        hand_over(queue, &sents[i], "a", "x", 1, "key");
    await_all(queue);
    int repeats = 0;
    for (int i = 0; i < 16; i++) {
        assert_int_equal(sents[i].outcome.first_id, 1);
        repeats += sents[i].outcome.repeated;
    }
    assert_int_equal(repeats, 15);
    queue_close(queue);
}

TEST(an_append_is_taken_back_until_the_transaction_begins)
{
    struct queue *queue = queue_open(&place.options);
    publish(queue, "a", "x");
    sqlite3 *db;
    sqlite3_open(place.path, &db);
    sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    hand_over(queue, &sents[0], "a", "taken back", 1, NULL);
    hand_over(queue, &sents[1], "a", "left", 1, NULL);
    usleep(300000); /* longer than one wait for the lock */
    assert_true(queue_cancel(queue, &sents[0].append));
    assert_false(queue_cancel(queue, &sents[0].append));
    assert_int_equal(queue_appending(queue), 1);
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    sqlite3_close(db);
    await(queue, &sents[1]);
    assert_false(queue_cancel(queue, &sents[1].append));
    assert_false(sents[0].answered);
    read_to_end(queue, &seen, NULL, 1, 100);
    assert_int_equal(seen.rows, 1);
    assert_string_equal(seen.row[0].data, "left");
    queue_close(queue);
}

TEST(what_one_handle_commits_wakes_the_other)
{
    struct queue *one = queue_open(&place.options);
    struct queue *two = queue_open(&place.options);
    while (queue_dispatch(two))
        ;
    publish(one, "a", "x");
    struct pollfd descriptor = {queue_fd(two), POLLIN, 0};
    assert_int_equal(poll(&descriptor, 1, 5000), 1);
    assert_true(queue_dispatch(two));
    read_to_end(two, &seen, NULL, 0, 10);
    assert_int_equal(seen.rows, 1);
    queue_close(one);
    queue_close(two);
}

static void
ring_by_shell(const char *path)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(futimens(fd, NULL), 0);
    close(fd);
}

TEST(touching_the_bell_rings_it_also_after_it_was_removed)
{
    struct queue *queue = queue_open(&place.options);
    char bell[128];
    place_file(&place, "-bell", bell, sizeof(bell));
    struct pollfd descriptor = {queue_fd(queue), POLLIN, 0};
    while (queue_dispatch(queue))
        ;
    ring_by_shell(bell);
    assert_int_equal(poll(&descriptor, 1, 5000), 1);
    assert_true(queue_dispatch(queue));
    unlink(bell);
    queue_dispatch(queue);
    queue_look(queue);
    while (queue_dispatch(queue))
        ;
    ring_by_shell(bell);
    assert_int_equal(poll(&descriptor, 1, 5000), 1);
    assert_true(queue_dispatch(queue));
    struct queue_stats stats;
    queue_stats(queue, &stats);
    assert_true(stats.bell);
    queue_close(queue);
}

TEST(who_does_not_listen_is_not_woken_and_is_told_so_when_he_listens)
{
    struct queue *queue = queue_open(&place.options);
    char bell[128];
    place_file(&place, "-bell", bell, sizeof(bell));
    struct pollfd descriptor = {queue_fd(queue), POLLIN, 0};
    assert_false(queue_listen(queue, false));
    ring_by_shell(bell);
    while (poll(&descriptor, 1, 50) == 1) /* the last ring, perhaps */
        queue_dispatch(queue);
    ring_by_shell(bell);
    assert_int_equal(poll(&descriptor, 1, 50), 0);
    assert_int_equal(publish(queue, "a", "x"), 1);
    assert_true(queue_listen(queue, true));
    assert_false(queue_listen(queue, true));
    while (queue_dispatch(queue))
        ;
    ring_by_shell(bell);
    assert_int_equal(poll(&descriptor, 1, 5000), 1);
    assert_true(queue_dispatch(queue));
    queue_close(queue);
}

TEST(without_a_bell_looking_finds_what_others_wrote)
{
    struct queue *one = queue_open(&place.options);
    place.options.bell = false;
    struct queue *two = queue_open(&place.options);
    queue_look(two);
    while (queue_dispatch(two))
        ;
    assert_false(queue_look(two));
    publish(one, "a", "x");
    struct pollfd descriptor = {queue_fd(two), POLLIN, 0};
    assert_int_equal(poll(&descriptor, 1, 50), 0);
    assert_true(queue_look(two));
    assert_false(queue_look(two));
    assert_int_equal(publish(two, "a", "y"), 2);
    queue_close(one);
    queue_close(two);
}

TEST(several_handles_write_one_queue_in_one_order)
{
    struct queue *queues[4];
    for (int i = 0; i < 4; i++)
        queues[i] = queue_open(&place.options);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 4; i++)
            hand_over(queues[i], &sents[i], "a", "x", 5, NULL);
        for (int i = 0; i < 4; i++)
            await(queues[i], &sents[i]);
    }
    struct queue_head heads[4];
    for (int i = 0; i < 4; i++) {
        seen_reset(&seen);
        read_to_end(queues[i], &seen, NULL, 0, 64);
        assert_int_equal(seen.rows, 200);
        assert_int_equal(seen.row[199].id, 200);
        assert_int_equal(queue_head(queues[i], &heads[i]), QUEUE_OK);
        assert_string_equal(heads[i].epoch, heads[0].epoch);
    }
    for (int i = 0; i < 4; i++)
        queue_close(queues[i]);
}

/* In a process of its own: exits 0 when its messages were stored. */
static void
open_and_publish(int start)
{
    char byte;
    (void)!read(start, &byte, 1); /* end-of-file: all begin at once */
    struct queue *queue = queue_open(&place.options);
    bool usable = queue_trouble(queue) == NULL;
    for (int i = 0; usable && i < 20; i++)
        usable = try_publish(queue, "a", "x") == QUEUE_OK;
    queue_close(queue);
    _exit(usable ? 0 : 1);
}

TEST(processes_that_open_a_new_queue_at_once_agree)
{
    int start[2];
    pid_t children[8];
    assert_int_equal(pipe(start), 0);
    for (int i = 0; i < 8; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            close(start[1]);
            open_and_publish(start[0]);
        }
    }
    close(start[0]);
    close(start[1]);
    for (int i = 0; i < 8; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    struct queue *queue = queue_open(&place.options);
    read_to_end(queue, &seen, NULL, 0, 64);
    assert_int_equal(seen.rows, 160);
    assert_int_equal(seen.row[159].id, 160);
    queue_close(queue);
}

TEST(closing_commits_what_was_handed_over)
{
    struct queue *queue = queue_open(&place.options);
    for (int i = 0; i < 64; i++)
        hand_over(queue, &sents[i], "a", "x", 1, NULL);
    queue_close(queue);
    queue = queue_open(&place.options);
    read_to_end(queue, &seen, NULL, 0, 64);
    assert_int_equal(seen.rows, 64);
    queue_close(queue);
}

TEST(files_are_for_the_group_and_not_for_others)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-lock",
                                           "-bell"};
    mode_t before = umask(022);
    struct queue *queue = queue_open(&place.options);
    publish(queue, "a", "x");
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        char path[128];
        struct stat status;
        place_file(&place, suffixes[i], path, sizeof(path));
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0660);
    }
    queue_close(queue);
    umask(before);
}

TEST(a_missing_directory_is_made_for_the_group)
{
    char path[160], directory[128];
    struct stat status;
    snprintf(directory, sizeof(directory), "%s/new", place.directory);
    snprintf(path, sizeof(path), "%s/q", directory);
    place.options.path = path;
    struct queue *queue = queue_open(&place.options);
    assert_null(queue_trouble(queue));
    assert_int_equal(stat(directory, &status), 0);
    assert_int_equal(status.st_mode & 07777, 02770);
    queue_close(queue);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

RUN(CASE(a_new_queue_is_empty_and_usable),
    CASE(ids_grow_by_one_in_the_order_of_handing_over),
    CASE(what_waits_is_committed_together),
    CASE(a_message_comes_back_as_it_was),
    CASE(a_message_that_breaks_the_rules_is_refused_and_the_others_are_stored),
    CASE(one_append_may_go_to_more_channels_than_a_batch_holds),
    CASE(a_repeat_is_answered_with_the_first_ids_also_after_reopening),
    CASE(a_repeat_in_the_same_transaction_is_stored_once),
    CASE(an_append_is_taken_back_until_the_transaction_begins),
    CASE(what_one_handle_commits_wakes_the_other),
    CASE(touching_the_bell_rings_it_also_after_it_was_removed),
    CASE(who_does_not_listen_is_not_woken_and_is_told_so_when_he_listens),
    CASE(without_a_bell_looking_finds_what_others_wrote),
    CASE(several_handles_write_one_queue_in_one_order),
    CASE(processes_that_open_a_new_queue_at_once_agree),
    CASE(closing_commits_what_was_handed_over),
    CASE(files_are_for_the_group_and_not_for_others),
    CASE(a_missing_directory_is_made_for_the_group))

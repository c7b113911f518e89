/* Files that are not what they should be, and files that change under us. */
#include "../support/queue_help.h"

#include "queue/sqlite_internal.h"

#include "check.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static struct place place;
static struct seen seen;
static struct sent sent;

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

static void
write_file(const char *path, const void *data, size_t size, off_t at)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0660);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, size, at), size);
    close(fd);
}

static size_t
read_file(const char *path, char *data, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t got = read(fd, data, size);
    close(fd);
    return (size_t)got;
}

static bool
exists(const char *suffix)
{
    char path[128];
    place_file(&place, suffix, path, sizeof(path));
    return access(path, F_OK) == 0;
}

/* The file is refused in words, nothing is stored, and nothing of it or beside
 * it changes. */
static void
assert_left_alone(const char *word)
{
    static char before[1 << 20], after[1 << 20];
    struct queue_head head;
    size_t size = read_file(place.path, before, sizeof(before));
    struct queue *queue = queue_open(&place.options);
    assert_non_null(queue_trouble(queue));
    if (!strstr(queue_trouble(queue), word))
        fail_msg("no \"%s\" in \"%s\"", word, queue_trouble(queue));
    assert_int_equal(try_publish(queue, "a", "x"), QUEUE_UNUSABLE);
    assert_int_equal(queue_head(queue, &head), QUEUE_UNUSABLE);
    assert_false(queue_look(queue));
    queue_close(queue);
    assert_int_equal(read_file(place.path, after, sizeof(after)), size);
    assert_memory_equal(before, after, size);
    assert_false(exists("-wal"));
    assert_false(exists("-shm"));
    assert_false(exists("-journal"));
    assert_false(exists("-lock"));
    assert_false(exists("-bell"));
}

TEST(a_text_file_is_left_alone)
{
    char text[5000];
    memset(text, 'x', sizeof(text));
    write_file(place.path, text, sizeof(text), 0);
    assert_left_alone("left as it is");
    assert_int_equal(truncate(place.path, 10), 0);
    assert_left_alone("left as it is");
}

TEST(another_programs_database_is_left_alone)
{
    foreign(&place, "PRAGMA journal_mode = WAL; CREATE TABLE t(x);"
                    "INSERT INTO t VALUES (1)");
    assert_left_alone("not an Earshot queue");
}

TEST(a_newer_queue_is_left_alone)
{
    queue_close(queue_open(&place.options));
    foreign(&place, "PRAGMA user_version = 99");
    static const char *const suffixes[] = {"-lock", "-bell"};
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        char path[128];
        place_file(&place, suffixes[i], path, sizeof(path));
        unlink(path);
    }
    assert_left_alone("newer");
}

static bool
is_usable(struct queue *queue, void *context)
{
    (void)context;
    queue_look(queue);
    return queue_trouble(queue) == NULL;
}

TEST(a_damaged_header_is_left_alone_and_its_going_is_noticed)
{
    struct queue *queue = queue_open(&place.options);
    publish(queue, "a", "x");
    queue_close(queue);
    char lock[128], bell[128];
    place_file(&place, "-lock", lock, sizeof(lock));
    place_file(&place, "-bell", bell, sizeof(bell));
    unlink(lock);
    unlink(bell);
    write_file(place.path, "garbage!", 8, 0);
    assert_left_alone("damaged");
    queue = queue_open(&place.options);
    assert_non_null(queue_trouble(queue));
    unlink(place.path);
    assert_true(wait_until(queue, is_usable, NULL));
    assert_int_equal(publish(queue, "a", "x"), 1);
    queue_close(queue);
}

TEST(a_damaged_middle_is_said_and_not_made_worse)
{
    static char zeros[4096];
    struct queue *queue = queue_open(&place.options);
    for (int i = 0; i < 100; i++)
        publish(queue, "a", "x");
    queue_close(queue);
    for (int page = 1; page < 12; page++)
        write_file(place.path, zeros, sizeof(zeros), page * 4096);
    queue = queue_open(&place.options);
    struct queue_page page = {
        .upto_id = INT64_MAX, .rows_max = 10, .bytes_max = 1000};
    struct queue_reader reader = seen_reader(&seen);
    if (!queue_trouble(queue))
        assert_int_equal(queue_read_all(queue, &page, &reader), QUEUE_UNUSABLE);
    assert_non_null(queue_trouble(queue));
    assert_non_null(strstr(queue_trouble(queue), "damaged"));
    assert_int_equal(try_publish(queue, "a", "x"), QUEUE_UNUSABLE);
    queue_close(queue);
}

TEST(a_removed_file_is_noticed_and_made_anew)
{
    struct queue *queue = queue_open(&place.options);
    struct queue_head before, after;
    publish(queue, "a", "x");
    assert_int_equal(queue_head(queue, &before), QUEUE_OK);
    unlink(place.path);
    assert_int_equal(try_publish(queue, "a", "lost"), QUEUE_UNUSABLE);
    assert_int_equal(publish(queue, "a", "y"), 1);
    assert_int_equal(queue_head(queue, &after), QUEUE_OK);
    assert_string_not_equal(before.epoch, after.epoch);
    read_to_end(queue, &seen, NULL, 0, 10);
    assert_int_equal(seen.rows, 1);
    assert_string_equal(seen.row[0].data, "y");
    queue_close(queue);
    queue = queue_open(&place.options);
    seen_reset(&seen);
    read_to_end(queue, &seen, NULL, 0, 10);
    assert_int_equal(seen.rows, 1);
    queue_close(queue);
}

static bool
has_new_epoch(struct queue *queue, void *context)
{
    struct queue_head head;
    queue_look(queue);
    return queue_head(queue, &head) == QUEUE_OK &&
           strcmp(head.epoch, context) != 0;
}

TEST(looking_notices_a_removed_file_without_an_append)
{
    struct queue *queue = queue_open(&place.options);
    struct queue_head before;
    publish(queue, "a", "x");
    assert_int_equal(queue_head(queue, &before), QUEUE_OK);
    unlink(place.path);
    assert_true(wait_until(queue, has_new_epoch, before.epoch));
    assert_null(queue_trouble(queue));
    queue_close(queue);
}

TEST(two_handles_agree_after_a_removal)
{
    struct queue *one = queue_open(&place.options);
    struct queue *two = queue_open(&place.options);
    struct queue_head before, heads[2];
    publish(one, "a", "x");
    publish(two, "a", "x");
    assert_int_equal(queue_head(one, &before), QUEUE_OK);
    unlink(place.path);
    assert_true(wait_until(one, has_new_epoch, before.epoch));
    assert_int_equal(publish(one, "a", "1"), 1);
    assert_true(wait_until(two, has_new_epoch, before.epoch));
    assert_int_equal(publish(two, "a", "2"), 2);
    assert_int_equal(publish(one, "a", "3"), 3);
    assert_int_equal(queue_head(one, &heads[0]), QUEUE_OK);
    assert_int_equal(queue_head(two, &heads[1]), QUEUE_OK);
    assert_string_equal(heads[0].epoch, heads[1].epoch);
    queue_close(two);
    assert_int_equal(publish(one, "a", "4"), 4);
    queue_close(one);
    one = queue_open(&place.options);
    read_to_end(one, &seen, NULL, 0, 10);
    assert_int_equal(seen.rows, 4);
    queue_close(one);
    assert_int_equal(foreign_number(&place, "SELECT integrity_check = 'ok'"
                                            " FROM pragma_integrity_check"),
                     1);
}

static void
copy_file(const char *from, const char *to)
{
    static char data[1 << 20];
    size_t size = read_file(from, data, sizeof(data));
    assert_in_range(size, 1, sizeof(data) - 1);
    write_file(to, data, size, 0);
}

TEST(a_file_put_in_its_place_is_taken_up_with_a_new_epoch)
{
    char copy[128];
    place_file(&place, "-copy", copy, sizeof(copy));
    struct queue *queue = queue_open(&place.options);
    struct queue_head before;
    publish(queue, "a", "old");
    assert_int_equal(queue_head(queue, &before), QUEUE_OK);
    queue_close(queue);
    copy_file(place.path, copy);
    queue = queue_open(&place.options);
    publish(queue, "a", "new 1");
    publish(queue, "a", "new 2");
    assert_int_equal(rename(copy, place.path), 0);
    assert_true(wait_until(queue, has_new_epoch, before.epoch));
    assert_int_equal(publish(queue, "a", "newer"), 2);
    read_to_end(queue, &seen, NULL, 0, 10);
    assert_int_equal(seen.rows, 2);
    assert_string_equal(seen.row[0].data, "old");
    queue_close(queue);
    assert_int_equal(foreign_number(&place, "SELECT integrity_check = 'ok'"
                                            " FROM pragma_integrity_check"),
                     1);
}

TEST(a_copy_opened_elsewhere_has_an_epoch_of_its_own)
{
    char copy[128];
    place_file(&place, "-copy", copy, sizeof(copy));
    struct queue_head heads[2];
    struct queue *queue = queue_open(&place.options);
    publish(queue, "a", "x");
    assert_int_equal(queue_head(queue, &heads[0]), QUEUE_OK);
    queue_close(queue);
    copy_file(place.path, copy);
    struct queue_options options = place.options;
    options.path = copy;
    queue = queue_open(&options);
    assert_int_equal(queue_head(queue, &heads[1]), QUEUE_OK);
    assert_string_not_equal(heads[0].epoch, heads[1].epoch);
    assert_int_equal(heads[1].id, 1);
    queue_close(queue);
    queue = queue_open(&place.options);
    assert_int_equal(queue_head(queue, &heads[1]), QUEUE_OK);
    assert_string_equal(heads[0].epoch, heads[1].epoch);
    queue_close(queue);
}

TEST(a_new_epoch_is_given_when_it_is_asked_for)
{
    struct queue_head heads[2];
    struct queue *queue = queue_open(&place.options);
    publish(queue, "a", "x");
    place.options.new_epoch = true;
    struct queue *other = queue_open(&place.options);
    assert_int_equal(queue_head(other, &heads[1]), QUEUE_OK);
    hand_over(queue, &sent, "a", "y", 1, NULL);
    await(queue, &sent);
    assert_string_equal(sent.outcome.epoch, heads[1].epoch);
    assert_int_equal(queue_head(queue, &heads[0]), QUEUE_OK);
    assert_string_equal(heads[0].epoch, heads[1].epoch);
    queue_close(queue);
    queue_close(other);
}

TEST(after_another_boot_the_ids_jump_once)
{
    char boot[128];
    place_file(&place, "-boot", boot, sizeof(boot));
    const char *real = queue_boot_id_path;
    struct queue_head heads[2];
    struct queue *queue = queue_open(&place.options);
    assert_int_equal(publish(queue, "a", "x"), 1);
    assert_int_equal(queue_head(queue, &heads[0]), QUEUE_OK);
    queue_close(queue);
    write_file(boot, "another boot\n", 13, 0);
    queue_boot_id_path = boot;
    for (int i = 0; i < 2; i++) {
        queue = queue_open(&place.options);
        assert_int_equal(publish(queue, "a", "x"), (1 << 20) + 2 + i);
        assert_int_equal(queue_head(queue, &heads[1]), QUEUE_OK);
        assert_string_equal(heads[0].epoch, heads[1].epoch);
        queue_close(queue);
    }
    queue_boot_id_path = real;
    queue = queue_open(&place.options);
    read_to_end(queue, &seen, NULL, 0, 10);
    assert_int_equal(seen.rows, 3);
    assert_int_equal(seen.lost, 0);
    queue_close(queue);
}

TEST(a_missing_place_is_said_and_recovered_from)
{
    char path[160], directory[128];
    snprintf(directory, sizeof(directory), "%s/no", place.directory);
    snprintf(path, sizeof(path), "%s/no/no/q", place.directory);
    place.options.path = path;
    struct queue *queue = queue_open(&place.options);
    assert_non_null(queue_trouble(queue));
    assert_int_equal(try_publish(queue, "a", "x"), QUEUE_UNUSABLE);
    assert_int_equal(mkdir(directory, 0770), 0);
    assert_true(wait_until(queue, is_usable, NULL));
    assert_int_equal(publish(queue, "a", "x"), 1);
    queue_close(queue);
}

TEST(a_lock_held_by_another_program_delays_and_loses_nothing)
{
    struct queue *queue = queue_open(&place.options);
    publish(queue, "a", "x");
    sqlite3 *db;
    sqlite3_open(place.path, &db);
    sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    struct queue *late = queue_open(&place.options); /* needs no lock */
    assert_null(queue_trouble(late));
    hand_over(queue, &sent, "a", "y", 1, NULL);
    usleep(500000);
    queue_dispatch(queue);
    assert_false(sent.answered);
    assert_null(queue_trouble(queue));
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(db);
    await(queue, &sent);
    assert_int_equal(sent.outcome.status, QUEUE_OK);
    queue_close(late);
    queue_close(queue);
}

TEST(a_stuck_peer_delays_and_an_append_can_be_taken_back)
{
    char lock[128];
    place_file(&place, "-lock", lock, sizeof(lock));
    struct queue *queue = queue_open(&place.options);
    publish(queue, "a", "x");
    int fd = open(lock, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    hand_over(queue, &sent, "a", "y", 1, NULL);
    usleep(100000);
    queue_dispatch(queue);
    assert_false(sent.answered);
    assert_true(queue_cancel(queue, &sent.append));
    close(fd);
    assert_int_equal(publish(queue, "a", "z"), 2);
    queue_close(queue);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

RUN(CASE(a_text_file_is_left_alone),
    CASE(another_programs_database_is_left_alone),
    CASE(a_newer_queue_is_left_alone),
    CASE(a_damaged_header_is_left_alone_and_its_going_is_noticed),
    CASE(a_damaged_middle_is_said_and_not_made_worse),
    CASE(a_removed_file_is_noticed_and_made_anew),
    CASE(looking_notices_a_removed_file_without_an_append),
    CASE(two_handles_agree_after_a_removal),
    CASE(a_file_put_in_its_place_is_taken_up_with_a_new_epoch),
    CASE(a_copy_opened_elsewhere_has_an_epoch_of_its_own),
    CASE(a_new_epoch_is_given_when_it_is_asked_for),
    CASE(after_another_boot_the_ids_jump_once),
    CASE(a_missing_place_is_said_and_recovered_from),
    CASE(a_lock_held_by_another_program_delays_and_loses_nothing),
    CASE(a_stuck_peer_delays_and_an_append_can_be_taken_back))

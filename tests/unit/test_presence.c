#include "queue/presence.h"

#include "../support/queue_help.h"

#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct place place;

struct sum {
    unsigned long poll, sse, other;
    int calls;
};

static int
set_up(void **state)
{
    (void)state;
    place_make(&place);
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
on_count(void *context, const char *channel, const char *transport,
         unsigned long count)
{
    struct sum *sum = context;
    assert_non_null(channel);
    sum->calls++;
    if (strcmp(transport, "poll") == 0)
        sum->poll += count;
    else if (strcmp(transport, "sse") == 0)
        sum->sse += count;
    else
        sum->other += count;
}

static struct sum
read_sum(struct presence *presence, const char *channel)
{
    struct sum sum = {0};
    presence_read(presence, channel, on_count, &sum);
    return sum;
}

static void
say(struct presence *presence, unsigned long poll, unsigned long sse)
{
    presence_begin(presence);
    presence_count(presence, "room", "poll", poll);
    presence_count(presence, "room", "sse", sse);
    presence_count(presence, "hall", "sse", 1);
    presence_end(presence);
}

static int
count_files(void)
{
    char command[160];
    snprintf(command, sizeof(command), "ls %s-presence | wc -l", place.path);
    FILE *out = popen(command, "r");
    int count = -1;
    assert_int_equal(fscanf(out, "%d", &count), 1);
    pclose(out);
    return count;
}

TEST(counts_of_all_processes_are_summed)
{
    struct presence *one = presence_open(place.path);
    struct presence *two = presence_open(place.path);
    say(one, 1, 2);
    say(two, 10, 20);
    struct sum sum = read_sum(one, "room");
    assert_int_equal(sum.poll, 11);
    assert_int_equal(sum.sse, 22);
    sum = read_sum(two, NULL);
    assert_int_equal(sum.sse, 24);
    assert_int_equal(read_sum(one, "roo").calls, 0);
    presence_close(two);
    assert_int_equal(read_sum(one, "room").sse, 2);
    presence_close(one);
    assert_int_equal(count_files(), 0);
}

TEST(what_is_said_anew_replaces_what_was_said)
{
    struct presence *one = presence_open(place.path);
    struct presence *two = presence_open(place.path);
    for (unsigned long i = 0; i < 300; i++) {
        presence_begin(one);
        for (unsigned long j = 0; j < i % 7; j++)
            presence_count(one, "a-channel-with-a-long-name", "sse", i);
        presence_end(one);
        struct sum sum = read_sum(two, NULL);
        assert_int_equal(sum.calls, i ? i % 7 : 0);
        assert_int_equal(sum.sse, i * (i % 7));
    }
    presence_begin(one);
    presence_count(one, "room", "sse", 0);
    presence_end(one);
    assert_int_equal(read_sum(two, NULL).calls, 0);
    assert_int_equal(read_sum(one, NULL).calls, 0);
    presence_close(one);
    presence_close(two);
}

TEST(a_process_that_was_killed_is_not_counted_and_its_file_goes)
{
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct presence *presence = presence_open(place.path);
        say(presence, 5, 5);
        (void)!write(ready[1], "x", 1);
        pause();
        _exit(0);
    }
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    struct presence *presence = presence_open(place.path);
    assert_int_equal(read_sum(presence, "room").sse, 5);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_int_equal(read_sum(presence, "room").sse, 0);
    assert_int_equal(count_files(), 0);
    presence_close(presence);
    close(ready[0]);
    close(ready[1]);
}

TEST(other_files_are_neither_counted_nor_removed)
{
    struct presence *presence = presence_open(place.path);
    say(presence, 1, 0);
    char path[160];
    snprintf(path, sizeof(path), "%s-presence/README", place.path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "begin 1\nroom sse 7\nend 1\n", 25), 25);
    close(fd);
    assert_int_equal(read_sum(presence, "room").sse, 0);
    assert_int_equal(access(path, F_OK), 0);
    presence_close(presence);
}

TEST(a_half_written_file_is_not_counted)
{
    static const char *const texts[] = {
        "",
        "begin 1\n",
        "begin 1\nroom sse 7\n",
        "room sse 7\nend 1\n",
        "begin 2\nroom sse 7\nend 1\n",
        "begin 1\nroom sse 7\nend 1",
        "begin 1\nroom sse\nroom\n\nx y z\nend 1\n",
        "nonsense",
    };
    struct presence *one = presence_open(place.path);
    struct presence *two = presence_open(place.path);
    say(one, 1, 1);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        char path[160];
        snprintf(path, sizeof(path), "%s-presence/%ld", place.path,
                 (long)getpid());
        int fd = open(path, O_RDWR | O_TRUNC | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, texts[i], strlen(texts[i])),
                         strlen(texts[i]));
        close(fd);
        assert_int_equal(read_sum(two, NULL).calls, 0);
    }
    say(one, 1, 1);
    assert_int_equal(read_sum(two, "room").sse, 1);
    presence_close(one);
    presence_close(two);
}

TEST(without_a_place_its_own_counts_are_still_there)
{
    struct presence *presence = presence_open("/proc/no/such/queue");
    say(presence, 3, 4);
    assert_int_equal(read_sum(presence, "room").poll, 3);
    presence_close(presence);
}

TEST(a_directory_that_was_removed_is_made_again)
{
    struct presence *one = presence_open(place.path);
    struct presence *two = presence_open(place.path);
    char command[160], directory[128];
    struct stat status;
    say(one, 1, 1);
    snprintf(command, sizeof(command), "rm -r %s-presence", place.path);
    assert_int_equal(system(command), 0);
    assert_int_equal(read_sum(two, "room").sse, 0);
    say(one, 1, 1);
    assert_int_equal(read_sum(two, "room").sse, 1);
    place_file(&place, "-presence", directory, sizeof(directory));
    assert_int_equal(stat(directory, &status), 0);
    assert_int_equal(status.st_mode & 07777, 02770);
    presence_close(one);
    presence_close(two);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

RUN(CASE(counts_of_all_processes_are_summed),
    CASE(what_is_said_anew_replaces_what_was_said),
    CASE(a_process_that_was_killed_is_not_counted_and_its_file_goes),
    CASE(other_files_are_neither_counted_nor_removed),
    CASE(a_half_written_file_is_not_counted),
    CASE(without_a_place_its_own_counts_are_still_there),
    CASE(a_directory_that_was_removed_is_made_again))

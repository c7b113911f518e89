#include "queue/figures.h"

#include "../support/queue_help.h"

#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct place place;

enum { PUBLISHED, DELIVERED, HELD, VALUES };

static const struct figure_spec specs[VALUES] = {
    {"published", true}, {"delivered", true}, {"held", false}};

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

static struct figures *
open_figures(void)
{
    return figures_open(place.path, "a program", specs, VALUES);
}

static void
say(struct figures *figures, int64_t published, int64_t held)
{
    const int64_t values[VALUES] = {published, 2 * published, held};
    figures_tell(figures, values);
}

static void
end(struct figures *figures, int64_t published, int64_t held)
{
    const int64_t values[VALUES] = {published, 2 * published, held};
    figures_close(figures, values);
}

static void
check_sum(struct figures *figures, int64_t published, int64_t held,
          size_t processes)
{
    struct figures_sum sum;
    figures_read(figures, &sum);
    assert_int_equal(sum.totals[PUBLISHED], published);
    assert_int_equal(sum.totals[DELIVERED], 2 * published);
    assert_int_equal(sum.totals[HELD], held);
    assert_int_equal(sum.process_count, processes);
    figures_sum_fini(&sum);
}

/* Says it from a process of its own, which is killed then if it is asked. */
static pid_t
say_elsewhere(int64_t published, bool is_killed)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        say(open_figures(), published, 5);
        (void)!write(ready[1], "x", 1);
        pause();
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    if (is_killed) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    return child;
}

__attribute__((format(printf, 1, 2))) static void
in_shell(const char *format, ...)
{
    char command[400];
    va_list values;
    va_start(values, format);
    vsnprintf(command, sizeof command, format, values);
    va_end(values);
    assert_int_equal(system(command), 0);
}

static int
count_files(void)
{
    char command[160];
    snprintf(command, sizeof(command), "ls %s-presence | grep -c figures-[0-9]",
             place.path);
    FILE *out = popen(command, "r");
    int count = -1;
    assert_int_equal(fscanf(out, "%d", &count), 1);
    pclose(out);
    return count;
}

TEST(figures_of_all_processes_are_summed)
{
    struct figures *one = open_figures(), *two = open_figures();
    say(one, 3, 1);
    say(two, 40, 2);
    check_sum(one, 43, 3, 2);
    check_sum(two, 43, 3, 2);
    say(one, 4, 0);
    check_sum(two, 44, 2, 2);
    end(one, 4, 0);
    end(two, 40, 2);
}

TEST(what_an_ended_process_has_counted_stays_and_what_it_held_goes)
{
    struct figures *one = open_figures(), *two = open_figures();
    say(one, 3, 1);
    say(two, 40, 2);
    end(two, 41, 7);
    check_sum(one, 44, 1, 1);
    end(one, 3, 1);
    one = open_figures();
    say(one, 0, 0);
    check_sum(one, 44, 0, 1);
    end(one, 0, 0);
    assert_int_equal(count_files(), 0);
}

TEST(a_killed_process_is_added_once_whoever_asks)
{
    struct figures *one = open_figures(), *two = open_figures();
    say(one, 1, 1);
    say(two, 2, 1);
    say_elsewhere(100, true);
    for (int i = 0; i < 3; i++) {
        check_sum(one, 103, 2, 2);
        check_sum(two, 103, 2, 2);
    }
    say_elsewhere(1000, true);
    check_sum(two, 1103, 2, 2);
    assert_int_equal(count_files(), 2);
    end(one, 1, 1);
    end(two, 2, 1);
}

/* Killed between writing the sum and removing the file. */
TEST(a_file_that_is_left_of_one_who_was_added_is_not_added_again)
{
    struct figures *one = open_figures();
    say(one, 1, 0);
    pid_t child = say_elsewhere(100, false);
    in_shell("cp %s-presence/figures-%d %s-kept", place.path, (int)child,
             place.path);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    check_sum(one, 101, 0, 1);
    in_shell("cp %s-kept %s-presence/figures-%d", place.path, place.path,
             (int)child);
    check_sum(one, 101, 0, 1);
    assert_int_equal(count_files(), 1);
    end(one, 1, 0);
}

/* The same, and others have died meanwhile: he himself, for one. */
TEST(a_file_that_is_left_is_not_added_after_others_either)
{
    enum { OTHERS = 12 };
    struct figures *one = open_figures();
    pid_t others[OTHERS];
    say(one, 1, 0);
    pid_t child = say_elsewhere(100, false);
    in_shell("cp %s-presence/figures-%d %s-kept", place.path, (int)child,
             place.path);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    for (int i = 0; i < OTHERS; i++)
        others[i] = say_elsewhere(1000, false);
    check_sum(one, 101 + OTHERS * 1000, OTHERS * 5, 1 + OTHERS);
    for (int i = 0; i < OTHERS; i++) {
        kill(others[i], SIGKILL);
        waitpid(others[i], NULL, 0);
    }
    in_shell("cp %s-kept %s-presence/figures-%d", place.path, place.path,
             (int)child);
    for (int i = 0; i < 3; i++)
        check_sum(one, 101 + OTHERS * 1000, 0, 1);
    assert_int_equal(count_files(), 1);
    end(one, 1, 0);
}

/* Killed between writing a text and cutting off what a longer one has left. */
TEST(who_was_killed_before_he_had_cut_his_text_is_counted)
{
    struct figures *one = open_figures();
    say(one, 1, 0);
    pid_t child = say_elsewhere(100, true);
    in_shell("printf '7\\nend 0\\n' >>%s-presence/figures-%d", place.path,
             (int)child);
    check_sum(one, 101, 0, 1);
    check_sum(one, 101, 0, 1);
    end(one, 1, 0);
}

/* Adding one takes a rename. */
TEST(of_very_many_who_have_died_a_few_are_added_at_each_look)
{
    struct figures *one = open_figures();
    say(one, 1, 0);
    pid_t child = say_elsewhere(100, true);
    in_shell("cd %s-presence && for i in $(seq 99); do "
             "sed \"s/^process /&$i./\" figures-%d >figures-9$i; done",
             place.path, (int)child);
    int before = count_files();
    check_sum(one, 100 * 100 + 1, 0, 1);
    int after = count_files();
    assert_true(after > 1 && after < before);
    for (int i = 0; i < 10; i++)
        check_sum(one, 100 * 100 + 1, 0, 1);
    assert_int_equal(count_files(), 1);
    end(one, 1, 0);
}

/* Plain CGI programs that end together find the folder locked by each other,
 * and there may be nobody else who ever looks. */
TEST(what_others_have_left_is_cleared_up_by_those_who_end)
{
    struct figures *one;
    pid_t child = say_elsewhere(100, true);
    in_shell("cd %s-presence && for i in $(seq 39); do "
             "sed \"s/^process /&$i./\" figures-%d >figures-9$i; done",
             place.path, (int)child);
    for (int i = 0; i < 150; i++)
        end(open_figures(), 1, 0);
    assert_int_equal(count_files(), 0);
    one = open_figures();
    say(one, 1, 0);
    check_sum(one, 40 * 100 + 150 + 1, 0, 1);
    end(one, 1, 0);
}

/* Somebody else is at it: it is summed up all the same. */
TEST(nobody_waits_for_the_folders_lock)
{
    struct figures *one = open_figures();
    char path[160];
    say(one, 1, 0);
    say_elsewhere(100, true);
    snprintf(path, sizeof path, "%s-presence", place.path);
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(directory, LOCK_EX), 0);
    check_sum(one, 101, 0, 1);
    check_sum(one, 101, 0, 1);
    assert_int_equal(count_files(), 2);
    close(directory);
    check_sum(one, 101, 0, 1);
    assert_int_equal(count_files(), 1);
    end(one, 1, 0);
}

TEST(nothing_is_written_when_nothing_has_changed)
{
    struct figures *one = open_figures();
    char path[160];
    struct stat before, after;
    say(one, 1, 0);
    snprintf(path, sizeof path, "%s-presence/figures-%d", place.path,
             (int)getpid());
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(stat(path, &before), 0);
    say(one, 1, 0);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(after.st_size, 0);
    say(one, 2, 0);
    assert_int_equal(stat(path, &after), 0);
    assert_true(after.st_size > 0);
    end(one, 2, 0);
}

TEST(names_of_another_version_are_passed_over)
{
    struct figures *one = open_figures();
    static const struct figure_spec others[] = {{"delivered", true},
                                                {"unheard-of", true}};
    struct figures *other = figures_open(place.path, "new", others, 2);
    const int64_t values[] = {8, 9};
    say(one, 0, 0);
    figures_tell(other, values);
    struct figures_sum sum;
    figures_read(one, &sum);
    assert_int_equal(sum.totals[PUBLISHED], 0);
    assert_int_equal(sum.totals[DELIVERED], 8);
    figures_sum_fini(&sum);
    figures_close(other, values);
    end(one, 0, 0);
}

TEST(a_process_says_who_it_is)
{
    struct figures *one = open_figures();
    struct figures_sum sum;
    say(one, 0, 0);
    figures_read(one, &sum);
    assert_int_equal(sum.process_count, 1);
    assert_int_equal(atoi(sum.processes[0].name), getpid());
    assert_string_equal(sum.processes[0].program, "a_program");
    assert_string_equal(sum.processes[0].version, PACKAGE_VERSION);
    assert_true(sum.processes[0].is_own);
    assert_true(sum.processes[0].started_ticks > 0);
    figures_sum_fini(&sum);
    end(one, 0, 0);
}

TEST(without_a_place_its_own_figures_are_still_there)
{
    struct figures *one =
        figures_open("/proc/no/such/queue", "program", specs, VALUES);
    say(one, 3, 4);
    check_sum(one, 3, 4, 1);
    end(one, 3, 4);
}

#define WITH_PLACE(name)                                                       \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down)

RUN(WITH_PLACE(figures_of_all_processes_are_summed),
    WITH_PLACE(what_an_ended_process_has_counted_stays_and_what_it_held_goes),
    WITH_PLACE(a_killed_process_is_added_once_whoever_asks),
    WITH_PLACE(a_file_that_is_left_of_one_who_was_added_is_not_added_again),
    WITH_PLACE(of_very_many_who_have_died_a_few_are_added_at_each_look),
    WITH_PLACE(who_was_killed_before_he_had_cut_his_text_is_counted),
    WITH_PLACE(a_file_that_is_left_is_not_added_after_others_either),
    WITH_PLACE(what_others_have_left_is_cleared_up_by_those_who_end),
    WITH_PLACE(nobody_waits_for_the_folders_lock),
    WITH_PLACE(nothing_is_written_when_nothing_has_changed),
    WITH_PLACE(names_of_another_version_are_passed_over),
    WITH_PLACE(a_process_says_who_it_is),
    WITH_PLACE(without_a_place_its_own_figures_are_still_there))

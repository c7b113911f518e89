#include "results/hgrm.h"
#include "results/json.h"
#include "results/machine.h"

#include "base/bytes.h"
#include "../support/made_up.h"

#include "check.h"

#include <unistd.h>

static struct results *
one_run(struct made_up wish)
{
    struct results *results = results_new();
    results_add(results, made_up(wish));
    return results;
}

/* -- files -------------------------------------------------------------- */

static char directory[64];

static char *
path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

TEST(a_file_is_saved_read_and_saved_again)
{
    char *problem = NULL;
    struct results *results = one_run((struct made_up){0});
    assert_true(results_save(path_of("a.json"), results, &problem));
    results_add(results, made_up((struct made_up){.repeat = 1}));
    assert_true(results_save(path_of("a.json"), results, &problem));
    struct results *again = results_read_file(path_of("a.json"), &problem);
    assert_int_equal(again->run_count, 2);
    results_free(results);
    results_free(again);
    unlink(path_of("a.json"));
}

/* The file that is there stays whole, and nothing is left beside it. */
TEST(a_file_that_cannot_be_written_is_named)
{
    char *problem = NULL;
    struct results *results = one_run((struct made_up){0});
    assert_false(results_save("/nonexistent/a.json", results, &problem));
    assert_non_null(strstr(problem, "cannot write /nonexistent/a.json: No"));
    free(problem);
    assert_false(results_save("/dev/full", results, &problem));
    assert_non_null(strstr(problem, "/dev/full"));
    free(problem);
    assert_null(results_read_file("/nonexistent/a.json", &problem));
    assert_non_null(strstr(problem, "/nonexistent/a.json: No such file"));
    free(problem);
    results_free(results);
}

TEST(merged_files_keep_all_runs_in_order)
{
    struct results *into = one_run((struct made_up){.transport = "ws"});
    struct results *from = made_up_results();
    int count = from->run_count;
    results_merge(into, from);
    assert_int_equal(into->run_count, count + 1);
    assert_string_equal(into->runs[0]->transport, "ws");
    assert_string_equal(into->machine->cpu, "Made-up CPU @ 3.00GHz");
    assert_string_equal(into->command_line, "earshot-bench --all --repeat 3");
    results_free(into);
}

TEST(runs_of_another_machine_say_so_when_they_are_merged)
{
    struct results *into = made_up_results();
    struct results *same = made_up_results();
    struct results *other = made_up_results();
    int count = same->run_count;
    results_merge(into, same);
    assert_int_equal(into->runs[count]->note_count, 0);
    free(other->machine->cpu);
    other->machine->cpu = xstrdup("Another CPU");
    results_merge(into, other);
    assert_int_equal(into->runs[0]->note_count, 0);
    assert_string_equal(into->runs[2 * count]->notes[0],
                        "Measured on another machine: Another CPU, 2 cores, "
                        "Linux 6.1.0 x86_64.");
    results_free(into);
}

/* -- what need not be done again ---------------------------------------- */

TEST(a_complete_run_of_the_same_configuration_is_found)
{
    struct results *results = made_up_results();
    struct result *like = made_up((struct made_up){.scenario = "fanout",
                                                   .subscribers = 1000,
                                                   .publishes_per_s = 10,
                                                   .repeat = 2});
    const struct result *found = results_find(results, like);
    assert_non_null(found);
    assert_int_equal(found->repeat, 2);
    like->repeat = 3;
    assert_null(results_find(results, like));
    like->repeat = 2;
    like->subscribers = 999;
    assert_null(results_find(results, like));
    result_free(like);
    results_free(results);
}

TEST(an_interrupted_run_is_not_taken_for_done)
{
    struct results *results = one_run((struct made_up){0});
    assert_non_null(results_find(results, results->runs[0]));
    results->runs[0]->is_complete = false;
    assert_null(results_find(results, results->runs[0]));
    results->runs[0]->is_complete = true;
    result_problem(results->runs[0], "it broke");
    assert_null(results_find(results, results->runs[0]));
    results_free(results);
}

TEST(a_rate_that_was_found_does_not_tell_runs_apart)
{
    struct result *a =
        made_up((struct made_up){.scenario = "ramp", .publishes_per_s = 100});
    struct result *b =
        made_up((struct made_up){.scenario = "ramp", .publishes_per_s = 120});
    assert_true(result_is_alike(a, b));
    free(a->scenario);
    free(b->scenario);
    a->scenario = xstrdup("fanout");
    b->scenario = xstrdup("fanout");
    assert_false(result_is_alike(a, b));
    result_free(a);
    result_free(b);
}

/* -- .hgrm -------------------------------------------------------------- */

TEST(every_histogram_that_holds_something_is_a_headed_part)
{
    struct results *results = one_run((struct made_up){.recover_us = 1e5});
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    hgrm_print(file, results);
    fclose(file);
    int parts = 0;
    for (const char *p = text; (p = strstr(p, "#[Histogram = ")); p++)
        parts++;
    assert_int_equal(parts, 8);
    assert_non_null(strstr(text, "#[Histogram = latency_sent, scenario = "
                                 "latency, target = Earshot, transport = sse"));
    free(text);
    results_free(results);
}

/* -- the machine -------------------------------------------------------- */

TEST(the_machine_is_known)
{
    struct machine machine = {0};
    machine_look(&machine);
    assert_true(machine.cores > 0);
    assert_true(machine.memory_bytes > 1e6);
    assert_non_null(strstr(machine.kernel, "Linux"));
    assert_string_equal(machine.earshot, PACKAGE_VERSION);
    assert_true(machine.libcurl[0] >= '7');
    assert_true(machine_measure_disk(&machine, directory));
    assert_true(machine.fdatasync_p50_us > 0);
    assert_true(machine.fdatasync_p99_us >= machine.fdatasync_p50_us);
    assert_non_null(machine.disk_system);
    assert_false(machine_measure_disk(&machine, "/nonexistent"));
    machine_fini(&machine);
}

static int
make_directory(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/earshot-json-XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static int
remove_directory(void **state)
{
    (void)state;
    return rmdir(directory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        LISTED(a_file_is_saved_read_and_saved_again),
        LISTED(a_file_that_cannot_be_written_is_named),
        LISTED(merged_files_keep_all_runs_in_order),
        LISTED(runs_of_another_machine_say_so_when_they_are_merged),
        LISTED(a_complete_run_of_the_same_configuration_is_found),
        LISTED(an_interrupted_run_is_not_taken_for_done),
        LISTED(a_rate_that_was_found_does_not_tell_runs_apart),
        LISTED(every_histogram_that_holds_something_is_a_headed_part),
        LISTED(the_machine_is_known),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}

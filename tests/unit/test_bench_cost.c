#include "cost/cost.h"
#include "base/process.h"
#include "cost/watch.h"
#include "result.h"

#include "../support/helper.h"

#include "check.h"

#include <unistd.h>

/* Processor time is burned by the processor's own clock, so a busy machine
 * changes nothing in it; between what was burned and what is counted lie the
 * process's own beginning and its orders. */

static struct helper helper;
static struct watch *watch;

static int
set_up(void **state)
{
    (void)state;
    helper = helper_start("lighttpd", -1);
    helper_do(&helper, HELPER_SWITCH, NULL); /* it runs under its name */
    watch = watch_new();
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    helper_end(&helper);
    watch_free(watch);
    return 0;
}

/* The processor time of SIDE in units of what one order burns. */
static double
burned(const char *side)
{
    for (int i = 0; i < watch_side_count(watch); i++)
        if (strcmp(watch_side(watch, i)->name, side) == 0)
            return (double)watch_side(watch, i)->cpu_ns / 1e6 / HELPER_BURN_MS;
    return -1;
}

/* Children's time is told in hundredths of a second. */
static void
assert_about(double found, double expected)
{
    if (found < expected * 0.8 || found > expected * 1.5)
        fail_msg("burned %.2f times, not about %.2f", found, expected);
}

TEST(what_a_process_used_before_is_not_counted)
{
    helper_do(&helper, HELPER_BURN, NULL);
    helper_do(&helper, HELPER_BURN, NULL);
    watch_add(watch, "server", helper.pid, true);
    helper_do(&helper, HELPER_BURN, NULL);
    watch_look(watch);
    assert_about(burned("server"), 1);
    assert_int_equal(watch_process_count(watch), 1);
}

TEST(a_thread_that_has_ended_is_counted)
{
    watch_add(watch, "server", helper.pid, true);
    helper_do(&helper, HELPER_BURN_THREAD, NULL);
    helper_do(&helper, HELPER_BURN_THREAD, NULL);
    watch_look(watch);
    assert_about(burned("server"), 2);
}

TEST(a_child_that_came_and_ended_between_looks_is_counted)
{
    watch_add(watch, "server", helper.pid, true);
    helper_do(&helper, HELPER_BURN_CHILD, NULL);
    helper_do(&helper, HELPER_BURN_CHILD, NULL);
    helper_do(&helper, HELPER_BURN_CHILD, NULL);
    watch_look(watch);
    assert_about(burned("server"), 3);
    assert_int_equal(watch_process_count(watch), 1);
}

TEST(a_child_that_was_seen_and_ended_is_counted_once)
{
    watch_add(watch, "server", helper.pid, true);
    helper_do(&helper, HELPER_KEEP_CHILD, NULL);
    watch_look(watch);
    assert_about(burned("server"), 1);
    assert_int_equal(watch_process_count(watch), 2);
    helper_do(&helper, HELPER_END_CHILD, NULL);
    watch_look(watch);
    assert_about(burned("server"), 2);
    assert_int_equal(watch_process_count(watch), 1);
    watch_look(watch);
    assert_about(burned("server"), 2);
}

TEST(a_child_from_before_counts_from_now_on)
{
    helper_do(&helper, HELPER_KEEP_CHILD, NULL);
    watch_add(watch, "server", helper.pid, true);
    assert_int_equal(watch_process_count(watch), 2);
    helper_do(&helper, HELPER_END_CHILD, NULL);
    watch_look(watch);
    assert_about(burned("server"), 1);
}

TEST(a_web_servers_child_is_the_program_until_it_has_ended)
{
    watch_add(watch, "web server", helper.pid, false);
    helper_do(&helper, HELPER_KEEP_CHILD, NULL);
    watch_look(watch);
    assert_about(burned("program"), 1);
    assert_true(burned("web server") < 0.5);
    helper_do(&helper, HELPER_BURN, NULL);
    helper_do(&helper, HELPER_END_CHILD, NULL);
    watch_look(watch);
    assert_about(burned("program"), 2);
    assert_about(burned("web server"), 1);
}

TEST(a_side_that_a_person_named_takes_all_descendants)
{
    watch_add(watch, "web server", helper.pid, true);
    helper_do(&helper, HELPER_KEEP_CHILD, NULL);
    watch_look(watch);
    assert_about(burned("web server"), 1);
    assert_true(burned("program") < 0);
}

TEST(what_is_named_stays_when_it_is_found_besides)
{
    watch_add(watch, "mine", helper.pid, true);
    watch_add(watch, "web server", helper.pid, false);
    assert_string_equal(watch_side_of(watch, helper.pid), "mine");
}

TEST(a_descendant_may_be_named_by_itself)
{
    watch_add(watch, "everything", getppid(), true);
    assert_string_equal(watch_side_of(watch, helper.pid), "everything");
    watch_add(watch, "web server", helper.pid, true);
    assert_string_equal(watch_side_of(watch, helper.pid), "web server");
    helper_do(&helper, HELPER_KEEP_CHILD, NULL);
    watch_look(watch);
    assert_about(burned("web server"), 1);
}

TEST(a_server_that_was_restarted_is_known_by_its_name)
{
    watch_add(watch, "web server", helper.pid, true);
    watch_look(watch);
    watch_mark(watch);
    /* Its beginning must lie in a later tick than the mark. */
    helper_do(&helper, HELPER_BURN, NULL);
    watch_look(watch);
    double before = burned("web server");
    helper_end(&helper);
    helper = helper_start("lighttpd", -1);
    helper_do(&helper, HELPER_BURN, NULL);
    watch_look(watch);
    assert_int_equal(watch_process_count(watch), 0);
    assert_string_equal(watch_side_of_gone(watch, "lighttpd"), "web server");
    watch_add(watch, "web server", helper.pid, false);
    assert_about(burned("web server") - before, 1);
}

TEST(ourselves_and_process_1_are_nobodys_server)
{
    watch_add(watch, "server", getpid(), true);
    watch_add(watch, "server", 1, true);
    assert_int_equal(watch_process_count(watch), 0);
}

/* cost.h, as a run of the benchmark uses it. */

static const struct result_side *
side_of(const struct result *result, const char *name)
{
    for (int i = 0; i < result->side_count; i++)
        if (strcmp(result->sides[i].name, name) == 0)
            return &result->sides[i];
    fail_msg("there is no side %s", name);
    return NULL;
}

TEST(a_runs_costs_are_told_by_side)
{
    struct helper other = helper_start("other", -1);
    struct result *result = result_new();
    struct cost *cost = cost_new();
    result->subscribers = 10;
    cost_add(cost, "web server", helper.pid);
    cost_add(cost, "program", other.pid);
    helper_do(&other, HELPER_BURN, NULL);
    cost_before(cost);
    helper_do(&other, HELPER_TAKE, NULL);
    cost_held(cost);
    cost_begin(cost);
    for (int i = 0; i < 3; i++)
        helper_do(&helper, HELPER_BURN, NULL);
    helper_do(&other, HELPER_BURN, NULL);
    helper_do(&other, HELPER_SWITCH, NULL);
    cost_end(cost);
    helper_do(&other, HELPER_BURN, NULL);
    cost_tell(cost, result);
    const struct result_side *web = side_of(result, "web server");
    const struct result_side *program = side_of(result, "program");
    assert_int_equal(web->processes, 1);
    assert_about(web->cpu_s * 1e3 / HELPER_BURN_MS, 3);
    assert_about(program->cpu_s * 1e3 / HELPER_BURN_MS, 1);
    assert_true(program->context_switches >= 300);
    double grown = program->resident_held - program->resident_before;
    assert_true(grown > 0.9 * HELPER_TAKE_BYTES &&
                grown < 1.3 * HELPER_TAKE_BYTES);
    assert_true(web->resident_held - web->resident_before <
                0.1 * HELPER_TAKE_BYTES);
    assert_true(result->client_cpu_s > 0 && result->client_busy < 0.9);
    assert_true(result->others_cpu >= 0 && result->others_cpu <= 1);
    cost_free(cost);
    result_free(result);
    helper_end(&other);
}

static void
burn_here(void)
{
    int64_t until_ns = process_cpu_ns(getpid()) + 100000000;
    while (process_cpu_ns(getpid()) < until_ns)
        continue;
}

TEST(the_clients_own_thread_is_seen_to_be_busy)
{
    struct result *result = result_new();
    struct cost *cost = cost_new();
    cost_before(cost);
    cost_held(cost);
    cost_begin(cost);
    burn_here();
    cost_end(cost);
    cost_tell(cost, result);
    assert_true(result->client_cpu_s >= 0.1 && result->client_cpu_s < 0.3);
    assert_true(result->client_busy > 0.02);
    assert_int_equal(result->side_count, 0);
    cost_free(cost);
    result_free(result);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

RUN(CASE(what_a_process_used_before_is_not_counted),
    CASE(a_thread_that_has_ended_is_counted),
    CASE(a_child_that_came_and_ended_between_looks_is_counted),
    CASE(a_child_that_was_seen_and_ended_is_counted_once),
    CASE(a_child_from_before_counts_from_now_on),
    CASE(a_web_servers_child_is_the_program_until_it_has_ended),
    CASE(a_side_that_a_person_named_takes_all_descendants),
    CASE(what_is_named_stays_when_it_is_found_besides),
    CASE(a_descendant_may_be_named_by_itself),
    CASE(a_server_that_was_restarted_is_known_by_its_name),
    CASE(ourselves_and_process_1_are_nobodys_server),
    CASE(a_runs_costs_are_told_by_side),
    CASE(the_clients_own_thread_is_seen_to_be_busy))

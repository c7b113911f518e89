#include "drive/faults.h"

#include "check.h"
#include "result.h"

static void
assert_worst(struct faults *faults, const char *expected)
{
    char *worst = faults_worst(faults);
    assert_string_equal(worst, expected);
    free(worst);
}

TEST(the_same_failure_is_told_once_with_its_number)
{
    struct faults *faults = faults_new();
    struct result *result = result_new();
    for (int i = 0; i < 3; i++)
        faults_add(faults, false, "%s ended", "it");
    faults_add(faults, false, "another");
    faults_tell(faults, result);
    assert_int_equal(result->note_count, 2);
    assert_string_equal(result->notes[0], "it ended (3 times).");
    assert_string_equal(result->notes[1], "another (1 time).");
    assert_int_equal(faults_count(faults), 4);
    result_free(result);
    faults_free(faults);
}

TEST(what_will_not_mend_matters_more_than_what_is_frequent)
{
    struct faults *faults = faults_new();
    assert_null(faults_worst(faults));
    faults_add(faults, false, "rare");
    faults_add(faults, false, "frequent");
    faults_add(faults, false, "frequent");
    assert_worst(faults, "frequent");
    assert_false(faults_have_final(faults));
    faults_add(faults, true, "final");
    assert_worst(faults, "final");
    assert_true(faults_have_final(faults));
    faults_free(faults);
}

TEST(many_kinds_of_failures_end_in_one)
{
    struct faults *faults = faults_new();
    struct result *result = result_new();
    for (int i = 0; i < 100; i++)
        faults_add(faults, false, "failure %d", i);
    faults_tell(faults, result);
    assert_true(result->note_count < RESULT_NOTES_MAX);
    assert_string_equal(result->notes[result->note_count - 1],
                        "Other failures (93 times).");
    result_free(result);
    faults_free(faults);
}

TEST(a_status_says_what_to_do)
{
    struct faults *faults = faults_new();
    faults_add_status(faults, "GET", "http://a/b", 503);
    assert_false(faults_have_final(faults));
    faults_add_status(faults, "GET", "http://a/b", 404);
    assert_true(faults_have_final(faults));
    assert_worst(faults, "GET http://a/b is answered with 404: there is "
                         "nothing at this address; look at the URL that was "
                         "given, or at the target's file");
    faults_free(faults);
}

TEST(what_fails_while_the_server_is_away_is_one_note)
{
    struct faults *faults = faults_new();
    struct result *result = result_new();
    faults_set_away(faults);
    faults_add(faults, false, "refused");
    faults_add(faults, false, "cut");
    faults_add(faults, true, "not the same server");
    faults_tell(faults, result);
    assert_int_equal(result->note_count, 2);
    assert_string_equal(result->notes[0],
                        "While the server was restarted, and after it, 2 "
                        "connections or requests failed.");
    assert_string_equal(result->notes[1], "not the same server (1 time).");
    result_free(result);
    faults_free(faults);
}

RUN(LISTED(the_same_failure_is_told_once_with_its_number),
    LISTED(what_will_not_mend_matters_more_than_what_is_frequent),
    LISTED(many_kinds_of_failures_end_in_one), LISTED(a_status_says_what_to_do),
    LISTED(what_fails_while_the_server_is_away_is_one_note))

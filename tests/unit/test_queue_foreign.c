/* Publishing by INSERT: what the schema lets through, and what becomes of
 * rows that are wrong all the same. */
#include "../support/queue_help.h"

#include "base/clock.h"

#include "check.h"

static struct place place;
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

static bool
channel_is(const char *channel, int64_t kept, int64_t pruned_id)
{
    struct queue_bounds bounds;
    assert_int_equal(queue_bounds(queue, channel, &bounds), QUEUE_OK);
    return bounds.messages == kept && bounds.pruned_id == pruned_id;
}

TEST(an_insert_arrives_with_its_defaults)
{
    publish(queue, "a", "x");
    int64_t before_ms = clock_wall_ms();
    assert_int_equal(foreign(&place, "INSERT INTO message(channel, event,"
                                     " data) VALUES ('a', 'tick', 'y')"),
                     SQLITE_OK);
    assert_true(queue_look(queue));
    read_to_end(queue, &seen, NULL, 1, 10);
    assert_int_equal(seen.rows, 1);
    assert_int_equal(seen.row[0].id, 2);
    assert_int_equal(seen.row[0].type, QUEUE_TEXT);
    assert_string_equal(seen.row[0].event, "tick");
    assert_string_equal(seen.row[0].data, "y");
    assert_in_range(seen.row[0].time_ms, before_ms - 2, clock_wall_ms() + 2);
    assert_true(channel_is("a", 2, 0));
    assert_int_equal(publish(queue, "a", "z"), 3);
}

TEST(numbers_are_read_as_text)
{
    foreign(&place, "INSERT INTO message(channel, data, type) VALUES"
                    " ('a', 42, 'json'), ('a', 1.5, 'text'),"
                    " ('a', x'ff00', 'binary'), ('a', x'6869', 'text')");
    read_to_end(queue, &seen, NULL, 0, 10);
    assert_int_equal(seen.rows, 4);
    assert_string_equal(seen.row[0].data, "42");
    assert_int_equal(seen.row[0].type, QUEUE_JSON);
    assert_string_equal(seen.row[1].data, "1.5");
    assert_int_equal(seen.row[2].type, QUEUE_BINARY);
    assert_int_equal(seen.row[2].size_bytes, 2);
    assert_int_equal(seen.row[3].type, QUEUE_TEXT);
    assert_string_equal(seen.row[3].data, "hi");
}

TEST(what_breaks_the_rules_is_refused)
{
    static const char *const refused[] = {
        "(channel) VALUES ('')",
        "(channel) VALUES ('-a')",
        "(channel) VALUES ('a b')",
        "(channel) VALUES ('a,b')",
        "(channel) VALUES ('a/b')",
        "(channel) VALUES ('caf\xc3\xa9')",
        "(channel) VALUES ('a' || char(0))",
        "(channel) VALUES ('a' || char(10))",
        "(channel) VALUES (NULL)",
        "(channel) VALUES (printf('%.*c', 129, 'a'))",
        "(channel, event) VALUES ('a', '')",
        "(channel, event) VALUES ('a', 'x' || char(10) || 'y')",
        "(channel, event) VALUES ('a', 'x' || char(13))",
        "(channel, event) VALUES ('a', 'x' || char(0))",
        "(channel, event) VALUES ('a', 'x' || char(127))",
        "(channel, event) VALUES ('a', 'x' || char(133))",
        "(channel, event) VALUES ('a', char(1) || 'x')",
        "(channel, event) VALUES ('a', 'earshot.lost')",
        "(channel, event) VALUES ('a', printf('%.*c', 129, 'a'))",
        "(channel, event) VALUES ('a', NULL)",
        "(channel, data) VALUES ('a', NULL)",
        "(channel, data) VALUES ('a', zeroblob(1048577))",
        "(channel, type) VALUES ('a', 'html')",
        "(channel, time) VALUES ('a', -1)",
        "(channel, time) VALUES ('a', 'now')",
        "(channel, time) VALUES ('a', 9007199254740992)",
        "(channel, \"from\") VALUES ('a', '')",
        "(channel, \"from\") VALUES ('a', 'a b')",
        "(channel, \"from\") VALUES ('a', 'a' || char(0))",
        "(channel, \"from\") VALUES ('a', printf('%.*c', 65, 'a'))",
        "(id, channel) VALUES (1, 'a')",
        "(id, channel) VALUES (0, 'a')",
        "(id, channel) VALUES (-5, 'a')",
        "(id, channel) VALUES (9223372036854775807, 'a')",
        "(id, channel) VALUES (9007199254740991, 'a')",
        "(id, channel) VALUES (5000000000, 'a')",
    };
    publish(queue, "a", "x");
    foreign(&place, "DELETE FROM message");
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        static const char *const verbs[] = {"", "OR REPLACE ", "OR FAIL "};
        for (size_t j = 0; j < COUNT_OF(verbs); j++) {
            char sql[256];
            /* REPLACE puts the default where NULL is not allowed. */
            if (j == 1 && strstr(refused[i], "'a', NULL"))
                continue;
            snprintf(sql, sizeof(sql), "INSERT %sINTO message%s", verbs[j],
                     refused[i]);
            if (foreign(&place, sql) == SQLITE_OK)
                fail_msg("was not refused: %s", sql);
        }
    }
    assert_true(channel_is("a", 0, 1));
    assert_int_equal(publish(queue, "a", "x"), 2);
    assert_int_equal(foreign(&place, "UPDATE message SET data = 'y'"),
                     SQLITE_CONSTRAINT);
}

TEST(what_keeps_the_rules_is_taken)
{
    static const char *const taken[] = {
        "(channel) VALUES ('a')",
        "(channel) VALUES (printf('%.*c', 128, 'a'))",
        "(channel) VALUES ('9.a_b~c-D')",
        "(channel, event) VALUES ('a', printf('%.*c', 128, 'a'))",
        "(channel, event) VALUES ('a', 'Earshot.lost')",
        "(channel, event) VALUES ('a', 'earshot')",
        "(channel, event) VALUES ('a', 'caf\xc3\xa9 \xe4\xb8\xad []')",
        "(channel, data) VALUES ('a', zeroblob(1048576))",
        "(channel, \"from\") VALUES ('a', NULL)",
        "(channel, \"from\") VALUES ('a', printf('%.*c', 64, '-'))",
        "(id, channel) VALUES (1000, 'a')",
    };
    for (size_t i = 0; i < COUNT_OF(taken); i++) {
        char sql[256];
        snprintf(sql, sizeof(sql), "INSERT INTO message%s", taken[i]);
        if (foreign(&place, sql) != SQLITE_OK)
            fail_msg("was refused: %s", sql);
    }
    read_to_end(queue, &seen, NULL, 0, 100);
    assert_int_equal(seen.rows, COUNT_OF(taken));
    assert_int_equal(publish(queue, "a", "x"), 1001);
}

TEST(many_rows_in_one_statement_are_counted_each)
{
    assert_int_equal(foreign(&place, "INSERT INTO message(channel) VALUES"
                                     " ('a'), ('b'), ('a'), ('a')"),
                     SQLITE_OK);
    assert_true(channel_is("a", 3, 0));
    assert_true(channel_is("b", 1, 0));
    foreign(&place, "DELETE FROM message WHERE id IN (1, 3)");
    assert_true(channel_is("a", 1, 3));
    foreign(&place, "DELETE FROM message");
    assert_true(channel_is("a", 0, 4));
    assert_true(channel_is("b", 0, 2));
}

/* PRAGMA ignore_check_constraints, an older row, a bit that fell over: a row
 * is never dropped nor trusted. */
TEST(rows_that_are_not_what_they_claim_come_as_binary)
{
    foreign(&place, "PRAGMA ignore_check_constraints = ON;"
                    "INSERT INTO message(channel, event, data, \"from\")"
                    " VALUES ('a', CAST(x'61ff0a62' AS TEXT),"
                    " CAST(x'ff61' AS TEXT), 'x' || char(10)),"
                    " ('a', '', 'ok', ''), ('b' || char(0), 'e', 'cut', NULL),"
                    " ('a', 'x' || char(0) || 'y', 'z', NULL)");
    read_to_end(queue, &seen, NULL, 0, 10);
    assert_int_equal(seen.rows, 3);
    assert_int_equal(seen.row[0].type, QUEUE_BINARY);
    assert_int_equal(seen.row[0].size_bytes, 2);
    assert_string_equal(seen.row[0].event, "a??b");
    assert_string_equal(seen.row[0].from, "x?");
    assert_string_equal(seen.row[1].event, "message");
    assert_string_equal(seen.row[1].data, "ok");
    assert_string_equal(seen.row[2].event, "x?y");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

RUN(CASE(an_insert_arrives_with_its_defaults), CASE(numbers_are_read_as_text),
    CASE(what_breaks_the_rules_is_refused), CASE(what_keeps_the_rules_is_taken),
    CASE(many_rows_in_one_statement_are_counted_each),
    CASE(rows_that_are_not_what_they_claim_come_as_binary))

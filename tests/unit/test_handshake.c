#include "reference/handshake.h"

#include "check.h"
#include "problem.h"

static const struct handshake good = {
    .is_get = true,
    .is_http_1_1 = true,
    .host = "server.example.com",
    .upgrade = "websocket",
    .connection = "Upgrade",
    .version = "13",
    .key = "dGhlIHNhbXBsZSBub25jZQ==",
};

static char answer[HANDSHAKE_ACCEPT_SIZE];

/* "" for a good one, else the problem's code. */
static const char *
judge(struct handshake handshake)
{
    static struct refusal refusal;
    answer[0] = '\0';
    if (handshake_judge(&handshake, answer, &refusal))
        return "";
    assert_string_equal(answer, "");
    assert_in_range(strlen(refusal.sentence), 20, 400);
    return problem_code(refusal.problem);
}

#define WITH(field, value)                                                     \
    ({                                                                         \
        struct handshake handshake = good;                                     \
        handshake.field = value;                                               \
        handshake;                                                             \
    })

TEST(the_standards_own_example_is_answered_as_it_says)
{
    assert_string_equal(judge(good), "");
    assert_string_equal(answer, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(tokens_are_found_in_lists_in_any_case)
{
    static const char *const good_lists[] = {
        "upgrade",    "Upgrade",         "keep-alive, Upgrade",
        "UPGRADE ,x", ", ,\tupgrade\t,", "close, upgrade"};
    static const char *const bad_lists[] = {
        "", "upgraded", "up grade", "no-upgrade", "upgrade x", "keep-alive"};
    for (size_t i = 0; i < COUNT_OF(good_lists); i++)
        if (!handshake_has_token(good_lists[i], "upgrade"))
            fail_msg("not found in \"%s\"", good_lists[i]);
    for (size_t i = 0; i < COUNT_OF(bad_lists); i++)
        if (handshake_has_token(bad_lists[i], "upgrade"))
            fail_msg("found in \"%s\"", bad_lists[i]);
}

TEST(who_does_not_ask_for_websocket_is_told_of_it)
{
    assert_string_equal(judge(WITH(upgrade, "")), "upgrade");
    assert_string_equal(judge(WITH(upgrade, "h2c")), "upgrade");
    assert_string_equal(judge(WITH(upgrade, "h2c, WebSocket")), "");
    assert_string_equal(judge(WITH(connection, "keep-alive")), "upgrade");
}

TEST(another_version_is_told_ours)
{
    static const char *const versions[] = {"",    "8",   "12",
                                           "013", "13 ", "13, 8"};
    for (size_t i = 0; i < COUNT_OF(versions); i++)
        assert_string_equal(judge(WITH(version, versions[i])), "upgrade");
}

TEST(a_key_is_base64_of_sixteen_bytes)
{
    static const char *const bad[] = {
        "",
        "dGhlIHNhbXBsZSBub25jZQ=",
        "dGhlIHNhbXBsZSBub25jZQ===",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==",
        "dGhlIHNhbXBsZSBub25jZ===",
        "dGhlIHNhbXBsZSBub25jZQAA",
        "dGhlIHNhbXBsZSBub25j-Q==",
        "dGhlIHNhbXBsZSBub25j\xc3\x84==",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (strcmp(judge(WITH(key, bad[i])), "handshake") != 0)
            fail_msg("taken: %s", bad[i]);
    assert_string_equal(judge(WITH(key, "++++////AAAAzzzz99990w==")), "");
}

TEST(a_handshake_is_http_1_1_and_names_its_host)
{
    assert_string_equal(judge(WITH(is_http_1_1, false)), "handshake");
    assert_string_equal(judge(WITH(host, "")), "handshake");
    assert_string_equal(judge(WITH(host, "a.example, a.example")), "handshake");
    assert_string_equal(judge(WITH(is_get, false)), "upgrade");
}

RUN(LISTED(the_standards_own_example_is_answered_as_it_says),
    LISTED(tokens_are_found_in_lists_in_any_case),
    LISTED(who_does_not_ask_for_websocket_is_told_of_it),
    LISTED(another_version_is_told_ours),
    LISTED(a_key_is_base64_of_sixteen_bytes),
    LISTED(a_handshake_is_http_1_1_and_names_its_host))

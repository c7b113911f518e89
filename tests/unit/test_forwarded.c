#include "reference/forwarded.h"

#include "access.h"
#include "check.h"

static struct forwarded_values values;
static struct visitor visitor;

/* A request that came from a web server on loopback. */
static const struct forwarded from_proxy = {
    .is_believed = true,
    .peer = "127.0.0.1",
    .host = "127.0.0.1:9001",
    .origin = "https://chat.example",
    .fetch_site = "",
    .x_host = "",
    .x_for = "",
    .user_header = "",
};

#define READ(...)                                                              \
    do {                                                                       \
        struct forwarded said = from_proxy;                                    \
        __VA_ARGS__;                                                           \
        forwarded_read(&said, &values, &visitor);                              \
    } while (0)

TEST(the_host_that_the_browser_sees_is_the_first_of_those_named)
{
    READ(said.x_host = "chat.example");
    assert_string_equal(visitor.host, "chat.example");
    READ(said.x_host = " chat.example , inner:8080");
    assert_string_equal(visitor.host, "chat.example");
    READ((void)0);
    assert_string_equal(visitor.host, "127.0.0.1:9001");
    READ(said.x_host = ",");
    assert_string_equal(visitor.host, "127.0.0.1:9001");
}

TEST(the_address_is_the_last_that_our_own_server_added)
{
    READ(said.x_for = "127.0.0.1, 192.0.2.7");
    assert_string_equal(visitor.remote_addr, "192.0.2.7");
    READ(said.x_for = "");
    assert_string_equal(visitor.remote_addr, "127.0.0.1");
}

TEST(a_peer_from_elsewhere_is_believed_nothing)
{
    READ(said.is_believed = false; said.peer = "192.0.2.7";
         said.x_host = "chat.example"; said.x_for = "127.0.0.1";
         said.user_header = "root");
    assert_string_equal(visitor.host, "127.0.0.1:9001");
    assert_string_equal(visitor.remote_addr, "192.0.2.7");
    assert_string_equal(visitor.remote_user, "");
}

TEST(a_peer_on_the_unix_socket_is_of_this_machine)
{
    READ(said.peer = "");
    assert_string_equal(visitor.remote_addr, "127.0.0.1");
}

TEST(the_user_is_what_its_header_says)
{
    READ(said.user_header = " ann ");
    assert_string_equal(visitor.remote_user, "ann");
    READ(said.user_header = "");
    assert_string_equal(visitor.remote_user, "");
}

TEST(in_forwarded_it_is_the_last_elements_remote_user)
{
    static const struct {
        const char *header, *user;
    } cases[] = {
        {"for=192.0.2.7;remote_user=ann", "ann"},
        {"for=192.0.2.7;remote_user=\"ann\";host=x", "ann"},
        {"Remote_User=\"a \\\"b\\\" ,;c\"", "a \"b\" ,;c"},
        {"remote_user=evil, for=192.0.2.7", ""},
        {"remote_user=\"evil, for=192.0.2.7", ""},
        {"remote_user=evil;x=\", for=192.0.2.7", ""},
        {"remote_user=\"evil\\, for=192.0.2.7", ""},
        {"remote_user=\"evil, for=\"[2001:db8::1]\"", ""},
        {"remote_user=\"evil, for=192.0.2.7;remote_user=\"ann\"", ""},
        {"remote_user=evil, for=192.0.2.7; remote_user=ann", "ann"},
        {"for=\"x, remote_user=evil\"", ""},
        {"for=\"x;remote_user=evil", ""},
        {"xremote_user=evil", ""},
        {"remote_user=", ""},
        {"", ""},
        {",;,;", ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        READ(said.user_header = cases[i].header;
             said.is_forwarded_header = true);
        if (strcmp(visitor.remote_user, cases[i].user) != 0)
            fail_msg("%s: \"%s\"", cases[i].header, visitor.remote_user);
    }
}

TEST(what_is_too_long_counts_as_not_said)
{
    static char longest[FORWARDED_VALUE_MAX + 1];
    memset(longest, 'x', FORWARDED_VALUE_MAX);
    READ(said.x_host = longest; said.x_for = longest;
         said.user_header = longest);
    assert_string_equal(visitor.host, "127.0.0.1:9001");
    assert_string_equal(visitor.remote_addr, "127.0.0.1");
    assert_string_equal(visitor.remote_user, "");
}

RUN(LISTED(the_host_that_the_browser_sees_is_the_first_of_those_named),
    LISTED(the_address_is_the_last_that_our_own_server_added),
    LISTED(a_peer_from_elsewhere_is_believed_nothing),
    LISTED(a_peer_on_the_unix_socket_is_of_this_machine),
    LISTED(the_user_is_what_its_header_says),
    LISTED(in_forwarded_it_is_the_last_elements_remote_user),
    LISTED(what_is_too_long_counts_as_not_said))

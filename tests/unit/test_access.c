#include "access.h"

#include "check.h"
#include "options.h"
#include "problem.h"

struct pair {
    const char *origin, *host;
};

TEST(an_origin_of_the_same_host_and_port_is_our_own_site)
{
    static const struct pair same[] = {
        {"http://a.example", "a.example"},
        {"https://a.example", "a.example"},
        {"https://A.Example", "a.eXAMPLE"},
        {"http://a.example:8080", "a.example:8080"},
        {"http://a.example", "a.example:80"},
        {"https://a.example:443", "a.example"},
        {"https://a.example", "a.example:443"},
        {"http://a.example:80", "a.example"},
        {"http://127.0.0.1:8080", "127.0.0.1:8080"},
        {"http://[::1]:8080", "[::1]:8080"},
        {"http://[::1]", "[::1]:80"},
    };
    for (size_t i = 0; i < COUNT_OF(same); i++)
        if (!access_same_site(same[i].origin, same[i].host))
            fail_msg("%s is of %s", same[i].origin, same[i].host);
}

TEST(any_other_origin_is_foreign)
{
    static const struct pair foreign[] = {
        {"http://b.example", "a.example"},
        {"http://a.example:8081", "a.example:8080"},
        {"http://a.example:8080", "a.example"},
        {"http://a.example", "a.example:8080"},
        {"http://a.example.evil.example", "a.example"},
        {"http://evil-a.example", "a.example"},
        {"http://sub.a.example", "a.example"},
        {"http://a.example", "sub.a.example"},
        {"http://a.example@evil.example", "a.example"},
        {"http://evil.example/://a.example", "a.example"},
        {"http://a.example/", "a.example"},
        {"http://a.exampl", "a.example"},
        {"http://a.example:8", "a.example"},
        {"http://a.example:180", "a.example:1"},
        {"null", "a.example"},
        {"null", "null"},
        {"", "a.example"},
        {"", ""},
        {"a.example", "a.example"},
        {"http://", ""},
        {"http://:80", ""},
        {"http://a.example", ""},
    };
    for (size_t i = 0; i < COUNT_OF(foreign); i++)
        if (access_same_site(foreign[i].origin, foreign[i].host))
            fail_msg("%s is not of %s", foreign[i].origin, foreign[i].host);
}

/* Judges a visitor; the problem's code, or "" for one who may. */
static const char *
judge(const struct visitor *visitor, enum access access,
      const struct options *options)
{
    static struct refusal refusal;
    struct visitor whole = {"", "", "", "", "", "nobody is known"};
    if (visitor->origin)
        whole.origin = visitor->origin;
    if (visitor->host)
        whole.host = visitor->host;
    if (visitor->sec_fetch_site)
        whole.sec_fetch_site = visitor->sec_fetch_site;
    if (visitor->remote_user)
        whole.remote_user = visitor->remote_user;
    if (visitor->remote_addr)
        whole.remote_addr = visitor->remote_addr;
    bool is_foreign;
    if (access_judge(&whole, access, options, &is_foreign, &refusal))
        return is_foreign ? "foreign" : "";
    assert_in_range(strlen(refusal.sentence), 20, 400);
    return problem_code(refusal.problem);
}

#define JUDGE(access, options, ...)                                            \
    judge(&(const struct visitor){__VA_ARGS__}, access, options)

static const struct options strict = {
    .origin = "", .publish = WHO_USER, .admin = WHO_LOCAL};

TEST(who_has_no_origin_is_no_page)
{
    assert_string_equal(JUDGE(ACCESS_READ, &strict, .host = "a.example"), "");
}

TEST(a_page_of_another_site_may_not_even_read)
{
    assert_string_equal(JUDGE(ACCESS_READ, &strict, .host = "a.example",
                              .origin = "https://b.example"),
                        "origin");
    assert_string_equal(
        JUDGE(ACCESS_HEALTH, &strict, .host = "a.example", .origin = "null"),
        "origin");
    assert_string_equal(JUDGE(ACCESS_READ, &strict, .host = "inner:8080",
                              .origin = "https://a.example",
                              .sec_fetch_site = "same-origin"),
                        "");
}

TEST(a_site_that_is_listed_is_let_in_and_said_to_be_foreign)
{
    static const struct options open = {
        .origin = "https://c.example, https://B.example", .publish = WHO_USER};
    static const struct options all = {.origin = "*"};
    assert_string_equal(JUDGE(ACCESS_READ, &open, .host = "a.example",
                              .origin = "https://b.example"),
                        "foreign");
    assert_string_equal(JUDGE(ACCESS_READ, &open, .host = "a.example",
                              .origin = "https://b.example.evil.example"),
                        "origin");
    assert_string_equal(
        JUDGE(ACCESS_READ, &all, .host = "a.example", .origin = "null"),
        "foreign");
    assert_string_equal(JUDGE(ACCESS_PUBLISH, &open, .host = "a.example",
                              .origin = "https://b.example"),
                        "forbidden");
}

TEST(an_origin_that_could_break_a_header_is_never_let_in)
{
    static const struct options all = {.origin = "*"};
    assert_string_equal(JUDGE(ACCESS_READ, &all, .host = "a.example",
                              .origin = "https://b.example\r\nX: y"),
                        "origin");
}

TEST(each_word_lets_in_whom_it_names)
{
    static const struct visitor user = {.remote_user = "ann",
                                        .remote_addr = "192.0.2.1"};
    static const struct visitor local = {.remote_addr = "127.0.0.1"};
    static const struct visitor nobody = {0};
    static const struct {
        enum who who;
        bool user, local, nobody;
    } words[] = {{WHO_ANYONE, true, true, true},
                 {WHO_USER, true, false, false},
                 {WHO_LOCAL, false, true, false},
                 {WHO_NONE, false, false, false}};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        const struct options options = {
            .origin = "", .publish = words[i].who, .admin = words[i].who};
        for (int j = 0; j < 2; j++) {
            enum access access = j ? ACCESS_PUBLISH : ACCESS_ADMIN;
            assert_int_equal(!*judge(&user, access, &options), words[i].user);
            assert_int_equal(!*judge(&local, access, &options), words[i].local);
            assert_int_equal(!*judge(&nobody, access, &options),
                             words[i].nobody);
        }
    }
}

TEST(loopback_is_known_in_all_its_spellings)
{
    static const char *const local[] = {"127.0.0.1", "127.9.9.9", "::1",
                                        "::ffff:127.0.0.1"};
    static const char *const other[] = {
        "", "128.0.0.1", "::2", "::ffff:192.0.2.1", "localhost", "127.0.0.1 "};
    for (size_t i = 0; i < COUNT_OF(local); i++)
        assert_true(access_is_local(local[i]));
    for (size_t i = 0; i < COUNT_OF(other); i++)
        assert_false(access_is_local(other[i]));
}

RUN(LISTED(an_origin_of_the_same_host_and_port_is_our_own_site),
    LISTED(any_other_origin_is_foreign), LISTED(who_has_no_origin_is_no_page),
    LISTED(a_page_of_another_site_may_not_even_read),
    LISTED(a_site_that_is_listed_is_let_in_and_said_to_be_foreign),
    LISTED(an_origin_that_could_break_a_header_is_never_let_in),
    LISTED(each_word_lets_in_whom_it_names),
    LISTED(loopback_is_known_in_all_its_spellings))

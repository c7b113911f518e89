#include "access.h"

#include "check.h"

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

RUN(LISTED(an_origin_of_the_same_host_and_port_is_our_own_site),
    LISTED(any_other_origin_is_foreign))

#include "access.h"

#include "options.h"
#include "problem.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* The length of a host and port without a default port. */
static size_t
site_length(const char *site, size_t len)
{
    if (len > 3 && memcmp(site + len - 3, ":80", 3) == 0)
        return len - 3;
    if (len > 4 && memcmp(site + len - 4, ":443", 4) == 0)
        return len - 4;
    return len;
}

bool
access_same_site(const char *origin, const char *host)
{
    const char *site = strstr(origin, "://");
    if (!site || !*host)
        return false;
    site += 3;
    size_t site_len = site_length(site, strlen(site));
    size_t host_len = site_length(host, strlen(host));
    return site_len == host_len && strncasecmp(site, host, site_len) == 0;
}

/* Is ORIGIN in the LIST of --origin? */
static bool
is_listed(const char *list, const char *origin)
{
    size_t origin_len = strlen(origin);
    while (*list) {
        list += strspn(list, ", ");
        size_t len = strcspn(list, ", ");
        if ((len == 1 && *list == '*') ||
            (len == origin_len && strncasecmp(list, origin, len) == 0))
            return true;
        list += len;
    }
    return false;
}

/* An origin is echoed into a header: only what an origin can be made of. */
static bool
is_origin(const char *origin)
{
    for (; *origin; origin++)
        if (*origin <= ' ' || *origin >= 0x7f)
            return false;
    return true;
}

static bool
origin_may(const struct visitor *visitor, const struct options *options,
           bool *is_foreign, struct refusal *refusal)
{
    *is_foreign = false;
    if (!visitor->origin[0] ||
        strcmp(visitor->sec_fetch_site, "same-origin") == 0 ||
        access_same_site(visitor->origin, visitor->host))
        return true;
    if (is_origin(visitor->origin) &&
        is_listed(options->origin, visitor->origin)) {
        *is_foreign = true;
        return true;
    }
    return problem_refuse(
        refusal, PROBLEM_ORIGIN,
        "a page of %s may not use %s; if it should, start Earshot "
        "with --origin %s (and if both are one site, let the web "
        "server pass the Host header on as it is)",
        visitor->origin, visitor->host[0] ? visitor->host : "this site",
        strcmp(visitor->origin, "null") == 0 ? "'*'" : visitor->origin);
}

bool
access_is_local(const char *address)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, address, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, address, &v6) != 1)
        return false;
    return IN6_IS_ADDR_LOOPBACK(&v6) ||
           (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

static bool
who_may(enum who who, const struct visitor *visitor)
{
    switch (who) {
    case WHO_ANYONE:
        return true;
    case WHO_USER:
        return visitor->remote_user[0];
    case WHO_LOCAL:
        return access_is_local(visitor->remote_addr);
    case WHO_NONE:
        return false;
    }
    return false;
}

static bool
sender_may(const struct visitor *visitor, const char *option, enum who who,
           struct refusal *refusal)
{
    static const char *const reasons[] = {
        [WHO_ANYONE] = "",
        [WHO_USER] = "only users whom the web server has authenticated may",
        [WHO_LOCAL] = "only who comes from loopback may",
        [WHO_NONE] = "nobody may",
    };
    if (who_may(who, visitor))
        return true;
    return problem_refuse(refusal, PROBLEM_FORBIDDEN,
                          "%s do this here (%s); the option --%s says who may",
                          reasons[who],
                          who == WHO_USER           ? visitor->no_user
                          : visitor->remote_addr[0] ? visitor->remote_addr
                                                    : "your address is not "
                                                      "known",
                          option);
}

bool
access_judge(const struct visitor *visitor, enum access access,
             const struct options *options, bool *is_foreign,
             struct refusal *refusal)
{
    if (!origin_may(visitor, options, is_foreign, refusal))
        return false;
    switch (access) {
    case ACCESS_READ:
    case ACCESS_HEALTH:
        return true;
    case ACCESS_PUBLISH:
        return sender_may(visitor, "publish", (enum who)options->publish,
                          refusal);
    case ACCESS_ADMIN:
        return sender_may(visitor, "admin", (enum who)options->admin, refusal);
    }
    return false;
}

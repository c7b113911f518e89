#include "access.h"

#include "answer.h"
#include "connection.h"
#include "request.h"
#include "server.h"

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
origin_may(struct connection *connection, const struct request *request)
{
    if (!request->origin[0] ||
        strcmp(request->sec_fetch_site, "same-origin") == 0 ||
        access_same_site(request->origin, request->host))
        return true;
    if (is_origin(request->origin) &&
        is_listed(connection->server->options->origin, request->origin)) {
        connection->allow_origin = xstrdup(request->origin);
        return true;
    }
    answer_problem(
        connection, PROBLEM_ORIGIN,
        "a page of %s may not use %s; if it should, start Earshot "
        "with --origin %s (and if both are one site, let the web "
        "server pass the Host header on as it is)",
        request->origin, request->host[0] ? request->host : "this site",
        strcmp(request->origin, "null") == 0 ? "'*'" : request->origin);
    return false;
}

/* 127.0.0.0/8 and ::1, also as an IPv6 address that holds an IPv4 one. */
static bool
is_local(const char *address)
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
who_may(enum who who, const struct request *request)
{
    switch (who) {
    case WHO_ANYONE:
        return true;
    case WHO_USER:
        return request->remote_user[0];
    case WHO_LOCAL:
        return is_local(request->remote_addr);
    case WHO_NONE:
        return false;
    }
    return false;
}

static bool
sender_may(struct connection *connection, const struct request *request,
           const char *option, enum who who)
{
    static const char *const reasons[] = {
        [WHO_ANYONE] = "",
        [WHO_USER] = "only users whom the web server has authenticated may",
        [WHO_LOCAL] = "only who comes from loopback may",
        [WHO_NONE] = "nobody may",
    };
    if (who_may(who, request))
        return true;
    answer_problem(connection, PROBLEM_FORBIDDEN,
                   "%s do this here (%s); the option --%s says who may",
                   reasons[who],
                   who == WHO_USER           ? "it has set no REMOTE_USER"
                   : request->remote_addr[0] ? request->remote_addr
                                             : "your address is not known",
                   option);
    return false;
}

bool
access_check(struct connection *connection, const struct request *request,
             enum access access)
{
    const struct options *options = connection->server->options;
    if (!origin_may(connection, request))
        return false;
    switch (access) {
    case ACCESS_READ:
    case ACCESS_HEALTH:
        return true;
    case ACCESS_PUBLISH:
        return sender_may(connection, request, "publish",
                          (enum who)options->publish);
    case ACCESS_ADMIN:
        return sender_may(connection, request, "admin",
                          (enum who)options->admin);
    }
    return false;
}

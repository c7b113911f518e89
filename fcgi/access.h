/* Who may: the one judgement that every request passes on its way to a channel,
 * whichever program it came to. It knows no connection and answers nobody. */
#ifndef EARSHOT_ACCESS_H
#define EARSHOT_ACCESS_H

#include <stdbool.h>

struct options;
struct refusal;

enum access { ACCESS_READ, ACCESS_PUBLISH, ACCESS_ADMIN, ACCESS_HEALTH };

/* Who asks, as far as the web server has said. Every string is "" where it is
 * not known. */
struct visitor {
    const char *origin;
    const char *host; /* of the address in the browser */
    const char *sec_fetch_site;
    const char *remote_user;
    const char *remote_addr;
    const char *no_user; /* what is missing when there is no remote_user: "it
                            has set no REMOTE_USER" */
};

/* Judges the visitor's origin, then whether it may do ACCESS. False: REFUSAL
 * says why not. *IS_FOREIGN says of one who may that its origin is another
 * site's, which the answer's headers have to name. */
__attribute__((warn_unused_result)) bool
access_judge(const struct visitor *visitor, enum access access,
             const struct options *options, bool *is_foreign,
             struct refusal *refusal);

/* True when ORIGIN ("https://Host:port") is of the site HOST: host and port are
 * the same, the scheme aside, with default ports equal to none. */
bool access_same_site(const char *origin, const char *host);

/* True for 127.0.0.0/8 and ::1, also as an IPv6 address that holds an IPv4
 * one. */
bool access_is_local(const char *address);

#endif

/* Who may: the one place that every request passes on its way to a channel. */
#ifndef EARSHOT_ACCESS_H
#define EARSHOT_ACCESS_H

#include <stdbool.h>

struct connection;
struct request;

enum access { ACCESS_READ, ACCESS_PUBLISH, ACCESS_ADMIN, ACCESS_HEALTH };

/* Judges the request's origin, then whether its sender may do ACCESS. False:
 * it has been refused, and answered. Notes a foreign origin that is let in, for
 * the answer's headers. */
__attribute__((warn_unused_result)) bool
access_check(struct connection *connection, const struct request *request,
             enum access access);

/* True when ORIGIN ("https://Host:port") is of the site HOST: host and port are
 * the same, the scheme aside, with default ports equal to none. */
bool access_same_site(const char *origin, const char *host);

#endif

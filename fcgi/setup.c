#include "setup.h"

#include "base/bytes.h"
#include "base/json.h"
#include "base/log.h"
#include "options.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/* What the first few web servers that called name themselves, the newest of
 * them in use; each is warned of once. */
enum { SERVERS_MAX = 4 };
static char servers[SERVERS_MAX][64];
static int server_count;
static bool serves_one;

void
setup_serves_one(void)
{
    serves_one = true;
}

static void
append_string(struct bytes *json, const char *text)
{
    if (text)
        json_append_string(json, text, strlen(text));
    else
        bytes_append_string(json, "null");
}

/* -1: it cannot be known. */
static int
open_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int count = -3; /* . and .. and the directory's own */
    if (!directory)
        return -1;
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static void
append_descriptors(struct bytes *json)
{
    struct rlimit limit;
    bytes_append_string(json, "\"descriptors\":{\"limit\":");
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
        limit.rlim_cur != RLIM_INFINITY)
        bytes_append_number(json, (int64_t)limit.rlim_cur);
    else
        bytes_append_string(json, "null");
    bytes_printf(json, ",\"open\":%d}", open_descriptors());
}

void
setup_append(struct bytes *json, const struct options *options)
{
    static const char *const who[] = {
        [WHO_ANYONE] = "anyone",
        [WHO_USER] = "user",
        [WHO_LOCAL] = "local",
        [WHO_NONE] = "none",
    };
    bytes_append_string(json, "{\"server\":");
    append_string(json, server_count ? servers[server_count - 1] : NULL);
    bytes_printf(json, ",\"publish\":\"%s\",\"admin\":\"%s\",\"origin\":",
                 who[options->publish], who[options->admin]);
    append_string(json, options->origin);
    bytes_printf(json,
                 ",\"heartbeat_s\":%.3f,\"wait_max_s\":%.3f,"
                 "\"subscribers_max\":%" PRId64 ",",
                 (double)options->heartbeat_us / 1e6,
                 (double)options->wait_max_us / 1e6,
                 serves_one ? 1 : options->subscribers_max);
    append_descriptors(json);
    bytes_append_string(json, ",\"log\":{\"to\":");
    append_string(json, options->log);
    bytes_append_string(json, ",\"nowhere\":");
    append_string(json, log_nowhere());
    bytes_append_string(json, "}}");
}

/* -- what is known of web servers ---------------------------------------- */

/* What cuts a connection on which nothing passes, if its configuration does not
 * say otherwise (ARCHITECTURE.md, "Web servers"). */
static const struct {
    const char *name;
    const char *line; /* that says otherwise */
    int idle_s;
} limits[] = {
    {"Apache", "ProxyTimeout", 60},
    {"h2o", "fastcgi.timeout.io", 30},
    {"lighttpd", "server.max-write-idle", 360},
    {"nginx", "fastcgi_read_timeout", 60},
};

static void
warn_of_limits(const char *software, const struct options *options)
{
    double beat_s = (double)options->heartbeat_us / 1e6 * 1.2;
    double wait_s = (double)options->wait_max_us / 1e6;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        if (strncasecmp(software, limits[i].name, strlen(limits[i].name)) != 0)
            continue;
        if (beat_s >= limits[i].idle_s)
            log_warn("setup",
                     "heartbeats come up to %g s apart, and %s cuts a stream "
                     "after %d s without a byte unless %s says otherwise: "
                     "lower --heartbeat or raise that",
                     beat_s, limits[i].name, limits[i].idle_s, limits[i].line);
        if (wait_s >= limits[i].idle_s)
            log_warn("setup",
                     "a long-poll may wait %g s, and %s cuts it after %d s "
                     "unless %s says otherwise: lower --wait-max or raise that",
                     wait_s, limits[i].name, limits[i].idle_s, limits[i].line);
    }
}

/* mod_proxy_fcgi names a program that it does not start by "proxy:…";
 * mod_fcgid starts it, and gives each process one request at a time. */
static void
warn_of_fcgid(const struct setup_server *server)
{
    if (strncasecmp(server->software, "Apache", 6) == 0 &&
        strncmp(server->script_filename, "proxy:", 6) != 0)
        log_warn("setup", "this is Apache without mod_proxy_fcgi: mod_fcgid "
                          "and mod_cgi keep a process for each stream. Publish "
                          "and poll by them, and let mod_proxy_fcgi serve "
                          "streams and long-polls");
}

static bool
is_new(const char *software)
{
    for (int i = 0; i < server_count; i++)
        if (strncmp(servers[i], software, sizeof servers[0] - 1) == 0)
            return false;
    return software[0] && server_count < SERVERS_MAX;
}

void
setup_notice(const struct setup_server *server, const struct options *options)
{
    if (!is_new(server->software))
        return;
    snprintf(servers[server_count++], sizeof servers[0], "%s",
             server->software);
    /* One who is asked once would warn at each request; and who may hold one
     * subscriber has been told so by somebody who knows. */
    if (serves_one || options->subscribers_max == 1)
        return;
    warn_of_limits(server->software, options);
    warn_of_fcgid(server);
}

#include "route.h"

#include "access.h"
#include "answer.h"
#include "base/log.h"
#include "connection.h"
#include "info.h"
#include "poll.h"
#include "publish.h"
#include "query.h"
#include "request.h"
#include "server.h"
#include "setup.h"
#include "sse.h"
#include "watch.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* What is left of PATH below BASE; NULL when it is not below it. */
static const char *
below(const char *base, const char *path)
{
    size_t len = strlen(base);
    while (len && base[len - 1] == '/')
        len--;
    if (strncmp(path, base, len) != 0 || (path[len] && path[len] != '/'))
        return NULL;
    return path + len;
}

enum { PATH_MAX_BYTES = 16 * 1024 };

/* The request's path below where the program is mounted, in *PATH; decoded in
 * STORAGE (of PATH_MAX_BYTES + 1) if it has to be. *PATH is NULL when it is not
 * below it. False: it cannot be decoded. */
static bool
path_of(const struct request *request, const char *base, char *storage,
        const char **path)
{
    *path = request->path_info;
    if (request->path_info[0]) {
        /* h2o calls the whole path PATH_INFO, and has no SCRIPT_NAME. */
        const char *rest = below(base, request->path_info);
        if (rest && !request->script_name[0])
            *path = rest;
        return true;
    }
    *path = below(base, request->script_name);
    if (*path && request->script_name[0])
        return true;
    *path = NULL;
    size_t len = strcspn(request->request_uri, "?");
    if (len > PATH_MAX_BYTES)
        return true;
    if (!percent_decode(storage, request->request_uri, len, false))
        return false;
    *path = below(base, storage);
    return true;
}

/* One address: what it takes, and what serves it. */
struct address {
    const char *name; /* the last segment; "" for /{channel} itself */
    const char *methods;
    enum access access;
    void (*get)(struct connection *connection, const struct request *request,
                const struct query *query, const char *name);
};

static const struct address channel_addresses[] = {
    {"", "GET, HEAD, POST, OPTIONS", ACCESS_READ, info_get},
    {"poll", "GET, HEAD, OPTIONS", ACCESS_READ, poll_get},
    {"sse", "GET, HEAD, OPTIONS", ACCESS_READ, sse_get},
};

static const struct address own_addresses[] = {
    {"health", "GET, HEAD, OPTIONS", ACCESS_HEALTH, info_health_get},
    {"status", "GET, HEAD, OPTIONS", ACCESS_ADMIN, info_status_get},
    {"metrics", "GET, HEAD, OPTIONS", ACCESS_ADMIN, info_metrics_get},
    {"", "GET, HEAD, OPTIONS", ACCESS_ADMIN, info_page_get},
    {"page.css", "GET, HEAD, OPTIONS", ACCESS_ADMIN, info_page_get},
    {"page.js", "GET, HEAD, OPTIONS", ACCESS_ADMIN, info_page_get},
    {"sse", "GET, HEAD, OPTIONS", ACCESS_ADMIN, watch_get},
};

static const struct address *
find(const struct address *addresses, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(addresses[i].name, name) == 0)
            return &addresses[i];
    return NULL;
}

static void
answer_not_found(struct connection *connection, const char *last)
{
    if (strcmp(last, "ws") == 0)
        answer_problem(connection, PROBLEM_NOT_FOUND,
                       "WebSocket is served by earshot-ws: let the web server "
                       "pass this address on to it");
    else
        answer_problem(connection, PROBLEM_NOT_FOUND,
                       "there is nothing at this address; there are "
                       "/{channel}, /{channel}/poll, /{channel}/sse and "
                       "/-/health below where Earshot is mounted (--base, "
                       "now %s)",
                       connection->server->options->base);
}

/* Judges who asks. Notes a foreign origin that is let in, for the answer's
 * headers. False: it has been refused, and answered. */
static bool
may(struct connection *connection, const struct request *request,
    enum access access)
{
    const struct visitor visitor = {
        .origin = request->origin,
        .host = request->host,
        .sec_fetch_site = request->sec_fetch_site,
        .remote_user = request->remote_user,
        .remote_addr = request->remote_addr,
        .no_user = "it has set no REMOTE_USER",
    };
    struct refusal refusal;
    bool is_foreign;
    if (!access_judge(&visitor, access, connection->server->options,
                      &is_foreign, &refusal)) {
        answer_refusal(connection, &refusal);
        return false;
    }
    if (is_foreign)
        connection->allow_origin = xstrdup(request->origin);
    return true;
}

static void
serve(struct connection *connection, struct request *request,
      const struct address *address, const char *name)
{
    bool publishes =
        request->method == METHOD_POST && strstr(address->methods, "POST");
    if (request->method == METHOD_OTHER ||
        (request->method == METHOD_POST && !publishes)) {
        answer_method(connection, address->methods);
        return;
    }
    enum access access = address->access;
    if (publishes)
        access = ACCESS_PUBLISH;
    /* A preflight asks whether a page of that origin may, not whether this
     * visitor may. */
    if (request->method == METHOD_OPTIONS)
        access = ACCESS_HEALTH;
    if (!may(connection, request, access))
        return;
    if (request->method == METHOD_OPTIONS) {
        answer_options(connection, address->methods);
        return;
    }
    struct query query;
    if (!query_read(&query, request->query))
        answer_problem(connection, PROBLEM_BAD_ENCODING,
                       "the query string has a %% that is not followed by two "
                       "hexadecimal digits, or an encoded NUL");
    else if (publishes)
        publish_post(connection, request, &query, name);
    else
        address->get(connection, request, &query, name);
    query_fini(&query);
}

static void
route_path(struct connection *connection, struct request *request,
           const char *path)
{
    char name[PATH_MAX_BYTES + 1];
    const char *last = strrchr(path, '/');
    const struct address *address = NULL;
    if (!last || path[0] != '/' || strlen(path) > PATH_MAX_BYTES) {
        answer_not_found(connection, "");
        return;
    }
    size_t len = (size_t)(last - path);
    if (strncmp(path, "/-/", 3) == 0) {
        strcpy(name, path + 3);
        address = find(own_addresses,
                       sizeof own_addresses / sizeof *own_addresses, path + 3);
    } else if (len == 0 && last[1]) { /* /{channel} */
        strcpy(name, last + 1);
        address = &channel_addresses[0];
    } else if (last[1]) {
        memcpy(name, path + 1, len - 1);
        name[len - 1] = '\0';
        if (!strchr(name, '/'))
            address = find(channel_addresses,
                           sizeof channel_addresses / sizeof *channel_addresses,
                           last + 1);
    }
    if (address)
        serve(connection, request, address, name);
    else
        answer_not_found(connection, last + 1);
}

enum { ROOTS_MAX = 16 };

/* A queue that the web server would give away to anyone who asks for it is
 * warned of. The first few document roots are looked at, each once: with many
 * sites on one server this must not become work for every request. */
static void
warn_of_document_root(const char *queue, const char *root)
{
    static char looked_at[PATH_MAX];
    static int looks;
    char queue_path[PATH_MAX], root_path[PATH_MAX];
    if (!root[0] || looks == ROOTS_MAX || strcmp(root, looked_at) == 0 ||
        strlen(root) >= PATH_MAX)
        return;
    looks++;
    strcpy(looked_at, root);
    if (!realpath(queue, queue_path) || !realpath(root, root_path))
        return;
    size_t len = strlen(root_path);
    if (strncmp(queue_path, root_path, len) == 0 &&
        (queue_path[len] == '/' || len == 1))
        log_warn("route",
                 "the queue %s is below the document root %s, where "
                 "anyone may read it: move it out",
                 queue_path, root_path);
}

void
route_request(struct connection *connection, struct request *request)
{
    connection->server->figures.requests++;
    connection->is_head = request->method == METHOD_HEAD;
    warn_of_document_root(connection->server->options->queue,
                          request->document_root);
    const struct setup_server web_server = {request->server_software,
                                            request->script_filename};
    setup_notice(&web_server, connection->server->options);
    char storage[PATH_MAX_BYTES + 1];
    const char *path;
    if (!path_of(request, connection->server->options->base, storage, &path))
        answer_problem(connection, PROBLEM_BAD_ENCODING,
                       "the address has a %% that is not followed by two "
                       "hexadecimal digits, or an encoded NUL");
    else if (path)
        route_path(connection, request, path);
    else
        answer_not_found(connection, "");
}

void
route_too_large(struct connection *connection)
{
    answer_problem(connection, PROBLEM_HEADERS_TOO_LARGE,
                   "the address and headers of a request are 64 KiB at most "
                   "here");
}

void
route_torn(struct connection *connection)
{
    answer_problem(connection, PROBLEM_BAD_REQUEST,
                   "the address or a header of the request holds a NUL");
}

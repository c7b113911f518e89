#include "cgi.h"

#include "base/clock.h"
#include "base/log.h"
#include "connection.h"
#include "request.h"
#include "route.h"
#include "server.h"
#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_SIZE = 64 * 1024 };

/* Waits until standard input can be read, UNTIL_US at most. */
static bool
wait_for_input(int64_t until_us)
{
    int64_t left_us = until_us - clock_monotonic_us();
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    return left_us > 0 && poll(&input, 1, (int)(left_us / 1000) + 1) > 0;
}

/* Reads what Content-Length promises (RFC 3875, section 4.2: there may be no
 * end of file), keeping MAX bytes at most. False: it did not come in time. */
static bool
read_body(struct request *request, size_t max, int64_t until_us)
{
    static char scratch[READ_SIZE];
    struct bytes body = BYTES_EMPTY;
    size_t left = (size_t)strtoull(request->content_length, NULL, 10);
    bool in_time = true;
    while (left) {
        if (!(in_time = wait_for_input(until_us)))
            break;
        size_t want = left < sizeof scratch ? left : sizeof scratch;
        ssize_t len = read(STDIN_FILENO, scratch, want);
        if (len < 0 && errno == EINTR)
            continue;
        if (len <= 0)
            break;
        left -= (size_t)len;
        if (body.len + (size_t)len > max)
            request->body_too_large = true;
        else
            bytes_append(&body, scratch, (size_t)len);
    }
    bytes_append_char(&body, '\0');
    request->body = body.data;
    request->body_len = body.len - 1;
    return in_time;
}

static bool
serve_one(struct server *server)
{
    const struct options *options = server->options;
    struct request request;
    request_from_environment(&request, environ);
    size_t max = (size_t)(options->message_max > options->batch_bytes
                              ? options->message_max
                              : options->batch_bytes);
    int64_t until_us = clock_monotonic_us() + options->request_timeout_us;
    bool in_time = read_body(&request, max, until_us);
    fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
    struct connection *connection =
        in_time ? connection_open_plain(server, STDOUT_FILENO) : NULL;
    if (connection)
        route_request(connection, &request);
    else
        log_warn("cgi", "the request's body did not come in time");
    free(request.body);
    return connection;
}

int
cgi_serve(const struct options *options)
{
    static struct server server;
    setup_serves_one();
    if (!server_init(&server, options)) {
        log_error("cgi", "cannot make the event loop: %m");
        return EXIT_FAILURE;
    }
    bool served = serve_one(&server);
    if (served)
        server_run(&server);
    server_fini(&server);
    return served ? EXIT_SUCCESS : EXIT_FAILURE;
}

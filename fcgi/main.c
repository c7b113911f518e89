/* earshot.fcgi: real-time push behind a web server. */

#include "base/log.h"
#include "cgi.h"
#include "connection.h"
#include "listen.h"
#include "options.h"
#include "processes.h"
#include "request.h"
#include "server.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int
serve(const struct options *options, int listener_count, const int *listeners,
      struct spread *spread)
{
    static struct server server;
    if (!request_setup()) {
        log_error("main", "libfcgi cannot be made ready");
        return EXIT_FAILURE;
    }
    if (!server_init(&server, options)) {
        log_error("main", "cannot make the event loop: %m");
        return EXIT_FAILURE;
    }
    const char *trouble = queue_trouble(server.queue);
    if (trouble)
        log_error("queue", "%s", trouble);
    server_share(&server, spread);
    for (int i = 0; i < listener_count; i++)
        server_listen(&server, listeners[i], connection_open);
    log_info("main", "ready version=%s pid=%d queue=%s", PACKAGE_VERSION,
             (int)getpid(), options->queue);
    server_run(&server);
    if (!spread) /* else it is the parent's */
        listen_cleanup(options);
    server_fini(&server);
    log_info("main", "stopped");
    return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
    struct options options;
    int status;
    if (!options_begin(&options, PROGRAM_FCGI, argc, argv, &status))
        return status;
    if (!options.queue) {
        log_error("main", "which queue? Give --queue PATH or EARSHOT_QUEUE: a "
                          "file in a directory of its own, outside what the "
                          "web server serves");
        return EXIT_USAGE;
    }
    umask(0007); /* the queue is shared by group, and by nobody else */
    int listeners[SERVER_LISTENERS_MAX];
    int count = listen_open(&options, listeners);
    if (count < 0)
        return EXIT_FAILURE;
    if (count == 0)
        return cgi_serve(&options);
    struct spread *spread;
    if (!processes_start(&options, count, listeners, &spread, &status))
        return status;
    return serve(&options, count, listeners, spread);
}

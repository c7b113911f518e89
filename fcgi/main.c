/* earshot.fcgi: real-time push behind a web server. */

#include "base/log.h"
#include "cgi.h"
#include "connection.h"
#include "listen.h"
#include "options.h"
#include "request.h"
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { EXIT_USAGE = 2 };

static int
serve(const struct options *options, int listener_count, const int *listeners)
{
    static struct server server;
    if (!server_init(&server, options)) {
        log_error("main", "cannot make the event loop: %m");
        return EXIT_FAILURE;
    }
    const char *trouble = queue_trouble(server.queue);
    if (trouble)
        log_error("queue", "%s", trouble);
    for (int i = 0; i < listener_count; i++)
        server_listen(&server, listeners[i], connection_open);
    log_info("main", "ready version=%s queue=%s", PACKAGE_VERSION,
             options->queue);
    server_run(&server);
    listen_cleanup(options);
    server_fini(&server);
    log_info("main", "stopped");
    return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
    struct options options;
    if (!options_read(&options, PROGRAM_FCGI, argc, argv))
        return EXIT_USAGE;
    if (options.help || options.version) {
        if (options.help)
            options_help(stdout, PROGRAM_FCGI);
        else
            puts("earshot.fcgi " PACKAGE_VERSION);
        return EXIT_SUCCESS;
    }
    if (!log_open(options.log, (enum log_level)options.log_level)) {
        fprintf(stderr, "earshot.fcgi: cannot open the log %s: %m\n",
                options.log);
        return EXIT_FAILURE;
    }
    if (!options.queue) {
        log_error("main", "which queue? Give --queue PATH or EARSHOT_QUEUE: a "
                          "file in a directory of its own, outside what the "
                          "web server serves");
        return EXIT_USAGE;
    }
    if (!request_setup()) {
        log_error("main", "libfcgi cannot be made ready");
        return EXIT_FAILURE;
    }
    umask(0007); /* the queue is shared by group, and by nobody else */
    int listeners[SERVER_LISTENERS_MAX];
    int count = listen_open(&options, listeners);
    if (count < 0)
        return EXIT_FAILURE;
    if (count == 0)
        return cgi_serve(&options);
    return serve(&options, count, listeners);
}

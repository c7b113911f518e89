/* earshot-ws: real-time push by WebSocket, over Earshot's queue. */

#include "base/log.h"
#include "front.h"
#include "listen.h"
#include "options.h"
#include "processes.h"
#include "server.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int
serve(const struct options *options, int listener_count, const int *listeners,
      struct spread *spread)
{
    static struct server server;
    if (!server_init(&server, options)) {
        log_error("main", "cannot make the event loop: %m");
        return EXIT_FAILURE;
    }
    server_share(&server, spread);
    struct front *front = front_new(&server);
    bool listens = front;
    for (int i = 0; i < listener_count && listens; i++)
        listens = front_listen(front, listeners[i]);
    if (!listens) {
        log_error("main", "libevent's HTTP cannot be had: %m");
        return EXIT_FAILURE;
    }
    const char *trouble = queue_trouble(server.queue);
    if (trouble)
        log_error("queue", "%s", trouble);
    log_info("ws", "ready version=%s pid=%d queue=%s", PACKAGE_VERSION,
             (int)getpid(), options->queue);
    server_run(&server);
    if (!spread) /* else it is the parent's */
        listen_cleanup(options);
    front_free(front);
    server_fini(&server);
    log_info("ws", "stopped");
    return EXIT_SUCCESS;
}

static int
start(struct options *options)
{
    if (!options->queue) {
        log_error("main", "which queue? Give --queue PATH or EARSHOT_QUEUE: "
                          "the file that earshot.fcgi has");
        return EXIT_USAGE;
    }
    umask(0007); /* the queue is shared by group, and by nobody else */
    int listeners[SERVER_LISTENERS_MAX];
    int count = listen_open(options, listeners);
    if (count < 0)
        return EXIT_FAILURE;
    if (count == 0) {
        log_error("main", "nothing to listen on: give --socket PATH or "
                          "--listen HOST:PORT");
        return EXIT_USAGE;
    }
    struct spread *spread;
    int status;
    if (!processes_start(options, count, listeners, &spread, &status))
        return status;
    return serve(options, count, listeners, spread);
}

int
main(int argc, char **argv)
{
    struct options options;
    int status;
    if (!options_begin(&options, PROGRAM_WS, argc, argv, &status))
        return status;
    return start(&options);
}

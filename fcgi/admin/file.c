#include "file.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const char *
file_asked(const struct options *options, const char *command)
{
    struct stat found;
    if (!options->queue)
        fprintf(stderr,
                "earshot %s: which queue? Give --queue PATH or "
                "EARSHOT_QUEUE\n",
                command);
    else if (stat(options->queue, &found) < 0)
        fprintf(stderr, "earshot %s: %s: %s\n", command, options->queue,
                errno == ENOENT ? "there is no such queue" : strerror(errno));
    else
        return options->queue;
    return NULL;
}

struct queue *
file_open(const struct options *options)
{
    const struct queue_options how = {
        .path = options->queue,
        .synchronous = (enum queue_synchronous)options->synchronous,
        .bell = true,
        .keep_messages = INT64_MAX,
        .keep_age_ms = INT64_MAX,
        .keep_channels = INT64_MAX,
        .keep_bytes = INT64_MAX,
        .keep_keys_ms = INT64_MAX,
        .message_max_bytes = options->message_max,
    };
    return queue_open(&how);
}

void
file_wait(struct queue *queue, int wait_ms)
{
    struct pollfd fd = {.fd = queue_fd(queue), .events = POLLIN};
    (void)!poll(&fd, 1, wait_ms);
}

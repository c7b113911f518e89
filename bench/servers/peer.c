#include "servers/peer.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "program_files.h"
#include "interrupt.h"
#include "sentence.h"
#include "target/target.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    LINE_MAX_BYTES = 1 << 20,
    RESTART_US = 60 * 1000 * 1000,
    END_US = 15 * 1000 * 1000,
    FOREVER = -1,
    OPTIONS_MAX = 32,
};

struct peer {
    pid_t pid;
    int to, from;      /* its standard input and output; -1: closed */
    struct bytes said; /* of its output, what is no whole line yet */
};

/* In the child: becomes bench/peers/run. In a session of its own, for Ctrl-C
 * is ours to obey; and should we be killed, the kernel tells it. */
static void
become(char *const *command, pid_t parent, const int to[2], const int from[2])
{
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    dup2(to[0], STDIN_FILENO);
    dup2(from[1], STDOUT_FILENO);
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        signal(numbers[i], SIG_DFL);
    execv(command[0], command);
    fprintf(stderr, "earshot-bench: cannot run %s: %s\n", command[0],
            strerror(errno));
    _exit(EXIT_FAILURE);
}

static struct peer *
spawn(char *const *command)
{
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) < 0)
        return NULL;
    if (pipe2(from, O_CLOEXEC) < 0) {
        close(to[0]), close(to[1]);
        return NULL;
    }
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        become(command, parent, to, from);
    close(to[0]), close(from[1]);
    if (pid < 0) {
        close(to[1]), close(from[0]);
        return NULL;
    }
    struct peer *peer = xcalloc(1, sizeof *peer);
    *peer = (struct peer){.pid = pid, .to = to[1], .from = from[0]};
    return peer;
}

/* Starts PATH with WHAT, a name and options with blanks between, and with where
 * Earshot's servers lie: those of this program's own build. */
static struct peer *
spawn_peer(char *path, const char *what)
{
    char *words = xstrdup(what), *build = servers_directory(), *rest = words;
    char *command[OPTIONS_MAX + 4] = {path}, option[] = "--build";
    int count = 1;
    for (char *word; count <= OPTIONS_MAX && (word = strsep(&rest, " "));)
        if (*word)
            command[count++] = word;
    command[count++] = option;
    command[count] = build;
    struct peer *peer = spawn(command);
    free(words);
    free(build);
    return peer;
}

/* The whole line that has come, to be freed, or NULL. */
static char *
take_line(struct peer *peer)
{
    char *end =
        peer->said.len ? memchr(peer->said.data, '\n', peer->said.len) : NULL;
    if (!end)
        return NULL;
    size_t len = (size_t)(end - peer->said.data);
    char *line = xmemdup0(peer->said.data, len);
    bytes_consume(&peer->said, len + 1);
    return line;
}

/* Waits for a line of its output, to be freed; NULL when it ends, when LIMIT_US
 * have passed (or FOREVER), or on Ctrl-C. */
static char *
next_line(struct peer *peer, int64_t limit_us)
{
    int64_t began_us = clock_monotonic_us();
    while (!interrupt_signal() && peer->said.len < LINE_MAX_BYTES) {
        char *line = take_line(peer);
        if (line)
            return line;
        if (limit_us != FOREVER && clock_monotonic_us() - began_us > limit_us)
            return NULL;
        struct pollfd readable = {.fd = peer->from, .events = POLLIN};
        if (poll(&readable, 1, 250) <= 0)
            continue;
        char *room = bytes_reserve(&peer->said, 4096);
        ssize_t len = read(peer->from, room, 4096);
        if (len == 0 || (len < 0 && errno != EINTR))
            return NULL;
        peer->said.len += len > 0 ? (size_t)len : 0;
    }
    return NULL;
}

struct peer *
peer_new(const char *name, char **target, char **problem)
{
    char *path = program_file("peers/run");
    if (!path) {
        *problem = sentence("bench/peers/run is missing, which starts servers; "
                            "run earshot-bench where it was built or "
                            "installed");
        return NULL;
    }
    struct peer *peer = spawn_peer(path, name);
    free(path);
    if (!peer) {
        *problem = sentence("cannot start bench/peers/run %s: %s", name,
                            strerror(errno));
        return NULL;
    }
    char *line = next_line(peer, FOREVER);
    if (!line) {
        *problem =
            interrupt_signal()
                ? sentence("interrupted while \"%s\" was being started", name)
                : sentence("bench/peers/run %s could not start its "
                           "server; what it said stands above",
                           name);
        peer_free(peer);
        return NULL;
    }
    *target = line;
    return peer;
}

bool
peer_restart(struct peer *peer, struct target *target)
{
    static const char order[] = "restart\n";
    static const char ready[] = "ready ";
    const size_t len = sizeof ready - 1;
    if (write(peer->to, order, sizeof order - 1) != sizeof order - 1)
        return false;
    char *line = next_line(peer, RESTART_US);
    bool is_ready =
        line && strncmp(line, ready, len) == 0 &&
        target_read_processes(target, line + len, strlen(line + len));
    free(line);
    return is_ready;
}

/* Waits until it has ended; false when that takes longer than LIMIT_US. */
static bool
has_ended_within(struct peer *peer, int64_t limit_us)
{
    int64_t began_us = clock_monotonic_us();
    for (;;) {
        pid_t ended = waitpid(peer->pid, NULL, WNOHANG);
        if (ended == peer->pid || (ended < 0 && errno != EINTR))
            return true;
        if (clock_monotonic_us() - began_us > limit_us)
            return false;
        poll(NULL, 0, 10);
    }
}

void
peer_free(struct peer *peer)
{
    if (!peer)
        return;
    close(peer->to);
    if (!has_ended_within(peer, END_US)) {
        kill(peer->pid, SIGTERM);
        if (!has_ended_within(peer, END_US)) {
            kill(peer->pid, SIGKILL);
            has_ended_within(peer, END_US);
        }
    }
    close(peer->from);
    bytes_fini(&peer->said);
    free(peer);
}

#include "listen.h"

#include "base/log.h"
#include "options.h"
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4096, FIRST_HANDED_DOWN = 3 };

static ino_t socket_inode; /* of the file that we made */

/* True when some process answers on the socket's file. */
static bool
is_alive(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return true; /* then it is not ours to remove */
    bool alive =
        connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
        errno == EAGAIN;
    close(fd);
    return alive;
}

/* Removes a socket's file that a dead process left behind. */
static bool
clear_path(const struct sockaddr_un *address)
{
    struct stat status;
    const char *path = address->sun_path;
    if (lstat(path, &status) < 0)
        return errno == ENOENT;
    if (!S_ISSOCK(status.st_mode)) {
        log_error("listen",
                  "%s is there and is no socket; give another "
                  "--socket, or remove it",
                  path);
        return false;
    }
    if (is_alive(address)) {
        log_error("listen",
                  "another program listens on %s; stop it, or give "
                  "another --socket",
                  path);
        return false;
    }
    return unlink(path) == 0;
}

static int
open_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        log_error("listen", "--socket is too long, %zu bytes are the most: %s",
                  sizeof address.sun_path - 1, path);
        return -1;
    }
    strcpy(address.sun_path, path);
    if (!clear_path(&address))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t mask = umask(0117); /* 0660 */
    bool bound =
        fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    umask(mask);
    struct stat status;
    if (!bound || stat(path, &status) < 0 || listen(fd, BACKLOG) < 0) {
        log_error("listen", "cannot listen on %s: %m", path);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    socket_inode = status.st_ino;
    return fd;
}

/* HOST:PORT, with an IPv6 address in brackets. False: it is not that. */
static bool
split_address(const char *address, char host[256], const char **port)
{
    const char *colon = strrchr(address, ':');
    if (!colon || !colon[1] || colon - address >= 256)
        return false;
    size_t len = (size_t)(colon - address);
    if (address[0] == '[' && len >= 2 && address[len - 1] == ']') {
        address++;
        len -= 2;
    }
    memcpy(host, address, len);
    host[len] = '\0';
    *port = colon + 1;
    size_t digits = strspn(*port, "0123456789");
    return len > 0 && !(*port)[digits] && digits <= 5 && atoi(*port) <= 65535;
}

static int
open_address(const char *text)
{
    char host[256];
    const char *port;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    if (!split_address(text, host, &port) ||
        getaddrinfo(host, port, &hints, &found) != 0) {
        log_error("listen",
                  "--listen wants HOST:PORT (127.0.0.1:9000), not "
                  "\"%s\"",
                  text);
        return -1;
    }
    int fd =
        socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) < 0 ||
        listen(fd, BACKLOG) < 0) {
        log_error("listen", "cannot listen on %s: %m", text);
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

static bool
is_listening(int fd)
{
    int value = 0;
    socklen_t len = sizeof value;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &len) == 0 &&
           value;
}

/* How many a service manager has handed down to this very process, from
 * descriptor 3 on: sd_listen_fds(3). The variables go, for they are not meant
 * for what this process may start. */
static long
handed_down(void)
{
    const char *pid = getenv("LISTEN_PID");
    const char *number = getenv("LISTEN_FDS");
    long count = pid && number && strtol(pid, NULL, 10) == getpid()
                     ? strtol(number, NULL, 10)
                     : 0;
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return count;
}

static void
prepare(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    if (fd != STDIN_FILENO)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* Puts them behind the *COUNT that there are. */
static bool
take_handed_down(int *listeners, int *count)
{
    long more = handed_down();
    if (more < 0 || more > SERVER_LISTENERS_MAX - *count) {
        log_error("listen",
                  "%ld sockets are handed down (LISTEN_FDS); together with "
                  "--socket and --listen there may be %d",
                  more, SERVER_LISTENERS_MAX);
        return false;
    }
    for (int fd = FIRST_HANDED_DOWN; more; fd++, more--) {
        if (!is_listening(fd)) {
            log_error("listen",
                      "descriptor %d, handed down by LISTEN_FDS, is no "
                      "socket that listens: give Accept=no and ListenStream= "
                      "in the socket's unit",
                      fd);
            return false;
        }
        prepare(fd);
        listeners[(*count)++] = fd;
    }
    return true;
}

int
listen_open(const struct options *options, int *listeners)
{
    int count = 0;
    if (options->socket &&
        (listeners[count++] = open_unix(options->socket)) < 0)
        return -1;
    if (options->listen &&
        (listeners[count++] = open_address(options->listen)) < 0)
        return -1;
    if (!take_handed_down(listeners, &count))
        return -1;
    if (!count && is_listening(STDIN_FILENO)) {
        prepare(STDIN_FILENO);
        listeners[count++] = STDIN_FILENO;
    }
    if (!count && !getenv("REQUEST_METHOD")) {
        log_error("listen", "nothing to listen on: give --socket PATH or "
                            "--listen HOST:PORT, or let a web server start "
                            "this program by FastCGI or CGI");
        return -1;
    }
    return count;
}

void
listen_cleanup(const struct options *options)
{
    struct stat status;
    /* A program started after us may have put its own in the place. */
    if (options->socket && stat(options->socket, &status) == 0 &&
        status.st_ino == socket_inode)
        unlink(options->socket);
}

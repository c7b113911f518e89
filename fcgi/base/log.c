#include "base/log.h"

#include "base/bytes.h"
#include "base/clock.h"

#include <fcntl.h>
#include <paths.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { WINDOW_US = 10 * 1000 * 1000, LINES_PER_WINDOW = 10, LINE_MAX_ = 2048 };

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const int level_priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO,
                                       LOG_DEBUG};

static pthread_mutex_t log_mutex = PTHREAD_MUTEX_INITIALIZER;
static enum log_level log_limit = LOG_LEVEL_INFO;
static int log_fd = STDERR_FILENO;
static bool log_to_syslog;
static char *log_path; /* NULL: standard error or syslog */

static int
open_file(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY,
                0640);
}

bool
log_open(const char *target, enum log_level level)
{
    if (strcmp(target, "stderr") == 0) {
        log_limit = level;
        return true;
    }
    if (strcmp(target, "syslog") == 0) {
        openlog("earshot", LOG_PID | LOG_NDELAY, LOG_DAEMON);
        log_to_syslog = true;
        log_limit = level;
        return true;
    }
    int fd = open_file(target);
    if (fd < 0)
        return false;
    log_limit = level;
    log_fd = fd;
    log_path = xstrdup(target);
    return true;
}

void
log_reopen(void)
{
    if (!log_path)
        return;
    int fd = open_file(log_path);
    if (fd < 0) {
        log_error("log", "cannot reopen the log, keeping the old one");
        return;
    }
    pthread_mutex_lock(&log_mutex);
    int old = log_fd;
    log_fd = fd;
    pthread_mutex_unlock(&log_mutex);
    close(old);
}

static const char *
syslog_nowhere(void)
{
    return access(_PATH_LOG, F_OK) == 0
               ? NULL
               : "it goes to syslog, and there is no " _PATH_LOG
                 ": no syslog daemon runs here";
}

/* A pipe that nobody reads any more shows an error by itself. */
static bool
is_heard(int fd)
{
    struct pollfd pipe = {.fd = fd};
    return poll(&pipe, 1, 0) <= 0 || !(pipe.revents & POLLERR);
}

const char *
log_nowhere(void)
{
    struct stat file, null;
    if (log_to_syslog)
        return syslog_nowhere();
    if (fstat(log_fd, &file) < 0)
        return "it goes to standard error, which is closed";
    if (stat("/dev/null", &null) == 0 && S_ISCHR(file.st_mode) &&
        file.st_rdev == null.st_rdev)
        return log_path ? "it goes to /dev/null"
                        : "it goes to standard error, which the web server "
                          "has opened on /dev/null";
    if (S_ISREG(file.st_mode) && file.st_nlink == 0)
        return "it goes to a file that has been removed";
    if (S_ISFIFO(file.st_mode) && !is_heard(log_fd))
        return "it goes to a pipe that nobody reads any more";
    return NULL;
}

bool
log_wants(enum log_level level)
{
    return level <= log_limit;
}

/* Writes TEXT into LINE with control characters, backslashes and bytes above
 * ASCII as \xNN, so that one event stays one line that reads one way. */
static size_t
escape(char *line, size_t size, const char *text)
{
    size_t len = 0;
    for (; *text && len + 5 < size; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= 0x20 && c < 0x7f && c != '\\')
            line[len++] = (char)c;
        else
            len += (size_t)snprintf(line + len, 5, "\\x%02x", c);
    }
    return len;
}

/* True when the site may write now; *LEFT_OUT is what it kept back before. */
static bool
site_allows(struct log_site *site, unsigned *left_out)
{
    int64_t now_us = clock_monotonic_us();
    *left_out = 0;
    if (now_us - site->window_start_us > WINDOW_US || !site->window_start_us) {
        *left_out = site->left_out;
        *site = (struct log_site){.window_start_us = now_us};
    }
    if (site->written >= LINES_PER_WINDOW) {
        site->left_out++;
        return false;
    }
    site->written++;
    return true;
}

static void
write_line(enum log_level level, const char *module, const char *text)
{
    char line[LINE_MAX_];
    size_t len = 0;
    if (!log_to_syslog && log_path) {
        time_t now = (time_t)(clock_wall_ms() / 1000);
        struct tm parts;
        gmtime_r(&now, &parts);
        len = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%SZ ", &parts);
    }
    len += (size_t)snprintf(line + len, sizeof line - len, "%s %s ",
                            level_names[level], module);
    len += escape(line + len, sizeof line - len - 1, text);
    if (log_to_syslog) {
        syslog(level_priorities[level], "%.*s", (int)len, line);
        return;
    }
    line[len++] = '\n';
    /* A pipe that nobody empties must not hold up the loop. */
    struct pollfd out = {.fd = log_fd, .events = POLLOUT};
    if (poll(&out, 1, 0) != 1 || !(out.revents & POLLOUT))
        return;
    ssize_t written = write(log_fd, line, len);
    (void)written; /* there is no one left to tell */
}

void
log_line(struct log_site *site, enum log_level level, const char *module,
         const char *format, ...)
{
    char text[LINE_MAX_ / 2];
    pthread_mutex_lock(&log_mutex);
    unsigned left_out = 0;
    /* Debugging wants every line; what always runs must not fill a disk. */
    if (level == LOG_LEVEL_DEBUG || site_allows(site, &left_out)) {
        va_list args;
        va_start(args, format);
        int len = vsnprintf(text, sizeof text, format, args);
        va_end(args);
        if (left_out && len >= 0 && (size_t)len < sizeof text)
            snprintf(text + len, sizeof text - (size_t)len, " left_out=%u",
                     left_out);
        write_line(level, module, text);
    }
    pthread_mutex_unlock(&log_mutex);
}

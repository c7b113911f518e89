#include "file.h"

#include "commands.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* A server's own words may hold what a terminal obeys. */
static void
print_plain(const char *text)
{
    for (const char *at = text; *at; at++) {
        bool is_c1 = (unsigned char)at[0] == 0xc2 &&
                     (unsigned char)at[1] >= 0x80 &&
                     (unsigned char)at[1] < 0xa0;
        bool is_control = (unsigned char)*at < 0x20 || *at == 0x7f || is_c1;
        fputc(is_control ? '?' : *at, stderr);
        at += is_c1;
    }
}

int
file_complain(const char *command, const char *format, ...)
{
    char *sentence = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&sentence, format, args) < 0)
        sentence = NULL;
    va_end(args);
    fprintf(stderr, "earshot %s: ", command);
    print_plain(sentence ? sentence : strerror(ENOMEM));
    fputc('\n', stderr);
    free(sentence);
    return ADMIN_BAD;
}

const char *
file_asked(const struct options *options, const char *command)
{
    struct stat found;
    if (!options->queue)
        file_complain(command,
                      "which queue? Give --queue PATH or EARSHOT_QUEUE");
    else if (stat(options->queue, &found) < 0)
        file_complain(command, "%s: %s", options->queue,
                      errno == ENOENT ? "there is no such queue"
                                      : strerror(errno));
    else
        return options->queue;
    return NULL;
}

static void
on_alarm(int signum)
{
    static const char sentence[] =
        "earshot: the queue is locked: another program has held it for too "
        "long; nothing was done, try again\n";
    (void)signum;
    (void)!write(STDERR_FILENO, sentence, sizeof(sentence) - 1);
    _exit(ADMIN_LATER);
}

struct queue *
file_open(const struct options *options)
{
    const struct queue_options how = {
        .path = options->queue,
        .synchronous = (enum queue_synchronous)options->synchronous,
        .bell = true,
        .existing_only = true,
        .keep_messages = INT64_MAX,
        .keep_age_ms = INT64_MAX,
        .keep_channels = INT64_MAX,
        .keep_bytes = INT64_MAX,
        .keep_keys_ms = INT64_MAX,
        .message_max_bytes = options->message_max,
    };
    /* Opening waits for whoever holds the lock, with nothing begun. */
    signal(SIGALRM, on_alarm);
    const struct itimerval patience = {
        .it_value = {options->commit_timeout_us / 1000000,
                     options->commit_timeout_us % 1000000}};
    setitimer(ITIMER_REAL, &patience, NULL);
    struct queue *queue = queue_open(&how);
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    return queue;
}

void
file_wait(struct queue *queue, int wait_ms)
{
    struct pollfd fd = {.fd = queue_fd(queue), .events = POLLIN};
    (void)!poll(&fd, 1, wait_ms);
}

/* Moments and sizes -------------------------------------------------------- */

const char *
moment_format(int64_t ms, char text[MOMENT_SIZE])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm local;
    if (!ms || !localtime_r(&seconds, &local) ||
        !strftime(text, MOMENT_SIZE, "%Y-%m-%d %H:%M:%S", &local))
        snprintf(text, MOMENT_SIZE, "-");
    return text;
}

bool
count_read(const char *text, int64_t *count)
{
    size_t len = strlen(text);
    if (!len || len > 9 || strspn(text, "0123456789") != len)
        return false;
    *count = atoll(text);
    return true;
}

static bool
read_age(const char *text, int64_t *ms)
{
    static const char units[] = "smhd";
    static const int64_t unit_ms[] = {1000, 60000, 3600000, 86400000};
    size_t len = strlen(text);
    const char *unit = len ? strchr(units, text[len - 1]) : NULL;
    char digits[16];
    int64_t count;
    if (!unit || !*unit || len >= sizeof(digits))
        return false;
    memcpy(digits, text, len - 1);
    digits[len - 1] = '\0';
    if (!count_read(digits, &count))
        return false;
    *ms = count * unit_ms[unit - units];
    return true;
}

bool
moment_read(const char *text, int64_t now_ms, int64_t *ms)
{
    static const char *const forms[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M:%S",
                                        "%Y-%m-%d %H:%M:%S"};
    int64_t age_ms;
    if (read_age(text, &age_ms)) {
        *ms = now_ms - age_ms;
        return true;
    }
    for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
        struct tm tm = {.tm_isdst = -1};
        const char *end = strptime(text, forms[i], &tm);
        bool is_utc = end && strcmp(end, "Z") == 0;
        if (!end || (*end && !is_utc))
            continue;
        *ms = (int64_t)(is_utc ? timegm(&tm) : mktime(&tm)) * 1000;
        return true;
    }
    return false;
}

const char *
size_format(int64_t bytes, char text[MOMENT_SIZE])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double size = (double)bytes;
    size_t unit = 0;
    for (; size >= 1024 && unit < 4; unit++)
        size /= 1024;
    snprintf(text, MOMENT_SIZE, unit && size < 100 ? "%.1f %s" : "%.0f %s",
             size, units[unit]);
    return text;
}

/* The log: one line a time, `level module what key=value`, to standard error,
 * syslog or a file that is reopened on request (SIGHUP after logrotate).
 *
 * Any thread may log. Bytes that a peer chose are escaped; the bodies of
 * messages never come here. A line that repeats is written at most ten times
 * in ten seconds from one place; what was left out is counted in the next. */
#ifndef EARSHOT_BASE_LOG_H
#define EARSHOT_BASE_LOG_H

#include <stdbool.h>

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARN,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG
};

/* TARGET is "stderr", "syslog" or a file's path. False, with errno set, when
 * the file cannot be opened; the log stays where it was. */
__attribute__((warn_unused_result)) bool log_open(const char *target,
                                                  enum log_level level);

/* Opens the file anew under its name; keeps the old one if that fails. */
void log_reopen(void);

/* NULL when what is logged can be read by somebody, as far as that can be
 * known; else a sentence that says why not. */
const char *log_nowhere(void);

bool log_wants(enum log_level level);

/* How often one place in the code has logged lately. */
struct log_site {
    long long window_start_us;
    unsigned written;
    unsigned left_out;
};

__attribute__((format(printf, 4, 5))) void log_line(struct log_site *site,
                                                    enum log_level level,
                                                    const char *module,
                                                    const char *format, ...);

#define log_at(level, module, ...)                                             \
    do {                                                                       \
        static struct log_site log_site_here;                                  \
        if (log_wants(level))                                                  \
            log_line(&log_site_here, level, module, __VA_ARGS__);              \
    } while (0)

#define log_error(module, ...) log_at(LOG_LEVEL_ERROR, module, __VA_ARGS__)
#define log_warn(module, ...) log_at(LOG_LEVEL_WARN, module, __VA_ARGS__)
#define log_info(module, ...) log_at(LOG_LEVEL_INFO, module, __VA_ARGS__)
#define log_debug(module, ...) log_at(LOG_LEVEL_DEBUG, module, __VA_ARGS__)

#endif

#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum kind {
    KIND_TEXT,
    KIND_WORD, /* one of a few words; the value is its place */
    KIND_NUMBER,
    KIND_SECONDS,      /* decimals allowed; kept in microseconds */
    KIND_MILLISECONDS, /* kept in microseconds */
    KIND_FLAG,
};

/* A set of 1 << enum program. */
enum programs {
    FCGI = 1 << PROGRAM_FCGI,
    WS = 1 << PROGRAM_WS,
    BOTH = FCGI | WS,
};

struct option {
    const char *name;
    enum programs programs;
    enum kind kind;
    size_t offset;
    const char *words; /* KIND_WORD: with | between; else what help shows */
    double low, high;
    const char *standard; /* the default, as one would write it; NULL: none */
    const char *help;
};

static const char *const program_names[] = {
    [PROGRAM_FCGI] = "earshot.fcgi",
    [PROGRAM_WS] = "earshot-ws",
};

/* Whose options are being read: complaints begin with its name. */
static enum program program;

#define AT(field) offsetof(struct options, field)

static const struct option table[] = {
    {"queue", BOTH, KIND_TEXT, AT(queue), "PATH", 0, 0, NULL,
     "the queue's file; it has no default. Put it in a directory of its own, "
     "outside what the web server serves"},
    {"socket", FCGI, KIND_TEXT, AT(socket), "PATH", 0, 0, NULL,
     "listen for FastCGI on this Unix socket"},
    {"socket", WS, KIND_TEXT, AT(socket), "PATH", 0, 0, NULL,
     "listen for HTTP on this Unix socket"},
    {"listen", FCGI, KIND_TEXT, AT(listen), "HOST:PORT", 0, 0, NULL,
     "listen for FastCGI on this address; keep it to loopback. With neither, "
     "descriptor 0 is the socket; without one the program is a CGI program"},
    {"listen", WS, KIND_TEXT, AT(listen), "HOST:PORT", 0, 0, NULL,
     "listen for HTTP on this address; keep it to loopback and let a web "
     "server pass {channel}/ws on to it"},
    {"base", FCGI, KIND_TEXT, AT(base), "PATH", 0, 0, "/earshot",
     "where the web server has mounted the program, when it sends no "
     "PATH_INFO"},
    {"publish", FCGI, KIND_WORD, AT(publish), "anyone|user|local|none", 0, 0,
     "user",
     "who may publish: anyone; a user whom the web server has authenticated "
     "(REMOTE_USER); who comes from loopback; nobody"},
    {"publish", WS, KIND_WORD, AT(publish), "anyone|user|local|none", 0, 0,
     "user",
     "who may publish: anyone; a user whom the web server has authenticated "
     "(--user-header); who comes from loopback (by the last X-Forwarded-For, "
     "where a web server on this machine sends it); nobody"},
    {"user-header", WS, KIND_TEXT, AT(user_header), "NAME", 0, 0, "",
     "the header in which the web server names the user that it has "
     "authenticated, and which it lets nobody else set: Forwarded (its last "
     "remote_user=) or another, such as X-Remote-User. Believed only from "
     "loopback and the Unix socket; without it no user is known"},
    {"admin", BOTH, KIND_WORD, AT(admin), "anyone|user|local", 0, 0, "local",
     "who may ask for /-/status"},
    {"origin", BOTH, KIND_TEXT, AT(origin), "LIST", 0, 0, "",
     "origins of other sites whose pages may use this one, with commas "
     "between (https://a.example,https://b.example:8443); * is all of them"},
    {"synchronous", BOTH, KIND_WORD, AT(synchronous), "full|normal", 0, 0,
     "full",
     "full: what was answered 201 survives a power cut; normal: all but that"},
    {"new-epoch", BOTH, KIND_FLAG, AT(new_epoch), NULL, 0, 1, NULL,
     "give the queue a new epoch, after an older copy was put in its place"},
    {"keep-messages", BOTH, KIND_NUMBER, AT(keep_messages), "N", 1, 1e9,
     "10000", "messages kept in each channel"},
    {"keep-age", BOTH, KIND_SECONDS, AT(keep_age_us), "SECONDS", 1, 1e9,
     "604800", "how long messages are kept"},
    {"keep-channels", BOTH, KIND_NUMBER, AT(keep_channels), "N", 1, 1e9,
     "100000", "channels kept; the longest unused go first"},
    {"keep-bytes", BOTH, KIND_NUMBER, AT(keep_bytes), "BYTES", 1048576, 1e15,
     "1073741824", "bytes kept in all"},
    {"keep-keys", BOTH, KIND_SECONDS, AT(keep_keys_us), "SECONDS", 1, 1e9,
     "86400", "how long an Idempotency-Key is remembered"},
    {"message-max", BOTH, KIND_NUMBER, AT(message_max), "BYTES", 1, 1048576,
     "65536", "the largest message"},
    {"event-max", BOTH, KIND_NUMBER, AT(event_max), "BYTES", 1, QUEUE_EVENT_MAX,
     "128", "the longest name of an event"},
    {"channels-max", BOTH, KIND_NUMBER, AT(channels_max), "N", 1, 64, "64",
     "channels that one request may follow"},
    {"batch-lines", FCGI, KIND_NUMBER, AT(batch_lines), "N", 1, 1000, "1000",
     "lines of one application/x-ndjson request"},
    {"batch-bytes", FCGI, KIND_NUMBER, AT(batch_bytes), "BYTES", 1, 1048576,
     "1048576", "bytes of one application/x-ndjson request"},
    {"subscribers-max", BOTH, KIND_NUMBER, AT(subscribers_max), "N", 1, 1000000,
     "10000", "subscribers that this process holds"},
    {"wait-max", FCGI, KIND_SECONDS, AT(wait_max_us), "SECONDS", 0, 86400, "25",
     "the longest wait of a long-poll; keep it under the web server's idle "
     "limit"},
    {"heartbeat", BOTH, KIND_SECONDS, AT(heartbeat_us), "SECONDS", 0.1, 86400,
     "15",
     "the pause between a stream's heartbeats, give or take a fifth; keep it "
     "under half the web server's idle limit"},
    {"stream-life", BOTH, KIND_SECONDS, AT(stream_life_us), "SECONDS", 0.1, 1e8,
     "3600",
     "how long a stream lives, give or take a fifth; its client comes "
     "back by its cursor"},
    {"retry", BOTH, KIND_MILLISECONDS, AT(retry_us), "MS", 1, 1e8, "2000",
     "how long a stream's client waits before it comes back, give or take a "
     "half"},
    {"request-timeout", BOTH, KIND_SECONDS, AT(request_timeout_us), "SECONDS",
     0.1, 86400, "5", "how long a request may take to arrive"},
    {"commit-timeout", BOTH, KIND_SECONDS, AT(commit_timeout_us), "SECONDS",
     0.1, 86400, "5", "how long a publisher waits for its commit to begin"},
    {"keep-idle", FCGI, KIND_SECONDS, AT(keep_idle_us), "SECONDS", 0.1, 1e8,
     "3600", "how long a web server may keep a connection without a request"},
    {"stall-timeout", BOTH, KIND_SECONDS, AT(stall_timeout_us), "SECONDS", 0.1,
     1e8, "300", "how long a peer may take nothing of what it is sent"},
    {"bell", BOTH, KIND_WORD, AT(bell), "off|on", 0, 0, "on",
     "watch the queue's bell by inotify; off where that does not work"},
    {"look", BOTH, KIND_MILLISECONDS, AT(look_us), "MS", 1, 1e7, "250",
     "how often the queue is looked at for what rang no bell"},
    {"log", BOTH, KIND_TEXT, AT(log), "stderr|syslog|FILE", 0, 0, "stderr",
     "where the log goes; a file is reopened on SIGHUP"},
    {"log-level", BOTH, KIND_WORD, AT(log_level), "error|warn|info|debug", 0, 0,
     "info", "what is logged"},
    {"help", BOTH, KIND_FLAG, AT(help), NULL, 0, 1, NULL,
     "print this and exit"},
    {"version", BOTH, KIND_FLAG, AT(version), NULL, 0, 1, NULL,
     "print the version and exit"},
};

enum { OPTIONS = sizeof table / sizeof *table };

static bool
is_ours(const struct option *option)
{
    return option->programs & (1u << program);
}

static int64_t *
number_at(struct options *options, const struct option *option)
{
    return (int64_t *)(void *)((char *)options + option->offset);
}

__attribute__((format(printf, 1, 2))) static void
complain(const char *format, ...)
{
    va_list args;
    int error = errno; /* %m */
    va_start(args, format);
    fprintf(stderr, "%s: ", program_names[program]);
    errno = error;
    vfprintf(stderr, format, args);
    va_end(args);
}

static bool
set_word(struct options *options, const struct option *option,
         const char *value)
{
    size_t len = strlen(value);
    int64_t place = 0;
    for (const char *word = option->words; word; place++) {
        size_t word_len = strcspn(word, "|");
        if (len == word_len && memcmp(word, value, len) == 0) {
            *number_at(options, option) = place;
            return true;
        }
        word = word[word_len] ? word + word_len + 1 : NULL;
    }
    complain("--%s is %s, not \"%s\"\n", option->name, option->words, value);
    return false;
}

/* Neither `no' nor `false' may turn a flag on. */
static bool
set_flag(struct options *options, const struct option *option,
         const char *value)
{
    bool is_on = strcmp(value, "1") == 0;
    if (!is_on && value[0] && strcmp(value, "0") != 0) {
        complain("--%s stands alone, or is 1 or 0, not "
                 "\"%s\"\n",
                 option->name, value);
        return false;
    }
    *number_at(options, option) = is_on;
    return true;
}

/* A text whose default is empty may be given so. */
static bool
may_be_empty(const struct option *option)
{
    return option->standard && !option->standard[0];
}

/* A decimal number, whole: no blanks, no hexadecimal, no infinity. */
static bool
read_number(const char *value, double *number)
{
    if (!value[0] || strspn(value, "0123456789.") != strlen(value))
        return false;
    char *end;
    errno = 0;
    *number = strtod(value, &end);
    return !errno && !*end && isfinite(*number);
}

static bool
set_number(struct options *options, const struct option *option,
           const char *value)
{
    double number;
    bool is_whole = option->kind == KIND_NUMBER;
    if (!read_number(value, &number) || number < option->low ||
        number > option->high || (is_whole && number != floor(number))) {
        complain("--%s is a %snumber from %.15g to %.15g, "
                 "not \"%s\"\n",
                 option->name, is_whole ? "whole " : "", option->low,
                 option->high, value);
        return false;
    }
    double unit = option->kind == KIND_SECONDS        ? 1e6
                  : option->kind == KIND_MILLISECONDS ? 1e3
                                                      : 1;
    *number_at(options, option) = (int64_t)llround(number * unit);
    return true;
}

static bool
set(struct options *options, const struct option *option, const char *value)
{
    switch (option->kind) {
    case KIND_TEXT:
        if (!value[0] && !may_be_empty(option)) {
            complain("--%s is empty; give it %s\n", option->name,
                     option->words);
            return false;
        }
        *(const char **)(void *)((char *)options + option->offset) = value;
        return true;
    case KIND_WORD:
        return set_word(options, option, value);
    case KIND_FLAG:
        return set_flag(options, option, value);
    case KIND_NUMBER:
    case KIND_SECONDS:
    case KIND_MILLISECONDS:
        return set_number(options, option, value);
    }
    return false;
}

static void
environment_name(const struct option *option, char name[64])
{
    int len = snprintf(name, 64, "EARSHOT_%s", option->name);
    for (int i = 0; i < len; i++)
        name[i] = name[i] == '-' ? '_' : (char)toupper((unsigned char)name[i]);
}

/* Flags are for one start, and a variable is there at each of them. Whoever
 * has set one that would change the queue is told that it does not. */
static bool
read_environment(struct options *options)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        char name[64];
        if (!is_ours(&table[i]) || table[i].kind == KIND_FLAG)
            continue;
        environment_name(&table[i], name);
        const char *value = getenv(name);
        if (value && !set(options, &table[i], value))
            return false;
    }
    const char *flag = getenv("EARSHOT_NEW_EPOCH");
    if (flag && flag[0] && strcmp(flag, "0") != 0) {
        complain("EARSHOT_NEW_EPOCH would give the queue a new epoch at each "
                 "start: unset it, and give --new-epoch once\n");
        return false;
    }
    return true;
}

static const struct option *
find(const char *name, size_t len)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (is_ours(&table[i]) && strlen(table[i].name) == len &&
            memcmp(table[i].name, name, len) == 0)
            return &table[i];
    return NULL;
}

/* Reads the argument at *I, and the next one when that is its value. */
static bool
read_argument(struct options *options, int argc, char *const *argv, int *i)
{
    const char *argument = argv[*i];
    if (strncmp(argument, "--", 2) != 0) {
        complain("what is \"%s\"? Options begin with "
                 "--; see --help\n",
                 argument);
        return false;
    }
    const char *name = argument + 2;
    size_t len = strcspn(name, "=");
    const struct option *option = find(name, len);
    if (!option) {
        complain("there is no option --%.*s; see --help\n", (int)len, name);
        return false;
    }
    if (name[len] == '=')
        return set(options, option, name + len + 1);
    if (option->kind == KIND_FLAG)
        return set(options, option, "1");
    if (*i + 1 >= argc) {
        complain("--%s wants a value; see --help\n", option->name);
        return false;
    }
    return set(options, option, argv[++*i]);
}

/* The values of text that have a form of their own. */
static bool
check_texts(const struct options *options)
{
    if (options->base[0] && options->base[0] != '/') {
        complain("--base is a path that begins with /, "
                 "not \"%s\"\n",
                 options->base);
        return false;
    }
    for (const char *origin = options->origin; *origin;) {
        origin += strspn(origin, ", ");
        size_t len = strcspn(origin, ", ");
        bool is_word = (len == 1 && *origin == '*') ||
                       (len == 4 && memcmp(origin, "null", len) == 0);
        const char *scheme_end = strstr(origin, "://");
        if (len && !is_word && (!scheme_end || scheme_end > origin + len)) {
            complain("--origin wants origins like "
                     "https://a.example, or *, not \"%.*s\"\n",
                     (int)len, origin);
            return false;
        }
        origin += len;
    }
    return true;
}

bool
options_read(struct options *options, enum program whose, int argc,
             char *const *argv)
{
    program = whose;
    *options = (struct options){0};
    for (size_t i = 0; i < OPTIONS; i++)
        if (table[i].standard && !set(options, &table[i], table[i].standard))
            return false;
    if (!read_environment(options))
        return false;
    for (int i = 1; i < argc; i++)
        if (!read_argument(options, argc, argv, &i))
            return false;
    return check_texts(options);
}

/* Prints TEXT in lines of at most 79 columns, each behind INDENT blanks. */
static void
print_wrapped(FILE *file, const char *text, int indent)
{
    int column = 0;
    while (*text) {
        int len = (int)strcspn(text, " ");
        if (column && column + 1 + len > 79) {
            fputc('\n', file);
            column = 0;
        }
        column += column ? fprintf(file, " %.*s", len, text)
                         : fprintf(file, "%*s%.*s", indent, "", len, text);
        text += len + (text[len] == ' ');
    }
    fputc('\n', file);
}

void
options_help(FILE *file, enum program whose)
{
    static const char *const purposes[] = {
        [PROGRAM_FCGI] =
            "Real-time push behind a web server, by FastCGI or CGI: polling,\n"
            "long-polling and Server-Sent Events over one durable queue.",
        [PROGRAM_WS] =
            "Real-time push by WebSocket, over the same durable queue as\n"
            "earshot.fcgi: behind a web server or on its own.",
    };
    program = whose;
    fprintf(file, "Usage: %s --queue PATH [OPTION…]\n\n%s\n\n",
            program_names[program], purposes[program]);
    fputs("Each option with a value may also come from the environment: its\n"
          "name in capitals, with EARSHOT_ before it and _ for -. The command\n"
          "line wins.\n\n",
          file);
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *option = &table[i];
        if (!is_ours(option))
            continue;
        fprintf(file, "  --%s%s%s", option->name, option->words ? " " : "",
                option->words ? option->words : "");
        if (option->standard && option->standard[0])
            fprintf(file, "  (default %s)", option->standard);
        fputc('\n', file);
        print_wrapped(file, option->help, 6);
    }
}

bool
options_begin(struct options *options, enum program whose, int argc,
              char *const *argv, int *status)
{
    *status = EXIT_USAGE;
    if (!options_read(options, whose, argc, argv))
        return false;
    *status = EXIT_SUCCESS;
    if (options->help || options->version) {
        if (options->help)
            options_help(stdout, whose);
        else
            printf("%s %s\n", program_names[whose], PACKAGE_VERSION);
        return false;
    }
    *status = EXIT_FAILURE;
    if (!log_open(options->log, (enum log_level)options->log_level)) {
        complain("cannot open the log %s: %m\n", options->log);
        return false;
    }
    return true;
}

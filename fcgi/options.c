#include "options.h"

#include "base/number.h"
#include "base/wrap.h"
#include "options_table.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Whose options are being read: complaints begin with its name. */
static enum program program;

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
    fprintf(stderr, "%s: ", options_programs[program].name);
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

static bool
set_number(struct options *options, const struct option *option,
           const char *value)
{
    double number;
    bool is_whole = option->kind == KIND_NUMBER;
    bool may_be_auto = option->words && strstr(option->words, "|auto");
    if (may_be_auto && strcmp(value, "auto") == 0) {
        *number_at(options, option) = 0;
        return true;
    }
    if (!number_read(value, &number) || number < option->low ||
        number > option->high || (is_whole && number != floor(number))) {
        complain("--%s is %sa %snumber from %.15g to %.15g, "
                 "not \"%s\"\n",
                 option->name, may_be_auto ? "auto or " : "",
                 is_whole ? "whole " : "", option->low, option->high, value);
        return false;
    }
    double unit = option->kind == KIND_SECONDS        ? 1e6
                  : option->kind == KIND_MILLISECONDS ? 1e3
                                                      : 1;
    *number_at(options, option) = (int64_t)llround(number * unit);
    return true;
}

static const char **
text_at(struct options *options, const struct option *option)
{
    return (const char **)(void *)((char *)options + option->offset);
}

static bool
set(struct options *options, const struct option *option, const char *value)
{
    switch (option->kind) {
    case KIND_TEXT:
    case KIND_SAID:
        if (!value[0] && !may_be_empty(option)) {
            complain("--%s is empty; give it %s\n", option->name,
                     option->words);
            return false;
        }
        *text_at(options, option) = value;
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

static bool
set_standard(struct options *options, const struct option *option)
{
    if (option->kind == KIND_SAID)
        *text_at(options, option) = "";
    return !option->standard || set(options, option, option->standard);
}

static void
environment_name(const struct option *option, char name[64])
{
    int len = snprintf(name, 64, "EARSHOT_%s", option->name);
    for (int i = 0; i < len; i++)
        name[i] = name[i] == '-' ? '_' : (char)toupper((unsigned char)name[i]);
}

/* What is said to one command (--key, --before) comes from its command line
 * alone. */
static bool
has_variable(const struct option *option)
{
    return is_ours(option) && option->kind != KIND_FLAG &&
           (option->programs & BOTH);
}

/* Flags are for one start, and a variable is there at each of them. Whoever
 * has set one that would change the queue is told that it does not. */
static bool
read_environment(struct options *options)
{
    for (size_t i = 0; i < options_table_size; i++) {
        char name[64];
        if (!has_variable(&options_table[i]))
            continue;
        environment_name(&options_table[i], name);
        const char *value = getenv(name);
        if (value && !set(options, &options_table[i], value))
            return false;
    }
    const char *flag = getenv("EARSHOT_NEW_EPOCH");
    if (BOTH & (1u << program) && flag && flag[0] && strcmp(flag, "0") != 0) {
        complain("EARSHOT_NEW_EPOCH would give the queue a new epoch at each "
                 "start: unset it, and give --new-epoch once\n");
        return false;
    }
    return true;
}

static const struct option *
find(const char *name, size_t len)
{
    for (size_t i = 0; i < options_table_size; i++)
        if (is_ours(&options_table[i]) &&
            strlen(options_table[i].name) == len &&
            memcmp(options_table[i].name, name, len) == 0)
            return &options_table[i];
    return NULL;
}

/* What is no option: a channel, a file. */
static bool
read_operand(struct options *options, const char *argument)
{
    const struct program_words *words = &options_programs[program];
    for (size_t i = 0; i < words->operands_max; i++) {
        if (options->operands[i])
            continue;
        options->operands[i] = argument;
        return true;
    }
    complain("what is \"%s\"? Options begin with "
             "--; see --help\n",
             argument);
    return false;
}

/* Reads the argument at *I, and the next one when that is its value. */
static bool
read_argument(struct options *options, int argc, char *const *argv, int *i)
{
    const char *argument = argv[*i];
    if (strncmp(argument, "--", 2) != 0)
        return read_operand(options, argument);
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

static bool
check_operands(const struct options *options)
{
    const struct program_words *words = &options_programs[program];
    size_t needed = words->operands_min;
    if (!needed || options->operands[needed - 1] || options->help ||
        options->version)
        return true;
    complain("usage: %s %s; see --help\n", words->name, words->usage);
    return false;
}

bool
options_read(struct options *options, enum program whose, int argc,
             char *const *argv)
{
    program = whose;
    *options = (struct options){0};
    for (size_t i = 0; i < options_table_size; i++)
        if (!set_standard(options, &options_table[i]))
            return false;
    if (!read_environment(options))
        return false;
    bool takes_operands = options_programs[program].operands_max > 0;
    bool only_operands = false;
    for (int i = 1; i < argc; i++) {
        if (!only_operands && takes_operands && strcmp(argv[i], "--") == 0) {
            only_operands = true;
            continue;
        }
        if (only_operands ? !read_operand(options, argv[i])
                          : !read_argument(options, argc, argv, &i))
            return false;
    }
    return check_texts(options) && check_operands(options);
}

void
options_help(FILE *file, enum program whose)
{
    const struct program_words *words = &options_programs[whose];
    program = whose;
    fprintf(file, "Usage: %s %s\n\n%s\n\n", words->name, words->usage,
            words->purpose);
    if (BOTH & (1u << whose))
        fputs(
            "Each option with a value may also come from the environment: its\n"
            "name in capitals, with EARSHOT_ before it and _ for -. The "
            "command\n"
            "line wins.\n\n",
            file);
    for (size_t i = 0; i < options_table_size; i++) {
        const struct option *option = &options_table[i];
        if (!is_ours(option))
            continue;
        fprintf(file, "  --%s%s%s", option->name, option->words ? " " : "",
                option->words ? option->words : "");
        if (option->standard && option->standard[0])
            fprintf(file, "  (default %s)", option->standard);
        fputc('\n', file);
        wrap_print(file, option->help, 6);
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
            printf("%s %s\n", options_programs[whose].name, PACKAGE_VERSION);
        return false;
    }
    *status = EXIT_FAILURE;
    if (!log_open(options->log, (enum log_level)options->log_level)) {
        complain("cannot open the log %s: %m\n", options->log);
        return false;
    }
    return true;
}

struct queue_options
options_of_queue(const struct options *options)
{
    return (struct queue_options){
        .path = options->queue,
        .synchronous = (enum queue_synchronous)options->synchronous,
        .new_epoch = options->new_epoch,
        .bell = options->bell,
        .keep_messages = options->keep_messages,
        .keep_age_ms = options->keep_age_us / 1000,
        .keep_channels = options->keep_channels,
        .keep_bytes = options->keep_bytes,
        .keep_keys_ms = options->keep_keys_us / 1000,
        .message_max_bytes = options->message_max,
    };
}

#include "command/settings.h"

#include "base/bytes.h"
#include "base/number.h"
#include "command/nearest.h"
#include "scenarios/scenario.h"
#include "command/settings_table.h"
#include "target/target.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 64 };

/* One reading of a command line. */
struct reading {
    struct settings *settings;
    int argc, at;
    char **argv;
    FILE *complaints;
};

__attribute__((format(printf, 2, 3))) static bool
complain(const struct reading *reading, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("earshot-bench: ", reading->complaints);
    vfprintf(reading->complaints, format, args);
    fputc('\n', reading->complaints);
    va_end(args);
    return false;
}

/* Lists of words -----------------------------------------------------------*/

static void
words_add(struct words *list, char *word)
{
    list->items =
        xrealloc(list->items, (list->count + 2) * sizeof *list->items);
    list->items[list->count++] = word;
    list->items[list->count] = NULL;
}

bool
words_have(const struct words *list, const char *word)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], word) == 0)
            return true;
    return false;
}

bool
words_allow(const struct words *list, const char *word)
{
    return !list->count || words_have(list, word);
}

/* The place of the LEN bytes at WORD in CHOICE ("a|b|c"), or -1. */
static int
place_of(const char *choice, const char *word, size_t len)
{
    for (int place = 0; choice; place++) {
        size_t choice_len = strcspn(choice, "|");
        if (len == choice_len && memcmp(choice, word, len) == 0)
            return place;
        choice = choice[choice_len] ? choice + choice_len + 1 : NULL;
    }
    return -1;
}

/* Values ------------------------------------------------------------------ */

static void *
field(const struct reading *reading, const struct option *option)
{
    return (char *)reading->settings + option->offset;
}

static bool
set_number(const struct reading *reading, const struct option *option,
           const char *value)
{
    double number;
    bool is_whole = option->kind == OPTION_WHOLE;
    if (!number_read(value, &number) || number < option->low ||
        number > option->high || (is_whole && number != floor(number)))
        return complain(reading, "--%s is a %s from %.16g to %.16g, not \"%s\"",
                        option->name, is_whole ? "whole number" : "number",
                        option->low, option->high, value);
    *(double *)field(reading, option) = number;
    return true;
}

static bool
set_word(const struct reading *reading, const struct option *option,
         const char *value)
{
    int place = place_of(option->choice, value, strlen(value));
    if (place < 0)
        return complain(reading, "--%s is %s, not \"%s\"", option->name,
                        option->choice, value);
    *(int *)field(reading, option) = place;
    return true;
}

/* Splits VALUE at its commas. */
static bool
set_list(const struct reading *reading, const struct option *option,
         const char *value)
{
    struct words *list = field(reading, option);
    for (const char *word = value; word;) {
        size_t len = strcspn(word, ",");
        if (!len)
            return complain(reading,
                            "--%s takes words with commas between, not \"%s\"",
                            option->name, value);
        if (option->choice && place_of(option->choice, word, len) < 0)
            return complain(reading, "--%s is of %s, not \"%.*s\"",
                            option->name, option->choice, (int)len, word);
        words_add(list, xmemdup0(word, len));
        word = word[len] ? word + len + 1 : NULL;
    }
    return true;
}

/* WORD=VALUE and SIDE=PID: both have something before the sign. */
static bool
set_text_of_several(const struct reading *reading, const struct option *option,
                    char *value)
{
    bool is_pair = strchr(option->takes, '=');
    size_t len = strcspn(value, "=");
    if (!value[0] || (is_pair && (!len || !value[len])))
        return complain(reading, "--%s takes %s, not \"%s\"", option->name,
                        option->takes, value);
    double pid;
    if (strcmp(option->name, "pid") == 0 &&
        (!number_read(value + len + 1, &pid) || pid < 1 || pid > 4194304 ||
         pid != floor(pid)))
        return complain(reading,
                        "--pid takes SIDE=PID, the number of a process, not "
                        "\"%s\"",
                        value);
    words_add(field(reading, option), value);
    return true;
}

static bool
set(const struct reading *reading, const struct option *option, char *value)
{
    switch (option->kind) {
    case OPTION_TEXT:
        if (!value[0])
            return complain(reading, "--%s is empty; give it %s", option->name,
                            option->takes);
        *(const char **)field(reading, option) = value;
        return true;
    case OPTION_TEXTS:
        return set_text_of_several(reading, option, value);
    case OPTION_REQUEST:
        if (!value[0])
            return complain(reading, "--%s is empty; give it %s", option->name,
                            option->takes);
        requests_add(field(reading, option), option->name, value);
        return true;
    case OPTION_LIST:
        return set_list(reading, option, value);
    case OPTION_WORD:
        return set_word(reading, option, value);
    case OPTION_WHOLE:
    case OPTION_DECIMAL:
        return set_number(reading, option, value);
    case OPTION_FLAG:
        *(bool *)field(reading, option) = true;
        return true;
    }
    return false;
}

/* Arguments --------------------------------------------------------------- */

static const char *const command_names[] = {
    [COMMAND_RUN] = "a run",
    [COMMAND_COMPARE] = "compare",
    [COMMAND_REPORT] = "report",
};

static bool
complain_of_option(const struct reading *reading, const char *name, size_t len)
{
    const char *names[NAMES_MAX];
    for (size_t i = 0; i < settings_table_size; i++)
        names[i] = settings_table[i].name;
    const char *meant = nearest_word(name, len, names, settings_table_size);
    if (meant)
        return complain(reading,
                        "there is no option --%.*s; did you mean --%s?",
                        (int)len, name, meant);
    return complain(reading, "there is no option --%.*s; --help names them all",
                    (int)len, name);
}

static const struct option *
find_option(const char *name, size_t len)
{
    for (size_t i = 0; i < settings_table_size; i++)
        if (strlen(settings_table[i].name) == len &&
            memcmp(settings_table[i].name, name, len) == 0)
            return &settings_table[i];
    return NULL;
}

static const struct option *
find_letter(const char *argument)
{
    for (size_t i = 0; i < settings_table_size; i++)
        if (settings_table[i].letter && argument[0] == '-' &&
            argument[1] == settings_table[i].letter && !argument[2])
            return &settings_table[i];
    return NULL;
}

/* Reads the option that stands there, and the next argument when that is its
 * value. */
static bool
read_option(struct reading *reading)
{
    char *argument = reading->argv[reading->at];
    const struct option *option = find_letter(argument);
    char *value = NULL;
    if (!option) {
        const char *name = argument + strspn(argument, "-");
        size_t len = strcspn(name, "=");
        option =
            strncmp(argument, "--", 2) == 0 ? find_option(name, len) : NULL;
        if (!option)
            return complain_of_option(reading, name, len);
        if (name[len])
            value = argument + (name - argument) + len + 1;
    }
    if (!(option->commands & 1 << reading->settings->command))
        return complain(reading, "--%s is no option of %s; see --help",
                        option->name,
                        command_names[reading->settings->command]);
    if (option->kind == OPTION_FLAG && value)
        return complain(reading, "--%s stands alone, without \"=%s\"",
                        option->name, value);
    if (option->kind != OPTION_FLAG && !value) {
        if (reading->at + 1 >= reading->argc)
            return complain(reading, "--%s needs %s behind it", option->name,
                            option->takes);
        value = reading->argv[++reading->at];
    }
    return set(reading, option, value);
}

static bool
complain_of_scenario(const struct reading *reading, const char *word)
{
    const char *names[NAMES_MAX];
    struct bytes all = BYTES_EMPTY;
    for (size_t i = 0; i < scenario_count; i++) {
        names[i] = scenarios[i].word;
        bytes_printf(&all, "%s%s", i ? ", " : "", names[i]);
    }
    const char *meant = nearest_word(word, strlen(word), names, scenario_count);
    if (meant)
        complain(reading, "there is no scenario \"%s\"; did you mean %s?", word,
                 meant);
    else
        complain(reading, "there is no scenario \"%s\"; there are %.*s", word,
                 (int)all.len, all.data);
    bytes_fini(&all);
    return false;
}

static bool
read_word(struct reading *reading)
{
    char *word = reading->argv[reading->at];
    if (reading->settings->command != COMMAND_RUN) {
        words_add(&reading->settings->files, word);
        return true;
    }
    if (!scenario_find(word))
        return complain_of_scenario(reading, word);
    if (!words_have(&reading->settings->scenarios, word))
        words_add(&reading->settings->scenarios, word);
    return true;
}

/* A server that is named request by request is the only one: the options could
 * not say what belongs to which. */
static bool
check_requests(const struct reading *reading)
{
    const struct settings *settings = reading->settings;
    const char *other = settings->self            ? "self"
                        : settings->url           ? "url"
                        : settings->targets.count ? "target"
                                                  : NULL;
    if (!settings->requests.count)
        return !settings->print_target ||
               complain(reading, "--print-target writes what --publish and "
                                 "--subscribe say; give it those");
    if (other)
        return complain(reading,
                        "--%s names a server, and --%s another; leave one out, "
                        "or make a file of it by --print-target and give "
                        "--target for each",
                        settings->requests.items[0].option, other);
    if (settings->sets.count)
        return complain(reading, "--set changes the words of a target's file; "
                                 "with --publish and --subscribe write what is "
                                 "meant in its place");
    if (settings->publish_by == PUBLISH_BY_WS)
        return complain(reading, "--publish sends by POST; to publish over "
                                 "WebSocket take a target's file");
    char *problem = NULL;
    target_free(requests_target(&settings->requests, &problem));
    if (problem)
        complain(reading, "%s", problem);
    free(problem);
    return !problem;
}

/* What no single option can know. */
static bool
check_together(const struct reading *reading)
{
    const struct settings *settings = reading->settings;
    int aims = settings->self + (settings->url != NULL) +
               (settings->targets.count != 0);
    if (aims > 1 && (settings->url || !settings->targets.count))
        return complain(reading, "--self and --url each name a server; give "
                                 "one of them, or --target for several");
    if (settings->command == COMMAND_COMPARE && settings->files.count != 2)
        return complain(reading, "compare takes two files of results: "
                                 "earshot-bench compare before.json "
                                 "after.json");
    if (settings->command == COMMAND_REPORT && !settings->files.count)
        return complain(reading, "report takes files of results: "
                                 "earshot-bench report results.json -o "
                                 "report.html");
    if (settings->publish_by == PUBLISH_BY_WS && settings->channels > 1)
        return complain(reading, "over WebSocket a connection publishes to the "
                                 "one channel that it follows; leave out "
                                 "--channels, or --publish-by");
    if (settings->all && settings->scenarios.count)
        return complain(reading,
                        "--all runs every scenario; leave out \"%s\", "
                        "or leave out --all",
                        settings->scenarios.items[0]);
    return check_requests(reading);
}

static void
set_defaults(const struct reading *reading)
{
    for (size_t i = 0; i < settings_table_size; i++) {
        const struct option *option = &settings_table[i];
        bool is_number =
            option->kind == OPTION_WHOLE || option->kind == OPTION_DECIMAL;
        if (is_number)
            *(double *)field(reading, option) =
                option->standard ? strtod(option->standard, NULL)
                                 : SETTING_FREE;
    }
}

/* Where --format says nothing, the ending of the output's name does. */
static void
choose_format(struct settings *settings)
{
    static const struct {
        const char *ending;
        enum format format;
    } rows[] = {{".json", FORMAT_JSON},
                {".hgrm", FORMAT_HGRM},
                {".html", FORMAT_PAGE},
                {".htm", FORMAT_PAGE}};
    const char *ending =
        settings->output ? strrchr(settings->output, '.') : NULL;
    if (settings->format != FORMAT_UNSAID)
        return;
    settings->format =
        settings->command == COMMAND_REPORT ? FORMAT_PAGE : FORMAT_TABLE;
    for (size_t i = 0; ending && i < sizeof rows / sizeof *rows; i++)
        if (strcmp(ending, rows[i].ending) == 0)
            settings->format = (int)rows[i].format;
}

bool
settings_read(struct settings *settings, int argc, char **argv,
              FILE *complaints)
{
    *settings = (struct settings){.format = FORMAT_UNSAID};
    struct reading reading = {settings, argc, 1, argv, complaints};
    set_defaults(&reading);
    if (argc > 1 && strcmp(argv[1], "compare") == 0)
        settings->command = COMMAND_COMPARE;
    if (argc > 1 && strcmp(argv[1], "report") == 0)
        settings->command = COMMAND_REPORT;
    reading.at += settings->command != COMMAND_RUN;
    for (; reading.at < argc; reading.at++) {
        bool is_option = argv[reading.at][0] == '-' && argv[reading.at][1];
        if (!(is_option ? read_option(&reading) : read_word(&reading)))
            return false;
        if (settings->help || settings->version)
            return true;
    }
    choose_format(settings);
    return check_together(&reading);
}

void
settings_fini(struct settings *settings)
{
    struct words *ours[] = {&settings->transports, &settings->ways};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        for (size_t j = 0; j < ours[i]->count; j++)
            free(ours[i]->items[j]);
    requests_fini(&settings->requests);
    free(settings->scenarios.items);
    free(settings->files.items);
    free(settings->targets.items);
    free(settings->sets.items);
    free(settings->pids.items);
    free(settings->transports.items);
    free(settings->ways.items);
    *settings = (struct settings){0};
}

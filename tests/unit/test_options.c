#include "options.h"

#include "check.h"

#include <unistd.h>

static enum program program = PROGRAM_FCGI;

/* What options_read() says of the arguments; its complaint is in COMPLAINT. */
static char complaint[1024];

static bool
read_options(struct options *options, const char *const *arguments)
{
    char *argv[32] = {(char[]){"earshot.fcgi"}};
    int argc = 1;
    for (; *arguments; arguments++)
        argv[argc++] = strdup(*arguments);
    FILE *file = tmpfile();
    int kept = dup(STDERR_FILENO);
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    bool good = options_read(options, program, argc, argv);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    rewind(file);
    complaint[fread(complaint, 1, sizeof complaint - 1, file)] = '\0';
    fclose(file);
    static char *leaving[32]; /* options refer to them: freed at the next */
    for (int i = 0; i < 32; i++) {
        free(leaving[i]);
        leaving[i] = i && i < argc ? argv[i] : NULL;
    }
    return good;
}

#define READ(options, ...)                                                     \
    read_options(options, (const char *const[]){__VA_ARGS__, NULL})

static struct options
must_read(const char *const *arguments)
{
    struct options options;
    if (!read_options(&options, arguments))
        fail_msg("%s", complaint);
    assert_string_equal(complaint, "");
    return options;
}

#define GOOD(...) must_read((const char *const[]){__VA_ARGS__, NULL})

TEST(without_a_word_there_are_defaults)
{
    struct options options = must_read((const char *const[]){NULL});
    assert_null(options.queue);
    assert_null(options.socket);
    assert_null(options.listen);
    assert_string_equal(options.base, "/earshot");
    assert_string_equal(options.origin, "");
    assert_string_equal(options.log, "stderr");
    assert_int_equal(options.publish, WHO_USER);
    assert_int_equal(options.admin, WHO_LOCAL);
    assert_int_equal(options.synchronous, QUEUE_SYNC_FULL);
    assert_int_equal(options.log_level, LOG_LEVEL_INFO);
    assert_int_equal(options.bell, 1);
    assert_int_equal(options.new_epoch + options.help + options.version, 0);
    assert_int_equal(options.wait_max_us, 25000000);
    assert_int_equal(options.heartbeat_us, 15000000);
    assert_int_equal(options.stream_life_us, INT64_C(3600000000));
    assert_int_equal(options.retry_us, 2000000);
    assert_int_equal(options.look_us, 250000);
    assert_int_equal(options.request_timeout_us, 5000000);
    assert_int_equal(options.commit_timeout_us, 5000000);
    assert_int_equal(options.keep_age_us, INT64_C(604800000000));
    assert_int_equal(options.keep_keys_us, INT64_C(86400000000));
    assert_int_equal(options.message_max, 65536);
    assert_int_equal(options.event_max, 128);
    assert_int_equal(options.channels_max, 64);
    assert_int_equal(options.subscribers_max, 10000);
    assert_int_equal(options.batch_lines, 1000);
    assert_int_equal(options.batch_bytes, 1048576);
    assert_int_equal(options.keep_messages, 10000);
    assert_int_equal(options.keep_channels, 100000);
    assert_int_equal(options.keep_bytes, 1073741824);
}

TEST(a_value_comes_behind_a_blank_or_an_equals_sign)
{
    struct options options = GOOD("--queue", "/q/one", "--base=/a=b",
                                  "--wait-max=0.5", "--retry", "1500");
    assert_string_equal(options.queue, "/q/one");
    assert_string_equal(options.base, "/a=b");
    assert_int_equal(options.wait_max_us, 500000);
    assert_int_equal(options.retry_us, 1500000);
}

TEST(the_last_of_two_counts)
{
    assert_int_equal(GOOD("--look=1", "--look=2").look_us, 2000);
}

TEST(words_are_chosen_by_name)
{
    assert_int_equal(GOOD("--publish=anyone").publish, WHO_ANYONE);
    assert_int_equal(GOOD("--publish=none").publish, WHO_NONE);
    assert_int_equal(GOOD("--admin=user").admin, WHO_USER);
    assert_int_equal(GOOD("--synchronous=normal").synchronous,
                     QUEUE_SYNC_NORMAL);
    assert_int_equal(GOOD("--bell=off").bell, 0);
    assert_int_equal(GOOD("--bell=on").bell, 1);
    assert_int_equal(GOOD("--log-level=debug").log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(GOOD("--log-level=error").log_level, LOG_LEVEL_ERROR);
}

TEST(a_flag_stands_alone_or_is_0_or_1)
{
    assert_int_equal(GOOD("--new-epoch").new_epoch, 1);
    assert_int_equal(GOOD("--new-epoch=1").new_epoch, 1);
    assert_int_equal(GOOD("--new-epoch=0").new_epoch, 0);
    struct options options;
    assert_false(READ(&options, "--new-epoch=no"));
    assert_non_null(strstr(complaint, "--new-epoch"));
    assert_false(READ(&options, "--help=please"));
}

TEST(the_environment_is_read_and_the_command_line_wins)
{
    setenv("EARSHOT_QUEUE", "/q/env", 1);
    setenv("EARSHOT_KEEP_AGE", "60", 1);
    setenv("EARSHOT_BELL", "off", 1);
    struct options options = GOOD("--keep-age=30");
    assert_string_equal(options.queue, "/q/env");
    assert_int_equal(options.keep_age_us, 30000000);
    assert_int_equal(options.bell, 0);
    setenv("EARSHOT_KEEP_AGE", "soon", 1);
    assert_false(READ(&options, "--queue=/q"));
    assert_non_null(strstr(complaint, "keep-age"));
    unsetenv("EARSHOT_QUEUE");
    unsetenv("EARSHOT_KEEP_AGE");
    unsetenv("EARSHOT_BELL");
}

TEST(flags_come_from_the_command_line_alone)
{
    setenv("EARSHOT_HELP", "1", 1);
    setenv("EARSHOT_VERSION", "0.1.0", 1); /* as images of containers have it */
    struct options options = GOOD("--queue=/q");
    assert_int_equal(options.help, 0);
    assert_int_equal(options.version, 0);
    unsetenv("EARSHOT_HELP");
    unsetenv("EARSHOT_VERSION");
}

TEST(a_new_epoch_at_every_start_is_refused)
{
    struct options options;
    setenv("EARSHOT_NEW_EPOCH", "1", 1);
    assert_false(READ(&options, "--queue=/q"));
    assert_non_null(strstr(complaint, "--new-epoch once"));
    setenv("EARSHOT_NEW_EPOCH", "0", 1);
    assert_int_equal(GOOD("--queue=/q").new_epoch, 0);
    assert_int_equal(GOOD("--queue=/q", "--new-epoch").new_epoch, 1);
    unsetenv("EARSHOT_NEW_EPOCH");
}

TEST(an_empty_text_is_refused_where_it_means_nothing)
{
    static const char *const bad[] = {
        "--queue=", "--socket=", "--listen=", "--base=", "--log="};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct options options;
        assert_false(READ(&options, bad[i]));
        assert_non_null(strstr(complaint, "is empty"));
    }
    assert_string_equal(GOOD("--origin=").origin, "");
}

TEST(ranges_are_kept_at_their_edges)
{
    assert_int_equal(GOOD("--message-max=1").message_max, 1);
    assert_int_equal(GOOD("--message-max=1048576").message_max, 1048576);
    assert_int_equal(GOOD("--channels-max=64").channels_max, 64);
    assert_int_equal(GOOD("--wait-max=0").wait_max_us, 0);
    assert_int_equal(GOOD("--heartbeat=0.1").heartbeat_us, 100000);
    assert_true(GOOD("--keep-bytes=1000000000000000").keep_bytes ==
                INT64_C(1000000000000000));
}

TEST(as_many_processes_as_cores_are_said_by_auto)
{
    assert_int_equal(GOOD("--processes=auto").processes, 0);
    assert_int_equal(GOOD("--processes=64").processes, 64);
    assert_int_equal(must_read((const char *const[]){NULL}).processes, 1);
}

TEST(bad_values_are_refused_by_name)
{
    static const char *const bad[] = {
        "--message-max=0",
        "--message-max=1048577",
        "--message-max=1.5",
        "--message-max=",
        "--message-max=abc",
        "--message-max=64k",
        "--message-max=-1",
        "--message-max=+1",
        "--message-max= 1",
        "--message-max=1 ",
        "--message-max=0x10",
        "--message-max=1e3",
        "--channels-max=65",
        "--event-max=129",
        "--batch-lines=1001",
        "--keep-bytes=1000",
        "--wait-max=inf",
        "--wait-max=nan",
        "--wait-max=.",
        "--wait-max=1.2.3",
        "--wait-max=86400.1",
        "--heartbeat=0",
        "--processes=0",
        "--processes=65",
        "--processes=Auto",
        "--message-max=auto",
        "--heartbeat=99999999999999999999999999",
        "--retry=0",
        "--look=0",
        "--publish=everyone",
        "--publish=",
        "--publish=anyone|user",
        "--publish=Anyone",
        "--publish=any",
        "--admin=none",
        "--synchronous=off",
        "--bell=1",
        "--log-level=all",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct options options;
        if (READ(&options, bad[i]))
            fail_msg("accepted %s", bad[i]);
        char name[32];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(bad[i], "="), bad[i]);
        assert_non_null(strstr(complaint, name));
        assert_int_equal(complaint[strlen(complaint) - 1], '\n');
    }
}

TEST(what_is_no_option_is_refused)
{
    static const char *const bad[] = {"queue",        "-q",        "-",
                                      "--",           "--nothing", "--queu=/q",
                                      "--queue-x=/q", "--=x",      "--queue"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct options options;
        if (READ(&options, bad[i]))
            fail_msg("accepted %s", bad[i]);
        assert_true(strlen(complaint) > 10);
    }
}

/* Every option of the table, by the fields they fill. */
static const char *const names[] = {
    "queue",          "socket",
    "listen",         "base",
    "publish",        "admin",
    "origin",         "synchronous",
    "new-epoch",      "keep-messages",
    "keep-age",       "keep-channels",
    "keep-bytes",     "keep-keys",
    "message-max",    "event-max",
    "channels-max",   "batch-lines",
    "batch-bytes",    "subscribers-max",
    "processes",      "wait-max",
    "heartbeat",      "stream-life",
    "retry",          "request-timeout",
    "commit-timeout", "keep-idle",
    "stall-timeout",  "bell",
    "look",           "log",
    "log-level",      "help",
    "version",        "user-header",
};

/* Whether the program whose options are read has the one called NAME. */
static bool
has_option(const char *name)
{
    static const char *const fcgi_only[] = {
        "base", "batch-lines", "batch-bytes", "wait-max", "keep-idle"};
    bool is_fcgi = program == PROGRAM_FCGI;
    for (size_t i = 0; i < COUNT_OF(fcgi_only); i++)
        if (strcmp(name, fcgi_only[i]) == 0)
            return is_fcgi;
    return strcmp(name, "user-header") != 0 || !is_fcgi;
}

static size_t
option_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        count += has_option(names[i]);
    return count;
}

static int
as_earshot_ws(void **state)
{
    (void)state;
    program = PROGRAM_WS;
    return 0;
}

static int
as_earshot_fcgi(void **state)
{
    (void)state;
    program = PROGRAM_FCGI;
    return 0;
}

TEST(help_names_every_option_and_no_other)
{
    static char text[32 * 1024];
    FILE *file = tmpfile();
    options_help(file, program);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char line[64];
        snprintf(line, sizeof line, "\n  --%s", names[i]);
        const char *at = strstr(text, line);
        bool is_named = at && strchr(" \n", at[strlen(line)]);
        if (is_named != has_option(names[i]))
            fail_msg("--help %s --%s", is_named ? "names" : "does not name",
                     names[i]);
    }
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, "\n  --")); at++)
        count++;
    assert_int_equal(count, option_count());
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        assert_in_range(strlen(line), 1, 83); /* … is three bytes */
}

static const struct {
    const char *name;
    size_t offset;
} texts[] = {{"queue", offsetof(struct options, queue)},
             {"socket", offsetof(struct options, socket)},
             {"listen", offsetof(struct options, listen)},
             {"base", offsetof(struct options, base)},
             {"log", offsetof(struct options, log)},
             {"user-header", offsetof(struct options, user_header)}};

/* Of any text the value arrives; all others refuse what is no value. */
static bool
is_read(const char *name, const char *variable)
{
    static const char value[] = "/no such value";
    struct options options;
    setenv(variable, value, 1);
    bool good = read_options(&options, (const char *const[]){NULL});
    unsetenv(variable);
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (strcmp(texts[i].name, name) == 0)
            return good && strcmp(*(const char **)(void *)((char *)&options +
                                                           texts[i].offset),
                                  value) == 0;
    return !good && strstr(complaint, name);
}

TEST(every_option_with_a_value_has_an_environment_variable)
{
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char variable[64];
        snprintf(variable, sizeof variable, "EARSHOT_%s", names[i]);
        for (char *p = variable; *p; p++)
            *p = *p == '-' ? '_' : (char)(*p >= 'a' ? *p - 32 : *p);
        bool is_asked = has_option(names[i]) && strcmp(names[i], "help") &&
                        strcmp(names[i], "version");
        if (strcmp(names[i], "new-epoch") == 0)
            continue; /* refused, as another test shows */
        if (is_read(names[i], variable) != is_asked)
            fail_msg("%s: %s", variable, is_asked ? "not read" : "read");
    }
}

TEST(an_option_of_the_other_program_is_unknown)
{
    struct options options;
    assert_false(READ(&options, "--wait-max=5"));
    assert_non_null(strstr(complaint, "earshot-ws: there is no option"));
    assert_string_equal(GOOD("--user-header=X-Remote-User").user_header,
                        "X-Remote-User");
}

TEST(origins_must_be_origins)
{
    assert_string_equal(
        GOOD("--origin=https://a.example, http://b:8080").origin,
        "https://a.example, http://b:8080");
    assert_string_equal(GOOD("--origin=*").origin, "*");
    static const char *const bad[] = {"--origin=a.example",
                                      "--origin=https://a.example,b",
                                      "--origin=b,https://a.example"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct options options;
        assert_false(READ(&options, bad[i]));
        assert_non_null(strstr(complaint, "--origin"));
    }
}

#define AS_WS(name)                                                            \
    cmocka_unit_test_setup_teardown(name, as_earshot_ws, as_earshot_fcgi)

RUN(LISTED(without_a_word_there_are_defaults),
    LISTED(a_value_comes_behind_a_blank_or_an_equals_sign),
    LISTED(the_last_of_two_counts), LISTED(words_are_chosen_by_name),
    LISTED(a_flag_stands_alone_or_is_0_or_1),
    LISTED(the_environment_is_read_and_the_command_line_wins),
    LISTED(flags_come_from_the_command_line_alone),
    LISTED(a_new_epoch_at_every_start_is_refused),
    LISTED(an_empty_text_is_refused_where_it_means_nothing),
    LISTED(ranges_are_kept_at_their_edges),
    LISTED(as_many_processes_as_cores_are_said_by_auto),
    LISTED(bad_values_are_refused_by_name),
    LISTED(what_is_no_option_is_refused),
    LISTED(help_names_every_option_and_no_other),
    LISTED(every_option_with_a_value_has_an_environment_variable),
    LISTED(origins_must_be_origins),
    AS_WS(help_names_every_option_and_no_other),
    AS_WS(every_option_with_a_value_has_an_environment_variable),
    AS_WS(an_option_of_the_other_program_is_unknown))

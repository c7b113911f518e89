/* earshot-tap: a relay on loopback that shows what passes between a page and
 * its web server, and cuts, slows and holds it on demand. For lessons and
 * tests: it has no place in a site. */

#include "base/clock.h"
#include "base/log.h"
#include "control.h"
#include "relay.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, RECORDS_BYTES = 8 << 20, ADDRESS_TEXT = 320 };

struct options {
    const char *relay, *control, *target, *log;
    bool help, version;
};

struct option {
    const char *name;
    const char **value; /* NULL: a flag */
    bool *flag;
    const char *takes, *help;
};

static struct options options = {.log = "stderr"};

static const struct option table[] = {
    {"relay", &options.relay, NULL, "HOST:PORT",
     "clients connect here; only on loopback; port 0 is a free one"},
    {"control", &options.control, NULL, "HOST:PORT|PATH",
     "pages ask and order here, by way of their web server; only on loopback, "
     "or a Unix socket"},
    {"target", &options.target, NULL, "HOST:PORT",
     "the web server to which everything is led"},
    {"log", &options.log, NULL, "stderr|syslog|FILE",
     "where the log goes (default stderr); a file is reopened on SIGHUP"},
    {"help", NULL, &options.help, NULL, "print this and exit"},
    {"version", NULL, &options.version, NULL, "print the version and exit"},
};

static void
print_help(void)
{
    puts("Usage: earshot-tap --relay HOST:PORT --control HOST:PORT|PATH "
         "--target HOST:PORT\n\n"
         "Shows what passes between a page and its web server, and cuts, slows "
         "and holds\nit on demand: for lessons and tests, on loopback only. "
         "bench/tap/README.md says\nwhat it can be asked.\n");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        printf("  --%s%s%s\n      %s\n", table[i].name,
               table[i].takes ? " " : "", table[i].takes ? table[i].takes : "",
               table[i].help);
}

static bool
complain(const char *format, const char *what)
{
    fputs("earshot-tap: ", stderr);
    fprintf(stderr, "%s%s; see --help\n", format, what);
    return false;
}

/* Reads the argument at *I, and the next one when that is its value. */
static bool
read_argument(char *const *argv, int argc, int *i)
{
    const char *argument = argv[*i];
    for (size_t at = 0; at < sizeof table / sizeof *table; at++) {
        const struct option *option = &table[at];
        size_t len = strlen(option->name);
        if (strncmp(argument, "--", 2) != 0 ||
            strncmp(argument + 2, option->name, len) != 0)
            continue;
        const char *behind = argument + 2 + len;
        if (option->flag && !*behind) {
            *option->flag = true;
            return true;
        }
        if (!option->value || (*behind && *behind != '='))
            continue;
        if (*behind == '=')
            *option->value = behind + 1;
        else if (*i + 1 < argc)
            *option->value = argv[++*i];
        else
            return complain("a value is missing behind ", argument);
        return true;
    }
    return complain("there is no option ", argument);
}

static bool
read_options(int argc, char *const *argv)
{
    for (int i = 1; i < argc; i++)
        if (!read_argument(argv, argc, &i))
            return false;
    if (options.help || options.version)
        return true;
    if (!options.relay || !options.control || !options.target)
        return complain("--relay, --control and --target are all needed", "");
    return true;
}

/* Opens what NAME says, or logs why not and returns -1. */
static int
listen_on(const char *name, const char *text, struct address *address)
{
    const char *problem = address_read(address, text);
    if (!problem && !address_is_local(address))
        problem = "the tap shows what everybody says: it listens on loopback "
                  "only, 127.0.0.1 or [::1]";
    if (problem) {
        log_error("listen", "--%s %s: %s", name, text, problem);
        return -1;
    }
    int fd = address_listen(address);
    if (fd < 0)
        log_error("listen", "cannot listen on --%s %s: %m", name, text);
    return fd;
}

static void
on_end(evutil_socket_t number, short what, void *context)
{
    (void)number, (void)what;
    event_base_loopbreak(context);
}

static void
on_hangup(evutil_socket_t number, short what, void *context)
{
    (void)number, (void)what, (void)context;
    log_reopen();
}

static bool
run(struct event_base *base, int relay_fd, int control_fd,
    const struct address *target, const char *relay_url)
{
    /* Numbers are above those of a tap that was here before: nobody makes a
     * record in each microsecond. JavaScript holds them exactly until 2255. */
    uint64_t before = (uint64_t)clock_wall_ms() * 1000;
    struct records *records = records_new(RECORDS_BYTES, before);
    struct relay *relay = relay_new(base, relay_fd, target, records);
    struct control *control =
        control_new(base, control_fd, relay, records, relay_url);
    struct event *signals[] = {evsignal_new(base, SIGTERM, on_end, base),
                               evsignal_new(base, SIGINT, on_end, base),
                               evsignal_new(base, SIGHUP, on_hangup, base)};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        evsignal_add(signals[i], NULL);
    if (control)
        event_base_dispatch(base);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        event_free(signals[i]);
    bool has_run = control != NULL;
    control_free(control);
    relay_free(relay);
    records_free(records);
    return has_run;
}

static int
serve(void)
{
    struct address relay, control, target;
    char texts[3][ADDRESS_TEXT];
    const char *problem = address_read(&target, options.target);
    if (problem) {
        log_error("listen", "--target %s: %s", options.target, problem);
        return EXIT_USAGE;
    }
    int relay_fd = listen_on("relay", options.relay, &relay);
    int control_fd =
        relay_fd < 0 ? -1 : listen_on("control", options.control, &control);
    struct event_base *base = event_base_new();
    if (control_fd < 0 || !base)
        return EXIT_FAILURE;
    address_print(&relay, texts[0], ADDRESS_TEXT);
    address_print(&control, texts[1], ADDRESS_TEXT);
    address_print(&target, texts[2], ADDRESS_TEXT);
    char relay_url[ADDRESS_TEXT + 8];
    snprintf(relay_url, sizeof relay_url, "http://%s", texts[0]);
    log_info("tap", "ready relay=%s control=%s target=%s", texts[0], texts[1],
             texts[2]);
    bool has_run = run(base, relay_fd, control_fd, &target, relay_url);
    event_base_free(base);
    address_unlink(&control);
    log_info("tap", "stopped");
    return has_run ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (!read_options(argc, argv))
        return EXIT_USAGE;
    if (options.help) {
        print_help();
        return EXIT_SUCCESS;
    }
    if (options.version) {
        puts("earshot-tap " PACKAGE_VERSION);
        return EXIT_SUCCESS;
    }
    if (!log_open(options.log, LOG_LEVEL_INFO)) {
        fprintf(stderr, "earshot-tap: cannot open the log %s: %m\n",
                options.log);
        return EXIT_FAILURE;
    }
    return serve();
}

/* earshot-bench: measures the approaches to real-time push against each other,
 * on equal terms, at Earshot's server or anyone's. */

#include "compare/compare.h"
#include "interrupt.h"
#include "session/output.h"
#include "results/json.h"
#include "session/session.h"
#include "command/settings.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

/* All files as one; NULL after a complaint. */
static struct results *
read_all(const struct words *files)
{
    struct results *all = NULL;
    for (size_t i = 0; i < files->count; i++) {
        char *problem;
        struct results *one = results_read_file(files->items[i], &problem);
        if (!one) {
            fprintf(stderr, "earshot-bench: %s\n", problem);
            free(problem);
            results_free(all);
            return NULL;
        }
        if (all)
            results_merge(all, one);
        else
            all = one;
    }
    return all;
}

static int
report(const struct settings *settings)
{
    struct results *results = read_all(&settings->files);
    if (!results)
        return EXIT_BAD;
    bool is_written = output_results(settings, results);
    results_free(results);
    return is_written ? EXIT_GOOD : EXIT_BAD;
}

static int
print_target(const struct settings *settings)
{
    char *problem;
    char *text = requests_file(&settings->requests, &problem);
    if (text)
        fputs(text, stdout);
    else
        free(problem);
    free(text);
    return text && fflush(stdout) == 0 ? EXIT_GOOD : EXIT_BAD;
}

static int
obey(const struct settings *settings, int argc, char *const *argv)
{
    if (settings->help) {
        settings_help(stdout);
        return EXIT_GOOD;
    }
    if (settings->version) {
        puts("earshot-bench " PACKAGE_VERSION);
        return EXIT_GOOD;
    }
    if (settings->print_target)
        return print_target(settings);
    switch (settings->command) {
    case COMMAND_COMPARE:
        return compare_command(settings->files.items[0],
                               settings->files.items[1], settings->regression,
                               stdout, stderr);
    case COMMAND_REPORT:
        return report(settings);
    case COMMAND_RUN:
        interrupt_catch();
        return session_run(settings, argc, argv);
    }
    return EXIT_BAD;
}

int
main(int argc, char **argv)
{
    struct settings settings;
    int status = EXIT_USAGE;
    if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
        return EXIT_BAD;
    if (settings_read(&settings, argc, argv, stderr))
        status = obey(&settings, argc, argv);
    settings_fini(&settings);
    curl_global_cleanup();
    return status;
}

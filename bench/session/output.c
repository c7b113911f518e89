#include "session/output.h"

#include "base/bytes.h"
#include "results/hgrm.h"
#include "results/json.h"
#include "results/report.h"
#include "results/table.h"
#include "sentence.h"
#include "command/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *
check_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory =
        slash ? xmemdup0(path, (size_t)(slash - path + 1)) : xstrdup(".");
    char *problem = NULL;
    if (access(directory, W_OK | X_OK) < 0)
        problem = sentence("cannot write %s: %s", path, strerror(errno));
    free(directory);
    return problem;
}

char *
output_check(const struct settings *settings)
{
    const char *paths[] = {settings->output, settings->report,
                           settings->resume};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char *problem = paths[i] ? check_path(paths[i]) : NULL;
        if (problem)
            return problem;
    }
    return NULL;
}

static bool
say(const char *path, const char *why)
{
    fprintf(stderr, "earshot-bench: cannot write %s: %s\n", path, why);
    return false;
}

static bool
save_report(const char *path, const struct results *results)
{
    char *problem = NULL;
    if (report_save(path, results, &problem))
        return true;
    fprintf(stderr, "earshot-bench: %s\n", problem);
    free(problem);
    return false;
}

static void
print(FILE *file, int format, const struct results *results)
{
    switch ((enum format)format) {
    case FORMAT_TABLE:
        table_print(file, results, isatty(fileno(file)));
        break;
    case FORMAT_JSON:
        results_write(file, results, RESULTS_WHOLE);
        break;
    case FORMAT_HGRM:
        hgrm_print(file, results);
        break;
    case FORMAT_PAGE:
    case FORMAT_UNSAID:
        break;
    }
}

static bool
save(const char *path, int format, const struct results *results)
{
    if (format == FORMAT_PAGE)
        return save_report(path, results);
    FILE *file = fopen(path, "we");
    if (!file)
        return say(path, strerror(errno));
    print(file, format, results);
    bool is_written = !ferror(file);
    if (fclose(file) != 0 || !is_written)
        return say(path, strerror(errno));
    return true;
}

static bool
print_here(int format, const struct results *results)
{
    print(stdout, format, results);
    if (fflush(stdout) != 0 || ferror(stdout))
        return say("standard output", strerror(errno));
    return true;
}

bool
output_results(const struct settings *settings, const struct results *results)
{
    const char *path = settings->output;
    bool is_good = true;
    if (settings->report)
        is_good = save_report(settings->report, results);
    if (!path && settings->format == FORMAT_PAGE)
        path = "report.html";
    if (!path)
        return print_here(settings->format, results) && is_good;
    is_good = save(path, settings->format, results) && is_good;
    /* Whoever has waited for minutes wants to see what came of it. */
    if (settings->command == COMMAND_RUN)
        is_good = print_here(FORMAT_TABLE, results) && is_good;
    return is_good;
}

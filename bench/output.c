#include "output.h"

#include "base/bytes.h"
#include "results/hgrm.h"
#include "results/json.h"
#include "results/report.h"
#include "results/table.h"
#include "sentence.h"
#include "settings.h"

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
print(FILE *file, const struct settings *settings,
      const struct results *results)
{
    switch ((enum format)settings->format) {
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
        break;
    }
}

static bool
print_to_file(const struct settings *settings, const struct results *results)
{
    FILE *file = fopen(settings->output, "we");
    if (!file)
        return say(settings->output, strerror(errno));
    print(file, settings, results);
    bool is_written = !ferror(file);
    if (fclose(file) != 0 || !is_written)
        return say(settings->output, strerror(errno));
    return true;
}

bool
output_results(const struct settings *settings, const struct results *results)
{
    bool is_good = true;
    if (settings->report)
        is_good = save_report(settings->report, results);
    if (settings->format == FORMAT_PAGE)
        return save_report(settings->output ? settings->output : "report.html",
                           results);
    if (settings->output)
        return print_to_file(settings, results) && is_good;
    print(stdout, settings, results);
    if (fflush(stdout) != 0 || ferror(stdout))
        return say("standard output", strerror(errno));
    return is_good;
}

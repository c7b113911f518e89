#include "aim.h"

#include "answer.h"
#include "base/bytes.h"
#include "home.h"
#include "sentence.h"
#include "settings.h"
#include "started.h"
#include "target/target.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
add(struct aims *aims, struct target *target, struct started *started)
{
    aims->items =
        xrealloc(aims->items, (size_t)(aims->count + 1) * sizeof *aims->items);
    aims->items[aims->count++] = (struct aim){target, started, true};
}

static bool
add_started(struct aims *aims, const char *name,
            const struct settings *settings, char **problem)
{
    char *json;
    struct started *started = started_new(name, &json, problem);
    if (!started)
        return false;
    struct target *target =
        target_read(name, json, strlen(json), settings->sets.items, problem);
    free(json);
    if (target)
        add(aims, target, started);
    else
        started_free(started);
    return target != NULL;
}

static bool
add_file(struct aims *aims, const char *path, const struct settings *settings,
         char **problem)
{
    struct target *target =
        target_read_file(path, settings->sets.items, problem);
    if (target)
        add(aims, target, NULL);
    return target != NULL;
}

/* WHAT is a file, or the name of a ready target. */
static bool
add_named(struct aims *aims, const char *what, const struct settings *settings,
          char **problem)
{
    char *path = target_path(what, problem);
    bool is_added = path && add_file(aims, path, settings, problem);
    free(path);
    return is_added;
}

static bool
add_requests(struct aims *aims, const struct requests *requests, char **problem)
{
    struct target *target = requests_target(requests, problem);
    if (target)
        add(aims, target, NULL);
    return target != NULL;
}

static bool
is_set(const struct settings *settings, const char *word)
{
    for (size_t i = 0; i < settings->sets.count; i++)
        if (strncmp(settings->sets.items[i], word, strlen(word)) == 0)
            return true;
    return false;
}

/* Reads the ready target of Earshot with its words for this server; what the
 * user has set comes last, and wins. */
static struct target *
read_earshot(const char *path, const char *base, const char *server,
             const struct words *sets, char **problem)
{
    struct bytes texts[2] = {BYTES_EMPTY, BYTES_EMPTY};
    char **words = xcalloc(sets->count + 3, sizeof *words);
    bytes_printf(&texts[0], "base=%s%c", base, '\0');
    bytes_printf(&texts[1], "web=%s%c", server, '\0');
    words[0] = texts[0].data;
    words[1] = texts[1].data;
    for (size_t i = 0; i < sets->count; i++)
        words[i + 2] = sets->items[i];
    struct target *target = target_read_file(path, words, problem);
    free(words);
    bytes_fini(&texts[0]);
    bytes_fini(&texts[1]);
    return target;
}

/* The ready target of Earshot, mounted at URL. Where its reference listens is
 * known only when the user says so. */
static bool
add_earshot(struct aims *aims, const char *url, const struct settings *settings,
            char **problem)
{
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) {
        *problem = sentence("--url takes where an Earshot is mounted, such as "
                            "http://127.0.0.1:8080/earshot, not \"%s\"",
                            url);
        return false;
    }
    char *path = home_path("targets/earshot.json");
    if (!path) {
        *problem = sentence("bench/targets/earshot.json is missing; run "
                            "earshot-bench where it was built or installed");
        return false;
    }
    size_t len = strlen(url);
    while (url[len - 1] == '/')
        len--;
    char *base = xmemdup0(url, len);
    struct answer answer = answer_of(base, settings->insecure);
    struct target *target =
        read_earshot(path, base, answer.server, &settings->sets, problem);
    if (target) {
        add(aims, target, NULL);
        aims->items[aims->count - 1].has_direct = is_set(settings, "direct=");
    }
    free(base);
    free(path);
    return target != NULL;
}

/* What ./demo serves ------------------------------------------------------ */

/* The file in which a demo says where it serves, to be freed, or NULL: of the
 * one that has built this program, else of the one in the source directory. */
static char *
demo_file(void)
{
    char *directory = home_of_program();
    struct bytes path = BYTES_EMPTY;
    bytes_printf(&path, "%s/../target.json", directory ? directory : ".");
    bytes_append_char(&path, '\0');
    free(directory);
    if (access(path.data, R_OK) == 0)
        return path.data;
    bytes_fini(&path);
    return home_path("../build/demo/target.json");
}

static bool
add_demo(struct aims *aims, const struct settings *settings, char **problem)
{
    static const char usual[] = "http://127.0.0.1:8080/earshot";
    char *path = demo_file();
    if (path) {
        bool is_read = add_file(aims, path, settings, problem);
        free(path);
        if (!is_read)
            return false;
        /* One that was killed has left its file behind. */
        const struct target *target = aims->items[aims->count - 1].target;
        char *url = target_fill(target->publish[0].url, "-", NULL);
        bool is_there = answer_of(url, true).status != 0;
        free(url);
        if (is_there)
            return true;
    } else if (answer_of("http://127.0.0.1:8080/earshot/-/health", false)
                   .status == 200) {
        return add_earshot(aims, usual, settings, problem);
    }
    *problem = sentence("nothing to measure: no demo runs. Start ./demo in "
                        "another terminal, or say --self to have a server "
                        "started, or --url or --target to name one");
    return false;
}

bool
aims_open(struct aims *aims, const struct settings *settings, char **problem)
{
    *aims = (struct aims){0};
    bool is_good = true;
    if (settings->self)
        is_good = add_started(aims, "earshot", settings, problem);
    if (settings->requests.count)
        is_good = add_requests(aims, &settings->requests, problem);
    if (settings->url)
        is_good =
            is_good && add_earshot(aims, settings->url, settings, problem);
    for (size_t i = 0; is_good && i < settings->targets.count; i++) {
        const char *what = settings->targets.items[i];
        is_good = strncmp(what, "run:", 4) == 0
                      ? add_started(aims, what + 4, settings, problem)
                      : add_named(aims, what, settings, problem);
    }
    if (is_good && !aims->count)
        is_good = add_demo(aims, settings, problem);
    if (!is_good)
        aims_close(aims);
    return is_good;
}

void
aims_close(struct aims *aims)
{
    for (int i = 0; i < aims->count; i++) {
        target_free(aims->items[i].target);
        started_free(aims->items[i].started);
    }
    free(aims->items);
    *aims = (struct aims){0};
}

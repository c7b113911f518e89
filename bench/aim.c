#include "aim.h"

#include "base/bytes.h"
#include "home.h"
#include "sentence.h"
#include "settings.h"
#include "started.h"
#include "target/target.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REACH_MS = 2000 };

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
is_set(const struct settings *settings, const char *word)
{
    for (size_t i = 0; i < settings->sets.count; i++)
        if (strncmp(settings->sets.items[i], word, strlen(word)) == 0)
            return true;
    return false;
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
    struct bytes base = BYTES_EMPTY;
    bytes_printf(&base, "base=%.*s", (int)len, url);
    bytes_append_char(&base, '\0');
    size_t count = settings->sets.count;
    char **words = xcalloc(count + 2, sizeof *words);
    words[0] = base.data;
    for (size_t i = 0; i < count; i++)
        words[i + 1] = settings->sets.items[i];
    struct target *target = target_read_file(path, words, problem);
    if (target) {
        add(aims, target, NULL);
        aims->items[aims->count - 1].has_direct = is_set(settings, "direct=");
    }
    free(words);
    bytes_fini(&base);
    free(path);
    return target != NULL;
}

/* What ./demo serves ------------------------------------------------------ */

static size_t
drop(char *data, size_t size, size_t count, void *context)
{
    (void)data, (void)context;
    return size * count;
}

/* Whether somebody answers at URL at all; GOOD: with a 200. */
static bool
answers(const char *url, bool good)
{
    CURL *curl = curl_easy_init();
    if (!curl)
        return false;
    long status = 0;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)REACH_MS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    return code == CURLE_OK && (!good || status == 200);
}

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
        bool is_there = answers(url, false);
        free(url);
        if (is_there)
            return true;
    } else if (answers("http://127.0.0.1:8080/earshot/-/health", true)) {
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
    if (settings->url)
        is_good =
            is_good && add_earshot(aims, settings->url, settings, problem);
    for (size_t i = 0; is_good && i < settings->targets.count; i++) {
        const char *what = settings->targets.items[i];
        is_good = strncmp(what, "run:", 4) == 0
                      ? add_started(aims, what + 4, settings, problem)
                      : add_named(aims, what, settings, problem);
    }
    if (is_good && !settings->self && !settings->url &&
        !settings->targets.count)
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

#include "servers/servers.h"

#include "servers/who_answers.h"
#include "base/bytes.h"
#include "program_files.h"
#include "sentence.h"
#include "command/settings.h"
#include "servers/peer.h"
#include "target/target.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
add(struct servers *servers, struct target *target, struct peer *peer)
{
    servers->items = xrealloc(servers->items, (size_t)(servers->count + 1) *
                                                  sizeof *servers->items);
    servers->items[servers->count++] = (struct server){target, peer, true};
}

static bool
add_started(struct servers *servers, const char *name,
            const struct settings *settings, char **problem)
{
    char *json;
    struct peer *peer = peer_new(name, &json, problem);
    if (!peer)
        return false;
    struct target *target =
        target_read(name, json, strlen(json), settings->sets.items, problem);
    free(json);
    if (target)
        add(servers, target, peer);
    else
        peer_free(peer);
    return target != NULL;
}

static bool
add_file(struct servers *servers, const char *path,
         const struct settings *settings, char **problem)
{
    struct target *target =
        target_read_file(path, settings->sets.items, problem);
    if (target)
        add(servers, target, NULL);
    return target != NULL;
}

/* WHAT is a file, or the name of a ready target. */
static bool
add_named(struct servers *servers, const char *what,
          const struct settings *settings, char **problem)
{
    char *path = target_path(what, problem);
    bool is_added = path && add_file(servers, path, settings, problem);
    free(path);
    return is_added;
}

static bool
add_requests(struct servers *servers, const struct requests *requests,
             char **problem)
{
    struct target *target = requests_target(requests, problem);
    if (target)
        add(servers, target, NULL);
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
add_earshot(struct servers *servers, const char *url,
            const struct settings *settings, char **problem)
{
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) {
        *problem = sentence("--url takes where an Earshot is mounted, such as "
                            "http://127.0.0.1:8080/earshot, not \"%s\"",
                            url);
        return false;
    }
    char *path = program_file("targets/earshot.json");
    if (!path) {
        *problem = sentence("bench/targets/earshot.json is missing; run "
                            "earshot-bench where it was built or installed");
        return false;
    }
    size_t len = strlen(url);
    while (url[len - 1] == '/')
        len--;
    char *base = xmemdup0(url, len);
    struct who_answers who = who_answers(base, settings->insecure);
    struct target *target =
        read_earshot(path, base, who.server, &settings->sets, problem);
    if (target) {
        add(servers, target, NULL);
        servers->items[servers->count - 1].has_direct =
            is_set(settings, "direct=");
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
    char *directory = program_directory();
    struct bytes path = BYTES_EMPTY;
    bytes_printf(&path, "%s/../target.json", directory ? directory : ".");
    bytes_append_char(&path, '\0');
    free(directory);
    if (access(path.data, R_OK) == 0)
        return path.data;
    bytes_fini(&path);
    return program_file("../build/demo/target.json");
}

static bool
add_demo(struct servers *servers, const struct settings *settings,
         char **problem)
{
    static const char usual[] = "http://127.0.0.1:8080/earshot";
    char *path = demo_file();
    if (path) {
        bool is_read = add_file(servers, path, settings, problem);
        free(path);
        if (!is_read)
            return false;
        /* One that was killed has left its file behind. */
        const struct target *target = servers->items[servers->count - 1].target;
        char *url = target_fill(target->publish[0].url, "-", NULL);
        bool is_there = who_answers(url, true).status != 0;
        free(url);
        if (is_there)
            return true;
    } else if (who_answers("http://127.0.0.1:8080/earshot/-/health", false)
                   .status == 200) {
        return add_earshot(servers, usual, settings, problem);
    }
    *problem = sentence("nothing to measure: no demo runs. Start ./demo in "
                        "another terminal, or say --self to have a server "
                        "peer, or --url or --target to name one");
    return false;
}

bool
servers_open(struct servers *servers, const struct settings *settings,
             char **problem)
{
    *servers = (struct servers){0};
    bool is_good = true;
    if (settings->self)
        is_good = add_started(servers, "earshot", settings, problem);
    if (settings->requests.count)
        is_good = add_requests(servers, &settings->requests, problem);
    if (settings->url)
        is_good =
            is_good && add_earshot(servers, settings->url, settings, problem);
    for (size_t i = 0; is_good && i < settings->targets.count; i++) {
        const char *what = settings->targets.items[i];
        is_good = strncmp(what, "run:", 4) == 0
                      ? add_started(servers, what + 4, settings, problem)
                      : add_named(servers, what, settings, problem);
    }
    if (is_good && !servers->count)
        is_good = add_demo(servers, settings, problem);
    if (!is_good)
        servers_close(servers);
    return is_good;
}

void
servers_close(struct servers *servers)
{
    for (int i = 0; i < servers->count; i++) {
        target_free(servers->items[i].target);
        peer_free(servers->items[i].peer);
    }
    free(servers->items);
    *servers = (struct servers){0};
}

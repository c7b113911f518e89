/* earshot stats: what the queue holds and who uses it, in figures. */
#include "commands.h"

#include "base/bytes.h"
#include "file.h"
#include "hub/cursor.h"
#include "queue/admin.h"
#include "queue/presence.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct followers {
    unsigned long poll, sse, ws;
};

static void
on_count(void *context, const char *channel, const char *transport,
         unsigned long count)
{
    struct followers *followers = context;
    (void)channel;
    if (strcmp(transport, "poll") == 0)
        followers->poll += count;
    else if (strcmp(transport, "sse") == 0)
        followers->sse += count;
    else
        followers->ws += count;
}

static void
print(const struct admin_figures *figures, const struct followers *followers,
      const char *head)
{
    char text[MOMENT_SIZE];
    printf("messages kept      %" PRId64 " in %" PRId64 " channels\n",
           figures->messages, figures->channels);
    printf("newest id          %s\n", head);
    printf("oldest message     %s\n", moment_format(figures->oldest_ms, text));
    printf("newest message     %s\n", moment_format(figures->newest_ms, text));
    printf("last minute        %" PRId64 " messages, %.1f a second\n",
           figures->last_minute, (double)figures->last_minute / 60);
    printf("last hour          %" PRId64 " messages, %.1f a second\n",
           figures->last_hour, (double)figures->last_hour / 3600);
    printf("keys remembered    %" PRId64 "\n", figures->keys);
    printf("subscribers        %lu: %lu poll, %lu sse, %lu ws\n",
           followers->poll + followers->sse + followers->ws, followers->poll,
           followers->sse, followers->ws);
    printf("size               %s\n", size_format(figures->size_bytes, text));
    printf("on disk            %s", size_format(figures->file_bytes, text));
    printf(" and %s of -wal\n", size_format(figures->wal_bytes, text));
    printf("version            %" PRId64 "\n", figures->version);
}

static void
print_json(const struct admin_figures *figures,
           const struct followers *followers, const char *head)
{
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {
        {"messages", figures->messages},
        {"channels", figures->channels},
        {"keys", figures->keys},
        {"last_minute", figures->last_minute},
        {"last_hour", figures->last_hour},
        {"oldest_ms", figures->oldest_ms},
        {"newest_ms", figures->newest_ms},
        {"created_ms", figures->created_ms},
        {"size_bytes", figures->size_bytes},
        {"file_bytes", figures->file_bytes},
        {"wal_bytes", figures->wal_bytes},
        {"version", figures->version},
    };
    printf("{\"head\":\"%s\"", head);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        printf(",\"%s\":%" PRId64, numbers[i].name, numbers[i].value);
    printf(",\"subscribers\":{\"poll\":%lu,\"sse\":%lu,\"ws\":%lu}}\n",
           followers->poll, followers->sse, followers->ws);
}

int
stats_command(const struct options *options)
{
    struct admin_figures figures;
    struct followers followers = {0};
    char problem[ADMIN_PROBLEM_SIZE], head[CURSOR_SIZE];
    if (!file_asked(options, "stats"))
        return ADMIN_BAD;
    if (!admin_figures(options->queue, &figures, problem))
        return file_complain("stats", "%s", problem);
    struct presence *presence = presence_open(options->queue);
    presence_read(presence, NULL, on_count, &followers);
    presence_close(presence);
    cursor_format(head, figures.head_id, figures.epoch);
    if (options->json)
        print_json(&figures, &followers, head);
    else
        print(&figures, &followers, head);
    return ADMIN_GOOD;
}

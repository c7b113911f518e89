/* earshot channels: what is kept of each, and who follows. */
#include "commands.h"

#include "base/bytes.h"
#include "base/json.h"
#include "base/map.h"
#include "file.h"
#include "hub/cursor.h"
#include "queue/admin.h"
#include "queue/presence.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who follows each channel; a channel may have followers and no messages. */
struct followers {
    unsigned long poll, sse, ws;
    bool is_listed;
};

struct listing {
    struct map followers;
    bool json;
};

static void
on_count(void *context, const char *channel, const char *transport,
         unsigned long count)
{
    struct listing *listing = context;
    struct followers *followers = map_get(&listing->followers, channel);
    if (!followers) {
        followers = xcalloc(1, sizeof(*followers));
        map_put(&listing->followers, channel, followers);
    }
    if (strcmp(transport, "poll") == 0)
        followers->poll += count;
    else if (strcmp(transport, "sse") == 0)
        followers->sse += count;
    else
        followers->ws += count;
}

static void
print_json(const struct admin_channel *channel, const char *epoch,
           const struct followers *followers)
{
    char first[CURSOR_SIZE], last[CURSOR_SIZE];
    struct bytes json = BYTES_EMPTY;
    cursor_format(first, channel->first_id, epoch);
    cursor_format(last, channel->last_id, epoch);
    bytes_append_string(&json, "{\"channel\":");
    json_append_string(&json, channel->name, strlen(channel->name));
    bytes_printf(&json, ",\"messages\":%" PRId64, channel->kept);
    if (channel->kept)
        bytes_printf(&json,
                     ",\"first\":\"%s\",\"last\":\"%s\",\"newest\":%" PRId64,
                     first, last, channel->newest_ms);
    bytes_printf(&json,
                 ",\"size_bytes\":%" PRId64
                 ",\"subscribers\":{\"poll\":%lu,\"sse\":%lu,\"ws\":%lu}}\n",
                 channel->size_bytes, followers->poll, followers->sse,
                 followers->ws);
    fwrite(json.data, 1, json.len, stdout);
    bytes_fini(&json);
}

static void
on_channel(void *context, const struct admin_channel *channel,
           const char *epoch)
{
    static const struct followers nobody;
    struct listing *listing = context;
    struct followers *followers = map_get(&listing->followers, channel->name);
    char newest[MOMENT_SIZE], size[MOMENT_SIZE];
    if (followers)
        followers->is_listed = true;
    const struct followers *shown = followers ? followers : &nobody;
    if (listing->json) {
        print_json(channel, epoch, shown);
        return;
    }
    printf("%-24s %8" PRId64 " %10" PRId64 " %10" PRId64 "  %-19s %10s",
           channel->name, channel->kept, channel->first_id, channel->last_id,
           moment_format(channel->newest_ms, newest),
           size_format(channel->size_bytes, size));
    printf(" %6lu %6lu %6lu\n", shown->poll, shown->sse, shown->ws);
}

/* Those who follow what nobody has published to yet. */
static void
list_empty(struct listing *listing)
{
    const struct map_entry *entry = NULL;
    while ((entry = map_next(&listing->followers, entry))) {
        const struct followers *followers = entry->value;
        const struct admin_channel channel = {.name = entry->key};
        if (!followers->is_listed)
            on_channel(listing, &channel, "");
    }
}

static void
forget(struct map *followers)
{
    const struct map_entry *entry = NULL;
    while ((entry = map_next(followers, entry)))
        free(entry->value);
    map_fini(followers);
}

int
channels_command(const struct options *options)
{
    struct listing listing = {.json = options->json};
    char problem[ADMIN_PROBLEM_SIZE];
    if (!file_asked(options, "channels"))
        return ADMIN_BAD;
    struct presence *presence = presence_open(options->queue);
    presence_read(presence, NULL, on_count, &listing);
    presence_close(presence);
    if (!listing.json)
        printf("%-24s %8s %10s %10s  %-19s %10s %6s %6s %6s\n", "CHANNEL",
               "KEPT", "FIRST", "LAST", "NEWEST", "SIZE", "POLL", "SSE", "WS");
    bool good = admin_channels(options->queue, on_channel, &listing, problem);
    if (good)
        list_empty(&listing);
    forget(&listing.followers);
    return good ? ADMIN_GOOD : file_complain("channels", "%s", problem);
}

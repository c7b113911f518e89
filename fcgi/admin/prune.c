/* earshot prune: removes old messages, and says which. */
#include "commands.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/map.h"
#include "file.h"
#include "hub/names.h"
#include "queue/admin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was said to be removed: by the limits, or only this. */
static bool
read_selection(const struct options *options, struct admin_selection *selection,
               bool *is_selected)
{
    *selection = (struct admin_selection){.before_ms = INT64_MIN, .keep = -1};
    *is_selected =
        options->channel[0] || options->before[0] || options->keep[0];
    if (options->channel[0]) {
        selection->channel = options->channel;
        if (!name_is_channel(options->channel, strlen(options->channel)))
            return file_complain("prune", "\"%s\" is no name of a channel",
                                 options->channel) == ADMIN_GOOD;
        if (!options->before[0] && !options->keep[0])
            return file_complain("prune",
                                 "--channel wants --before TIME or "
                                 "--keep N; --keep 0 empties it") == ADMIN_GOOD;
    }
    if (options->before[0] &&
        !moment_read(options->before, clock_wall_ms(), &selection->before_ms))
        return file_complain("prune",
                             "--before is 90s, 30m, 12h, 7d, or a moment such "
                             "as 2024-05-31 or 2024-05-31T12:00:00Z, not "
                             "\"%s\"",
                             options->before) == ADMIN_GOOD;
    if (options->keep[0] && !count_read(options->keep, &selection->keep))
        return file_complain("prune",
                             "--keep is a whole number from 0 to 999999999, "
                             "not \"%s\"",
                             options->keep) == ADMIN_GOOD;
    return true;
}

static void
on_removed(void *context, const char *channel, int64_t count)
{
    struct map *removed = context;
    int64_t *sum = map_get(removed, channel);
    if (!sum) {
        sum = xcalloc(1, sizeof(*sum));
        map_put(removed, channel, sum);
    }
    *sum += count;
}

static void
tell_and_forget(struct map *removed)
{
    const struct map_entry *entry = NULL;
    int64_t all = 0;
    while ((entry = map_next(removed, entry))) {
        all += *(int64_t *)entry->value;
        printf("%s: %" PRId64 " removed\n", entry->key,
               *(int64_t *)entry->value);
        free(entry->value);
    }
    printf("%" PRId64 " messages of %zu channels removed\n", all,
           removed->size);
    map_fini(removed);
}

int
prune_command(const struct options *options)
{
    const struct queue_options limits = options_of_queue(options);
    struct admin_selection selection;
    char problem[ADMIN_PROBLEM_SIZE];
    struct map removed = {0};
    bool is_selected;
    if (!read_selection(options, &selection, &is_selected))
        return EXIT_USAGE;
    if (!file_asked(options, "prune"))
        return ADMIN_BAD;
    if (!admin_wait_turn(options->queue, FILE_WAIT_MS, problem)) {
        file_complain("prune", "%s", problem);
        return ADMIN_LATER;
    }
    bool good = admin_prune(&limits, is_selected ? &selection : NULL,
                            on_removed, &removed, problem);
    tell_and_forget(&removed);
    return good ? ADMIN_GOOD : file_complain("prune", "%s", problem);
}

#include "queue/presence.h"

#include "queue/notice.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a notice of ours says: lines `channel transport count`. */

enum { LINE_MAX_BYTES = 256 };

struct presence {
    struct notice notice;
};

struct presence *
presence_open(const char *queue_path)
{
    struct presence *presence = xcalloc(1, sizeof(*presence));
    notice_init(&presence->notice, queue_path, "");
    return presence;
}

void
presence_close(struct presence *presence)
{
    notice_remove(&presence->notice);
    notice_fini(&presence->notice);
    free(presence);
}

void
presence_begin(struct presence *presence)
{
    notice_begin(&presence->notice);
}

void
presence_count(struct presence *presence, const char *channel,
               const char *transport, unsigned long count)
{
    if (count)
        bytes_printf(&presence->notice.text, "%s %s %lu\n", channel, transport,
                     count);
}

void
presence_end(struct presence *presence)
{
    notice_end(&presence->notice);
}

/* Reading -------------------------------------------------------------------
 */

struct counting {
    const char *channel;
    void (*on_count)(void *context, const char *channel, const char *transport,
                     unsigned long count);
    void *context;
};

/* False when LINE is no count: other programs may write here too. */
static bool
count_line(char *line, const struct counting *counting)
{
    char *transport = strchr(line, ' ');
    char *number = transport ? strchr(transport + 1, ' ') : NULL;
    if (!number || !isdigit((unsigned char)number[1]))
        return false;
    *transport++ = '\0';
    *number++ = '\0';
    if (!counting->channel || strcmp(counting->channel, line) == 0)
        counting->on_count(counting->context, line, transport,
                           strtoul(number, NULL, 10));
    return true;
}

static void
on_notice(void *context, const struct notice_seen *seen)
{
    char line[LINE_MAX_BYTES];
    size_t at = 0;
    if (seen->is_dead) {
        unlinkat(seen->directory, seen->file, 0);
        return;
    }
    while (notice_line(seen->text, &at, line, sizeof(line)))
        count_line(line, context);
}

void
presence_read(struct presence *presence, const char *channel,
              void (*on_count)(void *context, const char *channel,
                               const char *transport, unsigned long count),
              void *context)
{
    struct counting counting = {channel, on_count, context};
    notice_each(&presence->notice, on_notice, &counting);
}

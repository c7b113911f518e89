#include "hub/names.h"

#include "base/utf8.h"
#include "queue/queue.h"

#include <string.h>

static bool
is_alphanumeric(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c >= '0' && c <= '9');
}

/* True when all are letters, digits or one of MORE. */
static bool
consists_of(const char *name, size_t len, const char *more)
{
    for (size_t i = 0; i < len; i++)
        if (!is_alphanumeric(name[i]) && (!name[i] || !strchr(more, name[i])))
            return false;
    return true;
}

bool
name_is_channel(const char *name, size_t len)
{
    return len >= 1 && len <= QUEUE_CHANNEL_MAX && is_alphanumeric(name[0]) &&
           consists_of(name, len, "._~-");
}

bool
name_is_event(const char *name, size_t len, size_t max)
{
    static const char own[] = "earshot.";
    bool is_own =
        len >= sizeof own - 1 && memcmp(name, own, sizeof own - 1) == 0;
    return len >= 1 && len <= max && !is_own && utf8_printable(name, len);
}

bool
name_is_from(const char *name, size_t len)
{
    return len >= 1 && len <= QUEUE_FROM_MAX && consists_of(name, len, "_-");
}

bool
name_is_key(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (name[i] <= ' ' || name[i] >= 0x7f)
            return false;
    return len >= 1 && len <= QUEUE_KEY_MAX;
}

#include "hub/cursor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t
cursor_format(char cursor[CURSOR_SIZE], int64_t id, const char *epoch)
{
    return (size_t)snprintf(cursor, CURSOR_SIZE, "%" PRId64 "-%s", id, epoch);
}

bool
cursor_parse(const char *cursor, const char *epoch, int64_t *id)
{
    const char *dash = strchr(cursor, '-');
    if (!dash || dash == cursor || dash - cursor > 16)
        return false;
    int64_t value = 0;
    for (const char *p = cursor; p < dash; p++) {
        if (*p < '0' || *p > '9')
            return false;
        value = value * 10 + (*p - '0');
    }
    char canonical[CURSOR_SIZE];
    cursor_format(canonical, value, epoch);
    if (strcmp(canonical, cursor) != 0)
        return false;
    *id = value;
    return true;
}

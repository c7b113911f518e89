#include "hub/cursor.h"

#include <string.h>

size_t
cursor_format(char cursor[CURSOR_SIZE], int64_t id, const char *epoch)
{
    char digits[CURSOR_SIZE];
    size_t at = CURSOR_SIZE, len = strlen(epoch) + 1;
    uint64_t rest = (uint64_t)id;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    size_t digit_count = CURSOR_SIZE - at;
    memcpy(cursor, digits + at, digit_count);
    cursor[digit_count] = '-';
    memcpy(cursor + digit_count + 1, epoch, len);
    return digit_count + len;
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

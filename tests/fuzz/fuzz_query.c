/* Query strings, percent-escapes, names and cursors. */
#include "fuzz.h"

#include "base/bytes.h"
#include "hub/cursor.h"
#include "hub/names.h"
#include "query.h"

#include <string.h>

static void
check_value(const char *value, size_t longest)
{
    if (value)
        require(strlen(value) <= longest);
}

static void
check_cursor(const char *text)
{
    static const char epoch[] = "k3f9x2ab";
    int64_t id = -1;
    if (!text || !cursor_parse(text, epoch, &id))
        return;
    char again[CURSOR_SIZE];
    cursor_format(again, id, epoch);
    require(id >= 0 && strcmp(again, text) == 0);
}

/* What a name lets in cannot end a line. */
static void
check_names(const char *text)
{
    size_t len = text ? strlen(text) : 0;
    if (!len || !(name_is_event(text, len, 128) || name_is_channel(text, len) ||
                  name_is_from(text, len) || name_is_key(text, len)))
        return;
    require(!strpbrk(text, "\r\n") && len <= 255);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xmemdup0(data, size);
    size_t len = strlen(text);
    struct query query;
    if (query_read(&query, text)) {
        const char *const values[] = {query.after,  query.last,  query.wait,
                                      query.format, query.event, query.from};
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
            check_value(values[i], len);
            check_cursor(values[i]);
            check_names(values[i]);
        }
    }
    query_fini(&query);
    char *out = malloc(len + 1);
    require(out);
    if (percent_decode(out, text, len, false))
        require(strlen(out) <= len);
    free(out);
    check_cursor(text);
    check_names(text);
    free(text);
    return 0;
}

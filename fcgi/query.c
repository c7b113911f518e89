#include "query.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

bool
percent_decode(char *out, const char *text, size_t len, bool is_form)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 1 < len ? hex_digit(text[i + 1]) : -1;
            int low = i + 2 < len ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0))
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && is_form) {
            c = ' ';
        }
        *out++ = c;
    }
    *out = '\0';
    return true;
}

static const char **
field_of(struct query *query, const char *name, size_t len)
{
    const struct {
        const char *name;
        const char **field;
    } fields[] = {{"after", &query->after}, {"last", &query->last},
                  {"wait", &query->wait},   {"format", &query->format},
                  {"event", &query->event}, {"from", &query->from}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strlen(fields[i].name) == len &&
            memcmp(fields[i].name, name, len) == 0)
            return fields[i].field;
    return NULL;
}

bool
query_read(struct query *query, const char *string)
{
    *query = (struct query){0};
    if (!*string)
        return true;
    char *out = query->storage = xmalloc(strlen(string) + 2);
    for (const char *pair = string; pair;) {
        size_t len = strcspn(pair, "&");
        size_t name_len = strcspn(pair, "=&");
        const char **field = field_of(query, pair, name_len);
        if (field && !*field) {
            size_t start = name_len < len ? name_len + 1 : len;
            if (!percent_decode(out, pair + start, len - start, true))
                return false;
            *field = out;
            out += strlen(out) + 1;
        }
        pair = pair[len] ? pair + len + 1 : NULL;
    }
    return true;
}

void
query_fini(struct query *query)
{
    free(query->storage);
    query->storage = NULL;
}

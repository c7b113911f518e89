#include "forwarded.h"

#include "access.h"

#include <string.h>
#include <strings.h>

/* Copies the LEN bytes of TEXT without the blanks round them. */
static void
copy_bare(char value[FORWARDED_VALUE_MAX], const char *text, size_t len)
{
    while (len && (*text == ' ' || *text == '\t'))
        text++, len--;
    while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    if (len >= FORWARDED_VALUE_MAX)
        len = 0;
    memcpy(value, text, len);
    value[len] = '\0';
}

static void
copy_first(char value[FORWARDED_VALUE_MAX], const char *list)
{
    copy_bare(value, list, strcspn(list, ","));
}

static void
copy_last(char value[FORWARDED_VALUE_MAX], const char *list)
{
    const char *comma = strrchr(list, ',');
    const char *last = comma ? comma + 1 : list;
    copy_bare(value, last, strlen(last));
}

/* Takes VALUE out of its quotes (RFC 9110, section 5.6.4). */
static void
unquote(char *value)
{
    size_t len = strlen(value);
    if (len < 2 || value[0] != '"' || value[len - 1] != '"')
        return;
    value[len - 1] = '\0';
    char *to = value;
    for (const char *from = value + 1; *from; from++) {
        if (*from == '\\' && from[1])
            from++;
        *to++ = *from;
    }
    *to = '\0';
}

/* The end of an element of Forwarded, or of one of its pairs: at the next of
 * STOPS that is not in quotes. NULL: a quote is not closed. */
static const char *
skip_to(const char *text, const char *stops)
{
    bool in_quotes = false;
    for (; *text; text++) {
        if (in_quotes && *text == '\\' && text[1])
            text++;
        else if (*text == '"')
            in_quotes = !in_quotes;
        else if (!in_quotes && strchr(stops, *text))
            break;
    }
    return in_quotes ? NULL : text;
}

/* The remote_user= of the last element: lighttpd's proxy.forwarded has it. A
 * client may have sent the elements before it, with a quote that it leaves open
 * and that swallows lighttpd's own: then nobody is believed. */
static void
copy_remote_user(char value[FORWARDED_VALUE_MAX], const char *list)
{
    static const char name[] = "remote_user=";
    value[0] = '\0';
    for (const char *pair = list; *pair;) {
        const char *end = skip_to(pair, ";,");
        if (!end) {
            value[0] = '\0';
            return;
        }
        pair += strspn(pair, " \t");
        if (strncasecmp(pair, name, strlen(name)) == 0) {
            const char *start = pair + strlen(name);
            copy_bare(value, start, (size_t)(end - start));
        }
        if (*end == ',')
            value[0] = '\0'; /* another element follows */
        pair = *end ? end + 1 : end;
    }
    unquote(value);
}

void
forwarded_read(const struct forwarded *forwarded,
               struct forwarded_values *values, struct visitor *visitor)
{
    *values = (struct forwarded_values){0};
    if (forwarded->is_believed) {
        copy_first(values->host, forwarded->x_host);
        copy_last(values->address, forwarded->x_for);
        if (forwarded->is_forwarded_header)
            copy_remote_user(values->user, forwarded->user_header);
        else
            copy_bare(values->user, forwarded->user_header,
                      strlen(forwarded->user_header));
    }
    /* On our Unix socket, without a word on whom it speaks for, is a program
     * of this machine. */
    const char *peer = forwarded->peer[0] ? forwarded->peer : "127.0.0.1";
    *visitor = (struct visitor){
        .origin = forwarded->origin,
        .host = values->host[0] ? values->host : forwarded->host,
        .sec_fetch_site = forwarded->fetch_site,
        .remote_user = values->user,
        .remote_addr = values->address[0] ? values->address : peer,
        .no_user = "its header names none; see --user-header",
    };
}

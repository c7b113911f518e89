#include "command/requests.h"

#include "base/bytes.h"
#include "base/utf8.h"
#include "sentence.h"
#include "target/members.h"
#include "target/target.h"
#include "target/template.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

/* A target's file in the making. */
struct making {
    cJSON *publish, *subscribe; /* arrays of requests */
    cJSON *request;             /* the one that was begun last, or NULL */
    const char *name;           /* or NULL */
    const char *option;         /* the one that is taken */
    char *problem;              /* the first, or NULL */
};

void
requests_add(struct requests *requests, const char *option, const char *value)
{
    requests->items = xrealloc(requests->items,
                               (requests->count + 1) * sizeof *requests->items);
    requests->items[requests->count++] = (struct said){option, value};
}

void
requests_fini(struct requests *requests)
{
    free(requests->items);
    *requests = (struct requests){0};
}

#define COMPLAIN(making, format, ...)                                          \
    ((making)->problem =                                                       \
         sentence("--%s " format, (making)->option, ##__VA_ARGS__))

/* Templates --------------------------------------------------------------- */

static bool
is_word(const char *name, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(name, word, len) == 0;
}

/* Who copies a line of a target's file has doubled its braces. No JSON begins
 * that way. */
static bool
is_doubled(const char *text)
{
    return text[0] == '{' && text[1] == '{' &&
           text[2 + strspn(text + 2, " ")] == '"';
}

/* TEXT as a target's file writes it; to be freed. NULL after a complaint. */
static char *
template_of(struct making *making, const char *text)
{
    struct bytes out = BYTES_EMPTY;
    for (const char *p = text; *p && !making->problem; p++) {
        size_t len = strcspn(p + 1, "{}");
        bool is_closed = *p == '{' && p[1 + len] == '}';
        if (is_closed &&
            (is_word(p + 1, len, "channel") || is_word(p + 1, len, "token"))) {
            bytes_append(&out, p, len + 2);
            p += len + 1;
        } else if (is_closed && word_is_name(p + 1, len)) {
            COMPLAIN(making,
                     "names {%.*s}, which is neither {channel} nor {token}",
                     len > 40 ? 40 : (int)len, p + 1);
        } else if (is_doubled(p)) {
            COMPLAIN(making,
                     "has \"%.20s\"; braces are doubled in a file, and stand "
                     "for themselves here: write {\"",
                     p);
        } else {
            bytes_append(&out, p, 1);
            if (*p == '{' || *p == '}')
                bytes_append(&out, p, 1);
        }
    }
    bytes_append_char(&out, '\0');
    if (!making->problem)
        return out.data;
    bytes_fini(&out);
    return NULL;
}

/* Members ----------------------------------------------------------------- */

static void
put(struct making *making, const char *member, const char *text)
{
    if (cJSON_HasObjectItem(making->request, member))
        COMPLAIN(making, "stands twice behind one request");
    else
        cJSON_AddStringToObject(making->request, member, text);
}

static void
put_template(struct making *making, const char *member, const char *text)
{
    char *template = template_of(making, text);
    if (template)
        put(making, member, template);
    free(template);
}

/* One more of the array MEMBER. */
static void
put_one_more(struct making *making, const char *member, const char *text)
{
    char *template = template_of(making, text);
    cJSON *array = cJSON_GetObjectItemCaseSensitive(making->request, member);
    if (!array)
        array = cJSON_AddArrayToObject(making->request, member);
    if (template)
        cJSON_AddItemToArray(array, cJSON_CreateString(template));
    free(template);
}

static const char *
member(const cJSON *request, const char *name)
{
    return cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(request, name));
}

static void
begin(struct making *making, cJSON *array, const char *word, const char *value)
{
    making->request = cJSON_CreateObject();
    cJSON_AddItemToArray(array, making->request);
    cJSON_AddStringToObject(making->request, word, value);
    cJSON_AddStringToObject(making->request, "way", "direct");
}

/* "METHOD URL", or a URL alone. */
static void
put_request_line(struct making *making, const char *text)
{
    size_t len = strcspn(text, " ");
    if (text[len] && !memchr(text, ':', len)) {
        char *method = xmemdup0(text, len);
        put(making, "method", method);
        free(method);
        text += len + strspn(text + len, " ");
    }
    put_template(making, "url", text);
}

/* Options ----------------------------------------------------------------- */

static void
take_publish(struct making *making, const char *value)
{
    if (cJSON_GetArraySize(making->publish)) {
        COMPLAIN(making,
                 "is given twice; every message goes by the same request");
        return;
    }
    begin(making, making->publish, "by", "post");
    put_request_line(making, value);
}

static void
take_subscribe(struct making *making, const char *value)
{
    size_t len = strcspn(value, " ");
    if (!value[len] || memchr(value, ':', len)) {
        COMPLAIN(making,
                 "is \"%.200s\"; it must be a transport and a URL, such as "
                 "\"sse http://127.0.0.1:3000/events\" (--subscribers says "
                 "how many there are)",
                 value);
        return;
    }
    char *transport = xmemdup0(value, len);
    const cJSON *other;
    cJSON_ArrayForEach(other, making->subscribe)
    {
        if (strcmp(member(other, "transport"), transport) == 0)
            COMPLAIN(making, "names %s twice; each transport stands once",
                     transport);
    }
    begin(making, making->subscribe, "transport", transport);
    free(transport);
    put_request_line(making, value + len + strspn(value + len, " "));
}

static void
take_name(struct making *making, const char *value)
{
    making->name = value;
}

static void
take_header(struct making *making, const char *value)
{
    put_one_more(making, "headers", value);
}

static void
take_body(struct making *making, const char *value)
{
    put_template(making, "body", value);
}

static void
take_hello(struct making *making, const char *value)
{
    const char *transport = member(making->request, "transport");
    if (strcmp(transport, "sse") == 0 || strcmp(transport, "poll") == 0)
        COMPLAIN(making, "is sent by ws, socket.io and long-poll, not by %s",
                 transport);
    else
        put_one_more(making, "hello", value);
}

static void
take_ready(struct making *making, const char *value)
{
    put(making, "ready", value);
}

static void
take_cursor(struct making *making, const char *value)
{
    const char *equals = strchr(value, '=');
    if (!equals) {
        COMPLAIN(making,
                 "is \"%.80s\"; it must be TAKE=GIVE, such as "
                 "\"sse-id=header:Last-Event-ID\"",
                 value);
        return;
    }
    if (cJSON_HasObjectItem(making->request, "cursor")) {
        COMPLAIN(making, "stands twice behind one request");
        return;
    }
    cJSON *cursor = cJSON_AddObjectToObject(making->request, "cursor");
    char *take = xmemdup0(value, (size_t)(equals - value));
    cJSON_AddStringToObject(cursor, "take", take);
    cJSON_AddStringToObject(cursor, "give", equals + 1);
    free(take);
}

enum of { OF_TARGET, OF_ANY, OF_PUBLISH, OF_SUBSCRIBE };

static const struct part {
    const char *option;
    enum of of; /* the request that it must stand behind */
    void (*take)(struct making *making, const char *value);
} parts[] = {
    {"publish", OF_TARGET, take_publish},
    {"subscribe", OF_TARGET, take_subscribe},
    {"name", OF_TARGET, take_name},
    {"header", OF_ANY, take_header},
    {"body", OF_PUBLISH, take_body},
    {"hello", OF_SUBSCRIBE, take_hello},
    {"ready", OF_SUBSCRIBE, take_ready},
    {"cursor", OF_SUBSCRIBE, take_cursor},
};

static bool
stands_right(const struct making *making, enum of of)
{
    bool is_publish = making->request && member(making->request, "by");
    switch (of) {
    case OF_TARGET:
        return true;
    case OF_ANY:
        return making->request;
    case OF_PUBLISH:
        return is_publish;
    case OF_SUBSCRIBE:
        return making->request && !is_publish;
    }
    return false;
}

static void
take(struct making *making, const struct said *said)
{
    static const char *const requests[] = {
        [OF_TARGET] = "",
        [OF_ANY] = "--publish or --subscribe",
        [OF_PUBLISH] = "--publish",
        [OF_SUBSCRIBE] = "--subscribe",
    };
    const struct part *part = parts;
    while (strcmp(part->option, said->option) != 0)
        part++;
    making->option = said->option;
    if (!utf8_valid(said->value, strlen(said->value)))
        COMPLAIN(making, "is not UTF-8");
    else if (!stands_right(making, part->of))
        COMPLAIN(making,
                 "stands behind the %s that it is of, before another of them",
                 requests[part->of]);
    else
        part->take(making, said->value);
}

/* What was not said ------------------------------------------------------- */

static bool
has_header(const cJSON *request, const char *name)
{
    const cJSON *headers = cJSON_GetObjectItemCaseSensitive(request, "headers");
    const cJSON *header;
    cJSON_ArrayForEach(header, headers)
    {
        if (strncasecmp(header->valuestring, name, strlen(name)) == 0)
            return true;
    }
    return false;
}

static bool
sends_token(const cJSON *request)
{
    const cJSON *headers = cJSON_GetObjectItemCaseSensitive(request, "headers");
    const cJSON *header;
    bool sends = template_has(member(request, "url"), "token");
    cJSON_ArrayForEach(header, headers)
    {
        sends |= template_has(header->valuestring, "token");
    }
    return sends;
}

/* The body is the message, where nothing else is; and a body of JSON says that
 * it is one, without which most servers would not read it. */
static void
complete_publish(struct making *making)
{
    making->request = making->publish->child;
    const char *body = member(making->request, "body");
    if (!body && !sends_token(making->request))
        cJSON_AddStringToObject(making->request, "body", "{token}");
    bool is_json = body && (strncmp(body, "{{", 2) == 0 || body[0] == '[');
    if (is_json && !has_header(making->request, "Content-Type:"))
        put_one_more(making, "headers", "Content-Type: application/json");
}

/* The host and port of the first subscription, without a user's name. */
static char *
default_name(const struct making *making)
{
    const char *url = member(making->subscribe->child, "url");
    const char *host = strstr(url, "://");
    if (!host)
        return xstrdup("server");
    host += 3;
    size_t len = strcspn(host, "/?#");
    for (const char *at; (at = memchr(host, '@', len)); host = at + 1)
        len -= (size_t)(at + 1 - host);
    return len ? xmemdup0(host, len) : xstrdup("server");
}

/* cJSON writes tabs between things; those within strings are escaped. */
static char *
print(const cJSON *root)
{
    char *text = cJSON_Print(root);
    struct bytes out = BYTES_EMPTY;
    for (const char *p = text; *p; p++)
        if (*p != '\t')
            bytes_append(&out, p, 1);
        else
            bytes_append_string(&out, p[-1] == ':' ? " " : "    ");
    bytes_append(&out, "\n", 2);
    cJSON_free(text);
    return out.data;
}

static char *
finish(struct making *making)
{
    complete_publish(making);
    char *host = default_name(making);
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "name", making->name ? making->name : host);
    cJSON_AddItemReferenceToObject(root, "publish", making->publish);
    cJSON_AddItemReferenceToObject(root, "subscribe", making->subscribe);
    char *text = print(root);
    cJSON_Delete(root);
    free(host);
    return text;
}

/* Whole ------------------------------------------------------------------- */

static void
check_both(struct making *making)
{
    bool has_publish = cJSON_GetArraySize(making->publish);
    bool has_subscribe = cJSON_GetArraySize(making->subscribe);
    if (making->problem || (has_publish && has_subscribe))
        return;
    if (has_publish)
        making->problem = sentence(
            "--publish needs a --subscribe beside it, which says how messages "
            "come: --subscribe 'sse http://127.0.0.1:3000/events'");
    else if (has_subscribe)
        making->problem = sentence(
            "--subscribe needs a --publish beside it, which says how a message "
            "is sent: --publish 'POST http://127.0.0.1:3000/send'");
    else
        making->problem = sentence(
            "--name is of a server that --publish and --subscribe describe; "
            "give it those, or leave it out");
}

char *
requests_file(const struct requests *requests, char **problem)
{
    struct making making = {.publish = cJSON_CreateArray(),
                            .subscribe = cJSON_CreateArray()};
    for (size_t i = 0; i < requests->count && !making.problem; i++)
        take(&making, &requests->items[i]);
    check_both(&making);
    char *text = making.problem ? NULL : finish(&making);
    cJSON_Delete(making.publish);
    cJSON_Delete(making.subscribe);
    if (!text)
        *problem = making.problem;
    return text;
}

struct target *
requests_target(const struct requests *requests, char **problem)
{
    static const struct member_name names[] = {
        {"name", "--name"},
        {"publish", "--publish"},
        {"publish.method", "the method of --publish"},
        {"publish.url", "--publish"},
        {"publish.headers", "--header"},
        {"publish.body", "--body"},
        {"subscribe", "--subscribe"},
        {"subscribe.transport", "the transport of --subscribe"},
        {"subscribe.method", "the method of --subscribe"},
        {"subscribe.url", "--subscribe"},
        {"subscribe.headers", "--header"},
        {"subscribe.hello", "--hello"},
        {"subscribe.ready", "--ready"},
        {"subscribe.cursor", "--cursor"},
        {"subscribe.cursor.take", "TAKE of --cursor"},
        {"subscribe.cursor.give", "GIVE of --cursor"},
        {NULL, NULL},
    };
    char *text = requests_file(requests, problem);
    struct target *target =
        text ? target_read_named(names, text, strlen(text), problem) : NULL;
    free(text);
    return target;
}

#include "target/entrance.h"

#include "base/bytes.h"
#include "target/members.h"
#include "target/target.h"
#include "target/template.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

enum { ACCEPT_MAX = 7, STATUS_MIN = 100, STATUS_MAX = 599 };

const char *const entrance_schemes_http[] = {"http", "https", NULL};
static const char *const schemes_socket[] = {"ws", "wss", "http", "https",
                                             NULL};

static bool
is_one_of(const char *text, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(text, *list) == 0)
            return true;
    return false;
}

/* Nothing in it that could end a line of a request. */
static bool
is_one_line(const char *text, bool may_have_blanks)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f || (c == ' ' && !may_have_blanks))
            return false;
    }
    return true;
}

void
entrance_check_url(struct reading *reading, const struct place *place,
                   const char *text, const char *const *schemes)
{
    const char *colon = text ? strstr(text, "://") : NULL;
    if (!text)
        return;
    if (colon && is_one_line(text, false) && colon[3] && colon[3] != '/') {
        char *scheme = xmemdup0(text, (size_t)(colon - text));
        bool is_good = is_one_of(scheme, schemes);
        free(scheme);
        if (is_good)
            return;
    }
    reading_say(reading, place,
                "is \"%.200s\"; it must be a whole URL that begins with %s",
                text,
                schemes == entrance_schemes_http
                    ? "http:// or https://"
                    : "ws://, wss://, http:// or https://");
}

/* TEXT with WORDS filled in. */
static char *
fill(struct reading *reading, const struct place *place, const char *text,
     const struct vocabulary *words, bool is_token_allowed)
{
    char *problem = NULL;
    char *filled = template_words(text, words, is_token_allowed, &problem);
    if (problem)
        reading_say(reading, place, "%s", problem);
    free(problem);
    return filled;
}

char *
entrance_template(struct reading *reading, const struct place *object_is,
                  const cJSON *object, const char *name,
                  const struct vocabulary *words, bool is_token_allowed,
                  bool must_be)
{
    struct place here = {.above = object_is, .member = name};
    const char *text = member_text(reading, object_is, object, name, must_be);
    return text ? fill(reading, &here, text, words, is_token_allowed) : NULL;
}

static char *
take_copy(struct reading *reading, const struct place *place,
          const cJSON *object, const char *name, bool must_be)
{
    const char *text = member_text(reading, place, object, name, must_be);
    return text ? xstrdup(text) : NULL;
}

static bool
is_header(const char *text)
{
    const char *colon = strchr(text, ':');
    return colon && colon > text && is_one_line(text, true) &&
           !memchr(text, ' ', (size_t)(colon - text));
}

/* An array of templates, ended with NULL; empty when there is none. */
static char **
take_list(struct reading *reading, const struct place *place,
          const cJSON *object, const char *name, const struct vocabulary *words,
          bool is_token_allowed)
{
    const cJSON *array =
        member_array(reading, place, object, name, "strings", false);
    struct place here = {.above = place, .member = name};
    char **list = xcalloc((size_t)cJSON_GetArraySize(array) + 1, sizeof *list);
    size_t count = 0;
    int index = 0;
    for (const cJSON *item = array ? array->child : NULL; item;
         item = item->next) {
        struct place element = {.above = &here, .index = index++};
        if (!cJSON_IsString(item))
            reading_must_be(reading, &element, item, "a string");
        else
            list[count] = fill(reading, &element, item->valuestring, words,
                               is_token_allowed);
        if (!list[count])
            break;
        count++;
    }
    return list;
}

static char **
take_headers(struct reading *reading, const struct place *place,
             const cJSON *object, const struct vocabulary *words,
             bool is_token_allowed)
{
    char **headers =
        take_list(reading, place, object, "headers", words, is_token_allowed);
    struct place here = {.above = place, .member = "headers"};
    for (int i = 0; headers[i]; i++) {
        struct place element = {.above = &here, .index = i};
        if (!is_header(headers[i]))
            reading_say(reading, &element,
                        "is \"%.200s\"; it must be \"Name: value\"",
                        headers[i]);
    }
    return headers;
}

static void
take_accept(struct reading *reading, const struct place *place,
            const cJSON *object, int *accept)
{
    static const char must[] = "an array of 1 to 7 statuses from 100 to 599";
    struct place here = {.above = place, .member = "accept"};
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(object, "accept");
    int count = cJSON_GetArraySize(array);
    if (!array)
        return;
    if (!cJSON_IsArray(array) || count < 1 || count > ACCEPT_MAX) {
        reading_must_be(reading, &here, array, must);
        return;
    }
    int index = 0;
    for (const cJSON *item = array->child; item; item = item->next) {
        struct place element = {.above = &here, .index = index};
        double status = cJSON_IsNumber(item) ? item->valuedouble : 0;
        if (status < STATUS_MIN || status > STATUS_MAX || status != (int)status)
            reading_must_be(reading, &element, item,
                            "a status from 100 to 599");
        else
            accept[index++] = (int)status;
    }
}

static void
default_accept(int *accept, const int *statuses, size_t size)
{
    if (!accept[0])
        memcpy(accept, statuses, size);
}

static char *
take_word_of(struct reading *reading, const struct place *place,
             const cJSON *object, const char *name, const char *const *list,
             const char *must)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (cJSON_IsString(item) && is_one_of(item->valuestring, list))
        return xstrdup(item->valuestring);
    struct place here = {.above = place, .member = name};
    reading_must_be(reading, &here, item, must);
    return NULL;
}

static void
take_method(struct reading *reading, const struct place *place,
            const cJSON *object, const char *otherwise,
            struct entrance *entrance)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    struct place here = {.above = place, .member = "method"};
    const char *method = member_text(reading, place, object, "method", false);
    if (method && method[strspn(method, letters)])
        reading_say(reading, &here,
                    "is \"%.40s\"; it must be a method such as \"%s\"", method,
                    otherwise);
    entrance->method = xstrdup(method ? method : otherwise);
}

/* Somewhere in it there must be the message. */
static void
check_token(struct reading *reading, const struct place *place,
            const struct entrance *entrance)
{
    if (reading->problem)
        return;
    bool has = template_has(entrance->url, "token") ||
               (entrance->body && template_has(entrance->body, "token"));
    for (char **header = entrance->headers; *header && !has; header++)
        has = template_has(*header, "token");
    if (!has)
        reading_say(reading, place,
                    "never sends {token}, which is the message; put it into "
                    "its body");
}

void
entrance_read_publish(struct reading *reading, const struct place *place,
                      const cJSON *object, const struct vocabulary *words,
                      struct entrance *entrance)
{
    static const char *const known[] = {"by",    "way",     "method", "url",
                                        "body",  "headers", "accept", "hello",
                                        "ready", "answer",  NULL};
    static const char *const ways[] = {"post", "ws", NULL};
    if (!members_are(reading, place, object, known))
        return;
    entrance->transport =
        take_word_of(reading, place, object, "by", ways, "\"post\" or \"ws\"");
    bool is_ws = entrance->transport && strcmp(entrance->transport, "ws") == 0;
    entrance->way =
        entrance_template(reading, place, object, "way", words, false, true);
    entrance->url =
        entrance_template(reading, place, object, "url", words, true, true);
    struct place url = {.above = place, .member = "url"};
    entrance_check_url(reading, &url, entrance->url,
                       is_ws ? schemes_socket : entrance_schemes_http);
    take_method(reading, place, object, is_ws ? "GET" : "POST", entrance);
    entrance->headers = take_headers(reading, place, object, words, true);
    entrance->body =
        entrance_template(reading, place, object, "body", words, true, false);
    entrance->hello = take_list(reading, place, object, "hello", words, false);
    entrance->ready = take_copy(reading, place, object, "ready", false);
    entrance->answer = take_copy(reading, place, object, "answer", false);
    take_accept(reading, place, object, entrance->accept);
    default_accept(entrance->accept,
                   is_ws ? (int[]){101, 0, 0} : (int[]){200, 201, 202, 204, 0},
                   sizeof(int) * (is_ws ? 2 : 5));
    check_token(reading, place, entrance);
}

static const struct {
    const char *prefix;
    enum cursor_place place;
    bool is_taken;
    bool is_given;
} cursor_places[] = {
    {"json:", CURSOR_JSON, true, false},
    {"header:", CURSOR_HEADER, true, true},
    {"query:", CURSOR_QUERY, false, true},
};

/* "header:Last-Event-ID" and the like. */
static enum cursor_place
take_place(struct reading *reading, const struct place *place,
           const cJSON *object, bool is_taking, char **name)
{
    const char *member = is_taking ? "take" : "give";
    const char *text = member_text(reading, place, object, member, true);
    if (!text)
        return CURSOR_NONE;
    if (is_taking && strcmp(text, "sse-id") == 0)
        return CURSOR_SSE_ID;
    for (size_t i = 0; i < sizeof cursor_places / sizeof *cursor_places; i++) {
        size_t len = strlen(cursor_places[i].prefix);
        if (!(is_taking ? cursor_places[i].is_taken
                        : cursor_places[i].is_given) ||
            strncmp(text, cursor_places[i].prefix, len) != 0 || !text[len] ||
            !is_one_line(text + len, false))
            continue;
        *name = xstrdup(text + len);
        return cursor_places[i].place;
    }
    struct place here = {.above = place, .member = member};
    reading_say(reading, &here, "is \"%.80s\"; it must be %s", text,
                is_taking ? "\"sse-id\", \"json:NAME\" or \"header:NAME\""
                          : "\"header:NAME\" or \"query:NAME\"");
    return CURSOR_NONE;
}

static void
take_cursor(struct reading *reading, const struct place *place,
            const cJSON *object, struct entrance *entrance)
{
    static const char *const known[] = {"take", "give", NULL};
    const cJSON *cursor = cJSON_GetObjectItemCaseSensitive(object, "cursor");
    struct place here = {.above = place, .member = "cursor"};
    if (!cursor || !members_are(reading, &here, cursor, known))
        return;
    entrance->take =
        take_place(reading, &here, cursor, true, &entrance->take_name);
    entrance->give =
        take_place(reading, &here, cursor, false, &entrance->give_name);
    if (entrance->take == CURSOR_SSE_ID && entrance->transport &&
        strcmp(entrance->transport, "sse") != 0)
        reading_say(reading, &here,
                    "takes \"sse-id\", which only \"sse\" has, and not \"%s\"",
                    entrance->transport);
}

void
entrance_read_subscribe(struct reading *reading, const struct place *place,
                        const cJSON *object, const struct vocabulary *words,
                        struct entrance *entrance)
{
    static const char *const known[] = {
        "transport", "way",   "method", "url",  "headers", "accept",
        "hello",     "ready", "cursor", "lost", "more",    NULL};
    static const char *const transports[] = {"poll", "long-poll", "sse",
                                             "ws",   "socket.io", NULL};
    if (!members_are(reading, place, object, known))
        return;
    entrance->transport = take_word_of(
        reading, place, object, "transport", transports,
        "\"poll\", \"long-poll\", \"sse\", \"ws\" or \"socket.io\"");
    bool is_socket =
        entrance->transport && (strcmp(entrance->transport, "ws") == 0 ||
                                strcmp(entrance->transport, "socket.io") == 0);
    entrance->way =
        entrance_template(reading, place, object, "way", words, false, true);
    entrance->url =
        entrance_template(reading, place, object, "url", words, false, true);
    struct place url = {.above = place, .member = "url"};
    entrance_check_url(reading, &url, entrance->url,
                       is_socket ? schemes_socket : entrance_schemes_http);
    take_method(reading, place, object, "GET", entrance);
    entrance->headers = take_headers(reading, place, object, words, false);
    entrance->hello = take_list(reading, place, object, "hello", words, false);
    entrance->ready = take_copy(reading, place, object, "ready", false);
    entrance->lost = take_copy(reading, place, object, "lost", false);
    entrance->more = take_copy(reading, place, object, "more", false);
    take_cursor(reading, place, object, entrance);
    take_accept(reading, place, object, entrance->accept);
    default_accept(entrance->accept, (int[]){is_socket ? 101 : 200, 0},
                   sizeof(int) * 2);
}

static void
free_list(char **list)
{
    for (char **item = list; item && *item; item++)
        free(*item);
    free(list);
}

void
entrance_fini(struct entrance *entrance)
{
    free(entrance->transport);
    free(entrance->way);
    free(entrance->method);
    free(entrance->url);
    free_list(entrance->headers);
    free(entrance->body);
    free_list(entrance->hello);
    free(entrance->ready);
    free(entrance->answer);
    free(entrance->lost);
    free(entrance->more);
    free(entrance->take_name);
    free(entrance->give_name);
    *entrance = (struct entrance){0};
}

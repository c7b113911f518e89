/* Publishing to a URL: the same request that a browser or curl would send. */
#include "publish.h"

#include "client/json_member.h"
#include "commands.h"
#include "file.h"
#include "http.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --from and --event as they go into the URL. */
static char *
address(const struct options *options, const struct queue_message *message)
{
    struct bytes url = BYTES_EMPTY;
    http_append_url(&url, options->url, message->channel, "");
    if (strcmp(message->event, "message") != 0)
        http_append_query(&url, "event", message->event);
    if (message->from)
        http_append_query(&url, "from", message->from);
    bytes_append_char(&url, '\0');
    return url.data;
}

/* What the server said, in its own words where it has any. */
static int
tell_refused(const struct http_answer *answer)
{
    struct json_text error;
    bool later = answer->status >= 500 || answer->status == 429;
    if (json_member_find(answer->body.data, answer->body.len, "error",
                         &error)) {
        char *text = xcalloc(1, error.len + 1);
        json_text_decode(&error, text);
        file_complain("publish", "%s (status %ld)", text, answer->status);
        free(text);
    } else if (answer->status == 401 || answer->status == 403) {
        file_complain("publish",
                      "the web server lets only users publish whom it knows: "
                      "put your name and password into ~/.netrc, or into the "
                      "URL (status %ld)",
                      answer->status);
    } else {
        file_complain("publish",
                      "status %ld came, and no word of Earshot: is it mounted "
                      "at that URL?",
                      answer->status);
    }
    return later ? ADMIN_LATER : ADMIN_BAD;
}

/* Whatever it means, it goes to a terminal. */
static bool
is_id(const struct json_text *id)
{
    for (size_t i = 0; i < id->len; i++)
        if (!isalnum((unsigned char)id->data[i]) && id->data[i] != '-')
            return false;
    return id->len > 0;
}

static int
tell_broken(const char *url, CURLcode code, bool was_sent)
{
    char *public = http_public_url(url);
    file_complain("publish", "%s: %s%s", public ? public : "--url",
                  curl_easy_strerror(code),
                  was_sent ? "; whether it was stored is not known: with --key "
                             "it can be tried again"
                           : "; it was not sent");
    curl_free(public);
    return http_is_hopeless(code) ? ADMIN_BAD : ADMIN_LATER;
}

static int
tell(const struct http_answer *answer)
{
    struct json_text id;
    if (answer->status != 200 && answer->status != 201)
        return tell_refused(answer);
    if (!json_member_find(answer->body.data, answer->body.len, "id", &id) ||
        !is_id(&id))
        return file_complain("publish",
                             "the answer has no id: is Earshot mounted at "
                             "that URL?");
    printf("%.*s\n", (int)id.len, id.data);
    return ADMIN_GOOD;
}

int
publish_to_url(const struct options *options,
               const struct queue_message *message)
{
    static const char *const types[] = {
        [QUEUE_TEXT] = "Content-Type: text/plain; charset=utf-8",
        [QUEUE_JSON] = "Content-Type: application/json",
        [QUEUE_BINARY] = "Content-Type: application/octet-stream",
    };
    struct http_answer answer = {0};
    struct bytes key = BYTES_EMPTY;
    if (options->key[0])
        bytes_printf(&key, "Idempotency-Key: %s%c", options->key, '\0');
    char *url = address(options, message);
    CURLcode code = http_post(
        url, (const char *const[]){types[message->type], key.data}, 2,
        message->data, message->size_bytes, options->insecure, &answer);
    int status = code == CURLE_OK
                     ? tell(&answer)
                     : tell_broken(options->url, code, answer.was_sent);
    http_answer_fini(&answer);
    bytes_fini(&key);
    free(url);
    return status;
}

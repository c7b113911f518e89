#include "posting.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "client.h"
#include "hub/channels.h"
#include "hub/cursor.h"
#include "problem.h"
#include "queue/queue.h"
#include "rules.h"

#include <stdlib.h>
#include <string.h>

enum { WRAPPING_MAX = 4096, BYTES_OF_ESCAPE = 6 };

/* One publish that is under way. */
struct posting {
    struct queue_append append;
    struct queue_message message;
    struct server *server;
    struct client *client; /* NULL: it is gone */
    struct posting *next;  /* of the client's */
    int64_t arrived_us;
    struct event timer_event;
    struct json_object object; /* what the client sent, where it was JSON */
    char *channel;
    char *from; /* of the client's address, or NULL */
    char *data; /* what it sent, where it was not */
};

size_t
posting_frame_max(size_t message_max, bool is_raw)
{
    return is_raw ? message_max : message_max * BYTES_OF_ESCAPE + WRAPPING_MAX;
}

/* -- life --------------------------------------------------------------- */

static struct posting *
posting_new(struct client *client)
{
    struct posting *posting = xcalloc(1, sizeof *posting);
    posting->client = client;
    posting->server = client->server;
    posting->arrived_us = clock_monotonic_us();
    posting->channel =
        xstrdup(client->subscriber.subscriptions[0].channel->name);
    posting->from = client->from ? xstrdup(client->from) : NULL;
    return posting;
}

static void
posting_free(struct posting *posting)
{
    json_object_fini(&posting->object);
    free(posting->channel);
    free(posting->from);
    free(posting->data);
    free(posting);
}

static void
client_forget(struct client *client, struct posting *posting)
{
    struct posting **slot = &client->postings;
    while (*slot != posting)
        slot = &(*slot)->next;
    *slot = posting->next;
    client->posting_count--;
}

void
posting_orphan(struct client *client)
{
    for (struct posting *posting = client->postings; posting;
         posting = posting->next)
        posting->client = NULL;
    client->postings = NULL;
    client->posting_count = 0;
}

/* -- answers ------------------------------------------------------------ */

/* Ends the object in JSON, with the KEY that the client knows its message by
 * (NULL: none), and sends it. */
static void
say(struct client *client, struct bytes *json, const char *key)
{
    struct bytes frame = BYTES_EMPTY;
    if (key) {
        bytes_append_string(json, ",\"key\":");
        json_append_string(json, key, strlen(key));
    }
    bytes_append_char(json, '}');
    encode_frame(&frame, FRAME_TEXT, json->data, json->len);
    bytes_fini(json);
    client_say(client, &frame);
}

/* Where data alone is spoken an error would look like data: the connection is
 * closed, with the sentence as its reason. */
static void
close_refused(struct client *client, const struct refusal *refusal)
{
    int status = problem_status(refusal->problem);
    client_close(client,
                 refusal->problem == PROBLEM_BUSY ? CLOSE_TRY_LATER
                 : status >= 500                  ? CLOSE_INTERNAL
                                                  : CLOSE_POLICY,
                 refusal->sentence);
}

static void
say_refused(struct client *client, const struct refusal *refusal,
            const char *key)
{
    struct bytes json = BYTES_EMPTY;
    client->server->figures.refused++;
    if (client->is_raw) {
        close_refused(client, refusal);
        return;
    }
    bytes_append_string(&json, "{\"event\":\"earshot.error\",");
    problem_append(&json, refusal);
    say(client, &json, key);
}

static void
say_published(struct client *client, const struct queue_outcome *outcome,
              const char *key)
{
    struct bytes json = BYTES_EMPTY;
    char cursor[CURSOR_SIZE];
    cursor_format(cursor, outcome->first_id, outcome->epoch);
    bytes_append_string(&json, "{\"event\":\"earshot.published\",\"id\":\"");
    bytes_append_string(&json, cursor);
    bytes_append_char(&json, '"');
    if (outcome->repeated)
        bytes_append_string(&json, ",\"repeated\":true");
    say(client, &json, key);
}

static void
note_stored(struct posting *posting, const struct queue_outcome *outcome)
{
    struct server *server = posting->server;
    log_info("publish", "stored channel=%s id=%lld count=1 from=%s%s",
             posting->channel, (long long)outcome->first_id,
             posting->message.from ? posting->message.from : "-",
             outcome->repeated ? " repeated=1" : "");
    if (!outcome->repeated)
        server->figures.published++;
    if (!server->committed_us)
        server->arrived_us = posting->arrived_us;
    server->committed_us = outcome->committed_us;
}

/* It is over, in whichever way: tells its client, if there still is one. */
static void
end(struct posting *posting, const struct queue_outcome *outcome)
{
    struct client *client = posting->client;
    struct refusal refusal;
    event_del(&posting->timer_event);
    if (outcome->status == QUEUE_OK)
        note_stored(posting, outcome);
    if (client) {
        client_forget(client, posting);
        if (outcome->status == QUEUE_OK) {
            if (!client->is_raw) /* it sees its message come back */
                say_published(client, outcome, posting->append.key);
        } else {
            rules_outcome(posting->server->queue, outcome, &refusal);
            say_refused(client, &refusal, posting->append.key);
        }
    }
    posting_free(posting);
}

static void
on_done(struct queue_append *append, const struct queue_outcome *outcome)
{
    end(append->context, outcome);
}

static void
on_timer(evutil_socket_t fd, short what, void *context)
{
    struct posting *posting = context;
    (void)fd, (void)what;
    if (!queue_cancel(posting->server->queue, &posting->append))
        return; /* it is being committed: the outcome is near */
    const struct queue_outcome outcome = {.status = QUEUE_TIMEOUT};
    end(posting, &outcome);
}

/* -- reading what was sent ---------------------------------------------- */

static const char *
text_of(const struct json_object *object, const char *name)
{
    const struct json_member *member = json_object_get(object, name);
    return member && member->is_string ? member->text : NULL;
}

/* What is wrong with the members, or NULL. */
static const char *
check_members(const struct json_object *object)
{
    for (size_t i = 0; i < object->count; i++) {
        const struct json_member *member = &object->members[i];
        const char *name = member->name;
        if (strcmp(name, "data") == 0)
            continue;
        if (strcmp(name, "event") != 0 && strcmp(name, "from") != 0 &&
            strcmp(name, "key") != 0)
            return "it has a member other than event, from, key and data";
        if (!member->is_string)
            return "its event, from and key must be strings";
    }
    return json_object_get(object, "data") ? NULL : "it has no data";
}

static bool
read_json(struct posting *posting, const char *data, size_t len,
          struct refusal *refusal)
{
    struct json_object *object = &posting->object;
    const char *wrong = json_object_read(data, len, object);
    if (!wrong)
        wrong = check_members(object);
    /* By its key the client knows what is refused. */
    const char *key = posting->append.key = text_of(object, "key");
    if (wrong)
        return problem_refuse(refusal, PROBLEM_BAD_REQUEST,
                              "{\"event\"?,\"data\",\"key\"?,\"from\"?} is "
                              "what is published here, but of this %s",
                              wrong);
    const struct json_member *content = json_object_get(object, "data");
    const char *event = text_of(object, "event");
    const char *from = text_of(object, "from");
    posting->message = (struct queue_message){
        .channel = posting->channel,
        .event = event ? event : "message",
        .from = from ? from : posting->from,
        .type = content->is_string ? QUEUE_TEXT : QUEUE_JSON,
        .data = content->text,
        .size_bytes = content->size_bytes,
    };
    const struct options *options = posting->server->options;
    if (!rules_names(&posting->message, key, options, refusal)) {
        if (refusal->problem == PROBLEM_BAD_KEY)
            posting->append.key = NULL;
        return false;
    }
    return true;
}

static bool
read_raw(struct posting *posting, bool is_text, const char *data, size_t len)
{
    posting->data = xmemdup0(data, len);
    posting->message = (struct queue_message){
        .channel = posting->channel,
        .event = "message",
        .from = posting->from,
        .type = is_text ? QUEUE_TEXT : QUEUE_BINARY,
        .data = posting->data,
        .size_bytes = len,
    };
    return true;
}

static bool
read_message(struct posting *posting, bool is_text, const char *data,
             size_t len, struct refusal *refusal)
{
    const struct queue_message *message = &posting->message;
    bool good = posting->client->is_raw
                    ? read_raw(posting, is_text, data, len)
                    : read_json(posting, data, len, refusal);
    if (!good ||
        !rules_size(message->size_bytes, posting->server->options, refusal))
        return false;
    return !posting->append.key ||
           rules_fingerprint(&posting->append, message->event, message->from,
                             message->type == QUEUE_JSON ? RULES_JSON
                                                         : RULES_TEXT,
                             message->data, message->size_bytes, refusal);
}

static void
hand_over(struct posting *posting)
{
    struct client *client = posting->client;
    struct server *server = posting->server;
    posting->next = client->postings;
    client->postings = posting;
    client->posting_count++;
    posting->append.messages = &posting->message;
    posting->append.count = 1;
    posting->append.on_done = on_done;
    posting->append.context = posting;
    evtimer_assign(&posting->timer_event, server->base, on_timer, posting);
    event_add(&posting->timer_event,
              server_timeout(server, server->options->commit_timeout_us));
    queue_append(server->queue, &posting->append);
}

/* Whether the client may publish at all, whatever it is. */
static bool
may_publish(const struct client *client, struct refusal *refusal)
{
    if (client->may_not_publish)
        return problem_refuse(refusal, PROBLEM_FORBIDDEN, "%s",
                              client->may_not_publish);
    if (client->subscriber.subscription_count != 1)
        return problem_refuse(refusal, PROBLEM_BAD_CHANNEL,
                              "this connection follows %zu channels, and a "
                              "message goes to exactly one: publish on a "
                              "connection of that channel",
                              client->subscriber.subscription_count);
    return true;
}

void
posting_take(struct client *client, bool is_text, const char *data, size_t len)
{
    if (!client->is_raw && !is_text) {
        client_close(client, CLOSE_UNSUPPORTED,
                     "binary frames are published with ?format=raw");
        return;
    }
    struct refusal refusal;
    struct posting *posting = posting_new(client);
    client->server->figures.requests++;
    /* Read first: whoever may not publish knows by its key what is refused. */
    bool good = read_message(posting, is_text, data, len, &refusal);
    if (may_publish(client, &refusal) && good) {
        hand_over(posting);
    } else {
        say_refused(client, &refusal, posting->append.key);
        posting_free(posting);
    }
}

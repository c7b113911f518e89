#include "posting.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "client.h"
#include "hub/channels.h"
#include "hub/cursor.h"
#include "problem.h"
#include "rules.h"
#include "submission.h"

#include <stdlib.h>
#include <string.h>

/* One publish that is under way. */
struct posting {
    struct queue_append append;
    struct submission submission;
    struct server *server;
    struct client *client; /* NULL: it is gone */
    struct posting *next;  /* of the client's */
    int64_t arrived_us;
    struct event timer_event;
};

/* -- life --------------------------------------------------------------- */

static struct posting *
posting_new(struct client *client)
{
    struct posting *posting = xcalloc(1, sizeof *posting);
    posting->client = client;
    posting->server = client->server;
    posting->arrived_us = clock_monotonic_us();
    return posting;
}

static void
posting_free(struct posting *posting)
{
    submission_fini(&posting->submission);
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

/* Where data alone is spoken, who only sends would not look for an error: the
 * connection is closed, with the sentence as its reason. */
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
    const struct queue_message *message = &posting->submission.message;
    struct server *server = posting->server;
    log_info("publish", "stored channel=%s id=%lld count=1 from=%s%s",
             message->channel, (long long)outcome->first_id,
             message->from ? message->from : "-",
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
        /* It may go on reading, or stop, also when nothing is said. */
        server_settle(client->server, &client->member);
        if (outcome->status == QUEUE_OK) {
            say_published(client, outcome, posting->append.key);
        } else {
            rules_outcome(outcome, queue_trouble(posting->server->queue),
                          &refusal);
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

/* -- taking one -------------------------------------------------------- */

static void
hand_over(struct posting *posting)
{
    struct client *client = posting->client;
    struct server *server = posting->server;
    posting->next = client->postings;
    client->postings = posting;
    client->posting_count++;
    posting->append.messages = &posting->submission.message;
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

/* Reads what was sent, and binds its key to it. */
static bool
read_submission(struct posting *posting, bool is_text, const char *data,
                size_t len, struct refusal *refusal)
{
    const struct client *client = posting->client;
    struct submission *submission = &posting->submission;
    const struct options *options = posting->server->options;
    const char *channel = client->subscriber.subscriptions[0].channel->name;
    bool good = client->is_raw ? submission_read_raw(submission, is_text, data,
                                                     len, options, refusal)
                               : submission_read_json(submission, data, len,
                                                      options, refusal);
    posting->append.key = submission->key;
    if (!good)
        return false;
    submission_address(submission, channel, client->from);
    return !submission->key ||
           rules_fingerprint(&posting->append, submission->message.event,
                             submission->message.from, submission->kind,
                             submission->message.data,
                             submission->message.size_bytes, refusal);
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
    bool good = read_submission(posting, is_text, data, len, &refusal);
    if (may_publish(client, &refusal) && good) {
        hand_over(posting);
    } else {
        say_refused(client, &refusal, posting->append.key);
        posting_free(posting);
    }
}

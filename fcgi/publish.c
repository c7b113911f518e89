#include "publish.h"

#include "answer.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"
#include "connection.h"
#include "hub/cursor.h"
#include "hub/names.h"
#include "ndjson.h"
#include "query.h"
#include "request.h"
#include "server.h"

#include <openssl/evp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct publish {
    struct queue_append append;
    struct connection *connection;
    int64_t arrived_us;
    bool is_batch;
    struct queue_message message; /* when it is no batch */
    struct batch batch;
    char *body;
    char *strings; /* channel, event, from and key, one behind the other */
};

static void
publish_free(struct publish *publish)
{
    batch_fini(&publish->batch);
    free(publish->body);
    free(publish->strings);
    free(publish);
}

/* -- the answer --------------------------------------------------------- */

static void
append_ids(struct bytes *body, const struct queue_outcome *outcome)
{
    char cursor[CURSOR_SIZE];
    bytes_append_string(body, "{\"ids\":[");
    for (size_t i = 0; i < outcome->count; i++) {
        cursor_format(cursor, outcome->first_id + (int64_t)i, outcome->epoch);
        bytes_printf(body, "%s\"%s\"", i ? "," : "", cursor);
    }
    bytes_append_char(body, ']');
}

static void
answer_stored(const struct publish *publish,
              const struct queue_outcome *outcome)
{
    struct bytes body = BYTES_EMPTY;
    if (publish->is_batch) {
        append_ids(&body, outcome);
    } else {
        char cursor[CURSOR_SIZE];
        cursor_format(cursor, outcome->first_id, outcome->epoch);
        bytes_append_string(&body, "{\"id\":\"");
        bytes_append_string(&body, cursor);
        bytes_append_char(&body, '"');
    }
    bytes_append_string(&body, ",\"channel\":\"");
    bytes_append_string(&body, publish->append.messages[0].channel);
    bytes_append_char(&body, '"');
    if (outcome->repeated)
        bytes_append_string(&body, ",\"repeated\":true");
    bytes_append_string(&body, "}\n");
    answer_json(publish->connection, outcome->repeated ? 200 : 201, &body);
}

static void
answer_outcome(const struct publish *publish,
               const struct queue_outcome *outcome)
{
    struct connection *connection = publish->connection;
    const char *trouble;
    switch (outcome->status) {
    case QUEUE_OK:
        answer_stored(publish, outcome);
        return;
    case QUEUE_AGAIN:
    case QUEUE_TIMEOUT:
        answer_problem(connection, PROBLEM_BUSY,
                       "not stored: the queue was locked for too long; try "
                       "again");
        return;
    case QUEUE_KEY_REUSED:
        answer_problem(connection, PROBLEM_KEY_REUSED,
                       "this Idempotency-Key came with another message "
                       "before; a new message wants a new key");
        return;
    case QUEUE_REFUSED:
        answer_problem(connection, PROBLEM_INTERNAL,
                       "not stored: the queue's own rules refuse it; the log "
                       "says more");
        return;
    case QUEUE_FULL:
        answer_problem(connection, PROBLEM_FULL,
                       "not stored: there is no space left for the queue");
        return;
    case QUEUE_UNUSABLE:
        trouble = queue_trouble(connection->server->queue);
        answer_problem(connection, PROBLEM_QUEUE, "not stored: %s",
                       trouble ? trouble : "the queue cannot be written now");
        return;
    }
}

static void
log_published(const struct publish *publish,
              const struct queue_outcome *outcome)
{
    const struct queue_message *message = &publish->append.messages[0];
    log_info("publish", "stored channel=%s id=%lld count=%zu from=%s%s",
             message->channel, (long long)outcome->first_id, outcome->count,
             message->from ? message->from : "-",
             outcome->repeated ? " repeated=1" : "");
}

static void
on_done(struct queue_append *append, const struct queue_outcome *outcome)
{
    struct publish *publish = append->context;
    struct server *server = publish->connection->server;
    if (outcome->status == QUEUE_OK) {
        log_published(publish, outcome);
        if (!outcome->repeated)
            server->figures.published += (int64_t)outcome->count;
        if (!server->committed_us)
            server->arrived_us = publish->arrived_us;
        server->committed_us = outcome->committed_us;
    }
    answer_outcome(publish, outcome);
}

/* -- what publishing is to its connection ------------------------------- */

static void
on_timer(struct connection *connection)
{
    struct publish *publish = connection->work;
    if (!queue_cancel(connection->server->queue, &publish->append))
        return; /* it is being committed: the outcome is near */
    const struct queue_outcome outcome = {.status = QUEUE_TIMEOUT};
    answer_outcome(publish, &outcome);
}

static void
on_nothing(struct connection *connection)
{
    (void)connection; /* the outcome is waited for */
}

static void
on_over(struct connection *connection)
{
    publish_free(connection->work);
}

static const struct service publish_service = {
    .on_timer = on_timer,
    .on_drained = on_nothing,
    .on_stop = on_nothing,
    .on_over = on_over,
};

/* -- reading the request ------------------------------------------------ */

enum content { CONTENT_TEXT, CONTENT_JSON, CONTENT_BINARY, CONTENT_BATCH };

static bool
is_type(const char *type, size_t len, const char *name)
{
    return strlen(name) == len && strncasecmp(type, name, len) == 0;
}

static enum content
content_of(const char *type)
{
    size_t len = strcspn(type, "; \t");
    if (len == 0 || strncasecmp(type, "text/", 5) == 0 ||
        is_type(type, len, "application/x-www-form-urlencoded"))
        return CONTENT_TEXT;
    if (is_type(type, len, "application/json"))
        return CONTENT_JSON;
    if (is_type(type, len, "application/x-ndjson"))
        return CONTENT_BATCH;
    return CONTENT_BINARY;
}

static bool
check_names(struct connection *connection, const struct request *request,
            const struct query *query, const char *name)
{
    size_t event_max = (size_t)connection->server->options->event_max;
    if (!name_is_channel(name, strlen(name))) {
        answer_problem(connection, PROBLEM_BAD_CHANNEL,
                       "\"%.160s\" is no name of one channel: 1 to 128 "
                       "letters, digits and . _ ~ -, the first one a letter "
                       "or a digit; a message goes to exactly one",
                       name);
        return false;
    }
    if (query->event &&
        !name_is_event(query->event, strlen(query->event), event_max)) {
        answer_problem(connection, PROBLEM_BAD_EVENT,
                       "?event= wants 1 to %zu bytes of UTF-8 without control "
                       "characters, not beginning with earshot.",
                       event_max);
        return false;
    }
    if (query->from && !name_is_from(query->from, strlen(query->from))) {
        answer_problem(connection, PROBLEM_BAD_FROM,
                       "?from= wants 1 to 64 letters, digits, _ and -");
        return false;
    }
    if (request->idempotency_key[0] &&
        !name_is_key(request->idempotency_key,
                     strlen(request->idempotency_key))) {
        answer_problem(connection, PROBLEM_BAD_KEY,
                       "an Idempotency-Key is 1 to 255 visible ASCII "
                       "characters");
        return false;
    }
    return true;
}

static bool
check_length(struct connection *connection, const struct request *request,
             enum content content)
{
    const struct options *options = connection->server->options;
    bool is_batch = content == CONTENT_BATCH;
    size_t max =
        (size_t)(is_batch ? options->batch_bytes : options->message_max);
    if (request->body_too_large || request->body_len > max) {
        answer_problem(connection, PROBLEM_TOO_LARGE,
                       "a %s has at most %zu bytes here (--%s)",
                       is_batch ? "batch" : "message", max,
                       is_batch ? "batch-bytes" : "message-max");
        return false;
    }
    const char *claim = request->content_length;
    char *end;
    if (*claim && (strspn(claim, "0123456789") != strlen(claim) ||
                   strtoull(claim, &end, 10) != request->body_len)) {
        answer_problem(connection, PROBLEM_LENGTH,
                       "Content-Length says %.20s, but %zu bytes came; "
                       "nothing was stored",
                       claim, request->body_len);
        return false;
    }
    return true;
}

static bool
check_text(struct connection *connection, const struct request *request,
           enum content content)
{
    if (content != CONTENT_TEXT && content != CONTENT_JSON)
        return true;
    if (utf8_valid(request->body, request->body_len))
        return true;
    answer_problem(connection, PROBLEM_NOT_UTF8,
                   "the message is not UTF-8; send other bytes with "
                   "Content-Type: application/octet-stream (curl: -H "
                   "'Content-Type: application/octet-stream' --data-binary)");
    return false;
}

/* Copies the strings that outlive the request; all in one piece. */
static void
keep_strings(struct publish *publish, const struct request *request,
             const struct query *query, const char *name)
{
    const char *from[] = {name, query->event ? query->event : "message",
                          query->from ? query->from : "",
                          request->idempotency_key};
    size_t sizes[4], total = 0;
    for (int i = 0; i < 4; i++)
        total += sizes[i] = strlen(from[i]) + 1;
    char *at = publish->strings = xmalloc(total);
    const char *kept[4];
    for (int i = 0; i < 4; i++) {
        kept[i] = memcpy(at, from[i], sizes[i]);
        at += sizes[i];
    }
    publish->message.channel = kept[0];
    publish->message.event = kept[1];
    publish->message.from = kept[2][0] ? kept[2] : NULL;
    publish->append.key = kept[3][0] ? kept[3] : NULL;
}

static void
digest_string(EVP_MD_CTX *digest, const char *string)
{
    EVP_DigestUpdate(digest, string ? string : "",
                     string ? strlen(string) + 1 : 1);
}

/* What a key is bound to: all that makes the message what it is. */
static bool
take_fingerprint(struct publish *publish, enum content content, size_t body_len)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    unsigned char kind = (unsigned char)content;
    bool ok = digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL);
    if (ok) {
        digest_string(digest, publish->message.event);
        digest_string(digest, publish->message.from);
        EVP_DigestUpdate(digest, &kind, 1);
        EVP_DigestUpdate(digest, publish->body, body_len);
        ok = EVP_DigestFinal_ex(digest, publish->append.fingerprint, NULL);
    }
    EVP_MD_CTX_free(digest);
    return ok;
}

static bool
read_batch(struct publish *publish, struct connection *connection,
           size_t body_len)
{
    static const enum problem problems[] = {
        [BATCH_BAD_LINE] = PROBLEM_BAD_LINE,
        [BATCH_TOO_LARGE] = PROBLEM_TOO_LARGE,
        [BATCH_EMPTY] = PROBLEM_BAD_REQUEST,
    };
    char sentence[256];
    enum batch_problem problem = batch_read(
        &publish->batch, publish->message.channel, publish->body, body_len,
        connection->server->options, sentence, sizeof sentence);
    if (problem == BATCH_OK)
        return true;
    answer_problem(connection, problems[problem], "%s", sentence);
    return false;
}

/* Fills the append from the request. False: it has been answered. */
static bool
fill_append(struct publish *publish, enum content content, size_t body_len)
{
    struct queue_append *append = &publish->append;
    struct connection *connection = publish->connection;
    if (append->key && !take_fingerprint(publish, content, body_len)) {
        answer_problem(connection, PROBLEM_INTERNAL,
                       "the fingerprint of the message cannot be computed");
        return false;
    }
    publish->is_batch = content == CONTENT_BATCH;
    if (publish->is_batch) {
        if (!read_batch(publish, connection, body_len))
            return false;
        append->messages = publish->batch.messages;
        append->count = publish->batch.count;
        return true;
    }
    publish->message.type = content == CONTENT_JSON     ? QUEUE_JSON
                            : content == CONTENT_BINARY ? QUEUE_BINARY
                                                        : QUEUE_TEXT;
    publish->message.data = publish->body;
    publish->message.size_bytes = body_len;
    append->messages = &publish->message;
    append->count = 1;
    return true;
}

void
publish_post(struct connection *connection, struct request *request,
             const struct query *query, const char *name)
{
    enum content content = content_of(request->content_type);
    if (!check_names(connection, request, query, name) ||
        !check_length(connection, request, content) ||
        !check_text(connection, request, content))
        return;
    struct publish *publish = xcalloc(1, sizeof *publish);
    publish->connection = connection;
    publish->arrived_us = clock_monotonic_us();
    keep_strings(publish, request, query, name);
    publish->body = request_take_body(request);
    publish->append.on_done = on_done;
    publish->append.context = publish;
    connection_serve(connection, CONNECTION_BUSY, &publish_service, publish);
    if (!fill_append(publish, content, request->body_len))
        return;
    struct server *server = connection->server;
    connection_timer(connection, server->options->commit_timeout_us);
    queue_append(server->queue, &publish->append);
}

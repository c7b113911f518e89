#include "publish.h"

#include "answer.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"
#include "connection.h"
#include "hub/cursor.h"
#include "ndjson.h"
#include "query.h"
#include "request.h"
#include "rules.h"
#include "server.h"

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
    if (outcome->status == QUEUE_OK) {
        answer_stored(publish, outcome);
        return;
    }
    struct refusal refusal;
    rules_outcome(outcome, queue_trouble(connection->server->queue), &refusal);
    answer_refusal(connection, &refusal);
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

static bool
is_type(const char *type, size_t len, const char *name)
{
    return strlen(name) == len && strncasecmp(type, name, len) == 0;
}

static enum rules_kind
kind_of(const char *type)
{
    size_t len = strcspn(type, "; \t");
    if (len == 0 || strncasecmp(type, "text/", 5) == 0 ||
        is_type(type, len, "application/x-www-form-urlencoded"))
        return RULES_TEXT;
    if (is_type(type, len, "application/json"))
        return RULES_JSON;
    if (is_type(type, len, "application/x-ndjson"))
        return RULES_BATCH;
    return RULES_BINARY;
}

static bool
check_names(struct connection *connection, const struct request *request,
            const struct query *query, const char *name)
{
    const struct queue_message message = {
        .channel = name, .event = query->event, .from = query->from};
    const char *key = request->idempotency_key;
    struct refusal refusal;
    if (rules_names(&message, key[0] ? key : NULL, connection->server->options,
                    &refusal))
        return true;
    answer_refusal(connection, &refusal);
    return false;
}

/* Whether the body may be so long. A batch has a limit of its own. */
static bool
may_be_so_long(const struct request *request, enum rules_kind kind,
               const struct options *options, struct refusal *refusal)
{
    size_t len = request->body_too_large ? SIZE_MAX : request->body_len;
    if (kind != RULES_BATCH)
        return rules_size(len, options, refusal);
    return len <= (size_t)options->batch_bytes ||
           problem_refuse(refusal, PROBLEM_TOO_LARGE,
                          "a batch has at most %zu bytes here (--batch-bytes)",
                          (size_t)options->batch_bytes);
}

static bool
check_length(struct connection *connection, const struct request *request,
             enum rules_kind kind)
{
    struct refusal refusal;
    if (!may_be_so_long(request, kind, connection->server->options, &refusal)) {
        answer_refusal(connection, &refusal);
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
           enum rules_kind kind)
{
    if (kind != RULES_TEXT && kind != RULES_JSON)
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
fill_append(struct publish *publish, enum rules_kind kind, size_t body_len)
{
    struct queue_append *append = &publish->append;
    struct connection *connection = publish->connection;
    struct refusal refusal;
    if (append->key && !rules_fingerprint(append, publish->message.event,
                                          publish->message.from, kind,
                                          publish->body, body_len, &refusal)) {
        answer_refusal(connection, &refusal);
        return false;
    }
    publish->is_batch = kind == RULES_BATCH;
    if (publish->is_batch) {
        if (!read_batch(publish, connection, body_len))
            return false;
        append->messages = publish->batch.messages;
        append->count = publish->batch.count;
        return true;
    }
    publish->message.type = kind == RULES_JSON     ? QUEUE_JSON
                            : kind == RULES_BINARY ? QUEUE_BINARY
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
    enum rules_kind kind = kind_of(request->content_type);
    if (!check_names(connection, request, query, name) ||
        !check_length(connection, request, kind) ||
        !check_text(connection, request, kind))
        return;
    struct publish *publish = xcalloc(1, sizeof *publish);
    publish->connection = connection;
    publish->arrived_us = clock_monotonic_us();
    keep_strings(publish, request, query, name);
    publish->body = request_take_body(request);
    publish->append.on_done = on_done;
    publish->append.context = publish;
    connection_serve(connection, CONNECTION_BUSY, &publish_service, publish);
    if (!fill_append(publish, kind, request->body_len))
        return;
    struct server *server = connection->server;
    connection_timer(connection, server->options->commit_timeout_us);
    queue_append(server->queue, &publish->append);
}

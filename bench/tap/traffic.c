/* What passes over a connection: it is recorded, held where a buffering proxy
 * would hold it, and kept to what was asked and ordered. */

#include "relay_internal.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"

#include <event2/buffer.h>
#include <string.h>
#include <time.h>

int64_t
traffic_wall_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

static void
record(struct connection *connection, const struct record_about *more,
       const char *tag, const char *data, size_t len)
{
    struct record_about about = *more;
    about.connection = connection->number;
    if (!about.time_us)
        about.time_us = connection->read_us;
    memcpy(about.tag, tag, TAG_SIZE);
    records_add(connection->relay->records, &about, data, len);
}

void
traffic_obey(struct connection *connection)
{
    const struct dialogue *dialogue = &connection->dialogue;
    int64_t now_us = clock_monotonic_us();
    int64_t rate_before = connection->ruling.rate;
    connection->ruling =
        rules_for(&connection->relay->rules, dialogue->latest.tag, now_us);
    if (connection->ruling.rate < 0)
        connection->ruling.rate = dialogue_modes(dialogue)->slow;
    if (connection->ruling.rate == rate_before)
        return;
    connection->allowance = 0;
    connection->paced_us = now_us;
    connection_set_window(connection);
}

static bool
on_request(void *context, const struct exchange *exchange)
{
    struct connection *connection = context;
    if (!connection->is_recorded)
        record(connection,
               &(struct record_about){.kind = RECORD_OPEN,
                                      .time_us = connection->opened_us},
               exchange->tag, NULL, 0);
    connection->is_recorded = true;
    traffic_obey(connection);
    return !connection->ruling.is_refused;
}

/* The tag of what comes down. */
static const char *
answer_tag(const struct dialogue *dialogue)
{
    return dialogue->exchange_count ? dialogue->exchanges[0].tag
                                    : dialogue->latest.tag;
}

/* It was recorded as held when it came; now it is, as what the client gets. */
void
traffic_release(struct connection *connection)
{
    size_t len = evbuffer_get_length(connection->held);
    if (!len)
        return;
    const char *tag = answer_tag(&connection->dialogue);
    const char *data = (const char *)evbuffer_pullup(connection->held, -1);
    size_t head = connection->held_head;
    struct record_about about = {.kind = RECORD_RESPONSE,
                                 .time_us = traffic_wall_us()};
    if (head)
        record(connection, &about, tag, data, head);
    about.kind = RECORD_DOWN;
    if (len > head)
        record(connection, &about, tag, data + head, len - head);
    evbuffer_add_buffer(connection->client.unsent, connection->held);
    connection->held_head = 0;
}

static void
on_bytes(void *context, enum record_kind kind, const char *data, size_t len)
{
    struct connection *connection = context;
    struct dialogue *dialogue = &connection->dialogue;
    bool is_up = kind == RECORD_REQUEST || kind == RECORD_UP;
    bool is_held = !is_up && dialogue_modes(dialogue)->buffers &&
                   dialogue->down_state == DOWN_BODY;
    record(connection, &(struct record_about){.kind = kind, .is_held = is_held},
           is_up ? dialogue->latest.tag : answer_tag(dialogue), data, len);
    connection->passed_us = clock_monotonic_us();
    if (is_held && kind == RECORD_RESPONSE)
        connection->held_head = len;
    evbuffer_add(is_up     ? connection->server.unsent
                 : is_held ? connection->held
                           : connection->client.unsent,
                 data, len);
    if (evbuffer_get_length(connection->held) >= HELD_MAX)
        traffic_release(connection);
}

static void
on_answered(void *context)
{
    traffic_release(context);
}

/* Tells the client why its request goes nowhere. */
static void
refuse(struct connection *connection, const char *problem)
{
    struct bytes body = BYTES_EMPTY;
    if (connection->dialogue.exchange_count) {
        connection_reset(connection, BY_TAP); /* amid other answers */
        return;
    }
    bytes_append_string(&body, "{\"error\":");
    json_append_string(&body, problem, strlen(problem));
    bytes_append_string(&body, ",\"code\":\"bad_request\"}\n");
    evbuffer_add_printf(connection->client.unsent,
                        "HTTP/1.1 400 Bad Request\r\n"
                        "Content-Type: application/json\r\n"
                        "Content-Length: %zu\r\n"
                        "Access-Control-Allow-Origin: *\r\n"
                        "Connection: close\r\n\r\n",
                        body.len);
    evbuffer_add(connection->client.unsent, body.data, body.len);
    bytes_fini(&body);
    connection->server.has_ended = true;
}

void
traffic_up(struct connection *connection, const char *data, size_t len)
{
    const char *problem = dialogue_up(&connection->dialogue, data, len);
    if (problem)
        refuse(connection, problem);
    else if (connection->ruling.is_refused)
        connection_reset(connection, BY_CUT);
}

void
traffic_down(struct connection *connection, const char *data, size_t len)
{
    const char *problem = dialogue_down(&connection->dialogue, data, len);
    if (problem) {
        log_warn("relay", "%s", problem);
        connection_reset(connection, BY_TAP);
        return;
    }
    traffic_obey(connection);        /* the next answer may have other modes */
    traffic_up(connection, NULL, 0); /* what has waited for an answer */
}

/* How much may be read of the server now. */
size_t
traffic_allowed(struct connection *connection)
{
    int64_t rate = connection->ruling.rate;
    if (rate <= 0)
        return READ_MAX;
    int64_t now_us = clock_monotonic_us();
    double most = (double)rate / 10 < 1 ? 1 : (double)rate / 10;
    connection->allowance +=
        (double)rate * (double)(now_us - connection->paced_us) / 1e6;
    connection->paced_us = now_us;
    if (connection->allowance > most)
        connection->allowance = most;
    return connection->allowance < READ_MAX ? (size_t)connection->allowance
                                            : READ_MAX;
}

void
traffic_record_close(struct connection *connection, enum record_by by)
{
    if (connection->is_recorded)
        record(connection,
               &(struct record_about){.kind = RECORD_CLOSE,
                                      .by = by,
                                      .time_us = traffic_wall_us()},
               connection->dialogue.latest.tag, NULL, 0);
    connection->is_recorded = false;
}

void
traffic_begin(struct connection *connection)
{
    const struct dialogue_listener listener = {.context = connection,
                                               .on_request = on_request,
                                               .on_bytes = on_bytes,
                                               .on_answered = on_answered};
    connection->opened_us = traffic_wall_us();
    connection->passed_us = clock_monotonic_us();
    dialogue_init(&connection->dialogue, &listener);
}

#include "pulse.h"

#include "base/clock.h"
#include "base/log.h"
#include "client.h"
#include "overview.h"

enum { SILENT_BEATS_MAX = 2 };

/* A ping; in a stream a comment, which readers skip. */
static void
ping(struct client *client)
{
    struct bytes frame = BYTES_EMPTY;
    if (!outbox_is_empty(&client->outbox) || client->notes.len)
        return; /* something is on its way anyhow */
    if (client->dialect == DIALECT_EVENTS)
        bytes_append_string(&frame, ":\n\n");
    else
        encode_frame(&frame, FRAME_PING, "", 0);
    client_say(client, &frame);
}

/* Who has not taken the last event gets the next one it has room for. */
static void
show(struct client *client)
{
    if (!outbox_is_empty(&client->outbox) || client->notes.len)
        return;
    client_add(client, overview_event(client->server));
    client_flush(client);
}

void
pulse_begin(struct client *client)
{
    int64_t left_us = client->ends_us - clock_monotonic_us();
    int64_t pause_us =
        client->is_watcher
            ? OVERVIEW_PAUSE_US
            : server_jitter(client->server->options->heartbeat_us);
    client_wait(client, pause_us < left_us ? pause_us : left_us);
}

/* A reader of a stream has nothing to say, and is not expected to. */
static bool
is_silent(struct client *client)
{
    if (client->dialect == DIALECT_EVENTS)
        return false;
    client->silent_beats =
        client->is_heard ? 0 : (uint8_t)(client->silent_beats + 1);
    client->is_heard = false;
    return client->silent_beats >= SILENT_BEATS_MAX;
}

/* True when a message takes longer to come than a request may: what there is of
 * it would be kept for as long as it pleases its sender. Not while it is we who
 * do not read on. */
static bool
is_trickling(struct client *client)
{
    int64_t now_us = clock_monotonic_us();
    if (!frames_is_unfinished(&client->frames))
        client->unfinished_since_us = 0;
    else if (!client->unfinished_since_us)
        client->unfinished_since_us = now_us;
    return client->unfinished_since_us &&
           now_us - client->unfinished_since_us >
               client->server->options->request_timeout_us &&
           event_pending(&client->read_event, EV_READ, NULL);
}

static bool
is_stalled(const struct client *client)
{
    return client->stalled_since_us &&
           clock_monotonic_us() - client->stalled_since_us >
               client->server->options->stall_timeout_us;
}

void
pulse_beat(struct client *client)
{
    if (clock_monotonic_us() >= client->ends_us) {
        client_leave(client, CLOSE_RESTART);
    } else if (is_stalled(client)) {
        log_info(client->subscriber.transport->name,
                 "dropped: it took nothing for too long");
        client_drop(client);
    } else if (!client->outbox.is_on_its_way && is_silent(client)) {
        log_info("ws", "dropped: it answered no ping");
        client_drop(client);
    } else if (is_trickling(client)) {
        client_close(client, CLOSE_POLICY, "a message took too long to come");
    } else if (client->is_watcher) {
        show(client);
        pulse_begin(client);
    } else {
        ping(client);
        pulse_begin(client);
    }
}

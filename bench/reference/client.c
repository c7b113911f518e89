#include "client.h"

#include "base/clock.h"
#include "base/log.h"
#include "hub/hub.h"
#include "posting.h"
#include "pulse.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    READ_SIZE = 16 * 1024,
    NOTES_MAX = 4 * 1024,            /* above it nothing is read */
    CLOSE_WAIT_US = 3 * 1000 * 1000, /* for the peer's close frame */
    REASON_MAX = 123, /* a control frame has 125 bytes, two are the code */
};

static const struct member_verbs verbs;

static struct client *
client_of(struct member *member)
{
    return (struct client *)(void *)((char *)member -
                                     offsetof(struct client, member));
}

static void
settle_later(struct client *client)
{
    server_settle(client->server, &client->member);
}

/* -- states ------------------------------------------------------------- */

/* True while more may be taken from the client: it is not ahead of us. */
static bool
wants_more(const struct client *client)
{
    return client->is_deaf || (client->posting_count < POSTINGS_MAX &&
                               client->notes.len < NOTES_MAX);
}

static void
watch_input(struct client *client)
{
    if (client->state != CLIENT_CLOSED && wants_more(client))
        event_add(&client->read_event, NULL);
    else
        event_del(&client->read_event);
}

/* The one place where the state changes, and with it what is waited for. */
static void
set_state(struct client *client, enum client_state state)
{
    client->state = state;
    watch_input(client);
    if (state == CLIENT_CLOSED) {
        event_del(&client->write_event);
        event_del(&client->timer_event);
        settle_later(client);
    }
}

void
client_wait(struct client *client, int64_t us)
{
    event_add(&client->timer_event, server_timeout(client->server, us));
}

void
client_drop(struct client *client)
{
    if (client->state != CLIENT_CLOSED)
        set_state(client, CLIENT_CLOSED);
}

/* -- writing ------------------------------------------------------------ */

bool
client_fits(const struct client *client, size_t len)
{
    return outbox_fits(&client->outbox, len);
}

void
client_add(struct client *client, struct shared *piece)
{
    outbox_add(&client->outbox, piece);
}

static void
add_notes(struct client *client)
{
    struct shared *piece = shared_take(&client->notes);
    outbox_add(&client->outbox, piece);
    shared_release(piece);
}

/* All has left that was to leave. */
static void
note_written(struct client *client)
{
    client->stalled_since_us = 0;
    if (client->state != CLIENT_CLOSING)
        return;
    if (client->is_answered)
        client_drop(client);
    else if (client->is_deaf) /* then its end of file is all that may come */
        shutdown(client->fd, SHUT_WR);
}

enum written
client_flush(struct client *client)
{
    static const struct outbox_framing framing = {.is_plain = true,
                                                  .is_socket = true};
    if (client->state == CLIENT_CLOSED)
        return WRITTEN_GONE;
    if (client->notes.len && client_fits(client, client->notes.len))
        add_notes(client);
    enum written written = outbox_write(&client->outbox, client->fd, &framing);
    if (written == WRITTEN_ALL && client->notes.len) {
        add_notes(client);
        written = outbox_write(&client->outbox, client->fd, &framing);
    }
    switch (written) {
    case WRITTEN_ALL:
        note_written(client);
        break;
    case WRITTEN_PART:
        if (!client->stalled_since_us)
            client->stalled_since_us = clock_monotonic_us();
        event_add(&client->write_event, NULL);
        break;
    case WRITTEN_GONE:
        client_drop(client);
        break;
    }
    return written;
}

static void
on_writable(evutil_socket_t fd, short what, void *context)
{
    struct client *client = context;
    (void)fd, (void)what;
    client->stalled_since_us = 0; /* it takes something */
    if (client_flush(client) != WRITTEN_ALL || client->state != CLIENT_OPEN)
        return;
    hub_drained(&client->subscriber);
    client_resume(client);
}

void
client_say(struct client *client, struct bytes *frame)
{
    if (client->state != CLIENT_OPEN) { /* nothing follows a close frame */
        bytes_fini(frame);
        return;
    }
    bytes_append(&client->notes, frame->data, frame->len);
    bytes_fini(frame);
    settle_later(client);
}

/* -- closing ------------------------------------------------------------ */

static void
say_close(struct client *client, unsigned code, const char *reason)
{
    struct bytes payload = BYTES_EMPTY, frame = BYTES_EMPTY;
    size_t len = strlen(reason);
    if (len > REASON_MAX)
        for (len = REASON_MAX; (reason[len] & 0xc0) == 0x80;)
            len--; /* not within a character */
    if (code != CLOSE_NO_CODE) {
        bytes_append_char(&payload, (char)(code >> 8));
        bytes_append_char(&payload, (char)(code & 0xff));
        bytes_append(&payload, reason, len);
    }
    encode_frame(&frame, FRAME_CLOSE, payload.data, payload.len);
    bytes_fini(&payload);
    client_say(client, &frame);
}

/* All that a stream can say at its end is when to come back. */
static void
say_retry(struct client *client)
{
    struct bytes retry = BYTES_EMPTY;
    bytes_printf(&retry, "retry: %lld\n\n",
                 (long long)server_retry_ms(client->server));
    client_say(client, &retry);
    client->is_answered = true; /* nobody answers it */
}

static void
begin_closing(struct client *client, unsigned code, const char *reason)
{
    hub_leave(&client->subscriber);
    if (client->dialect == DIALECT_EVENTS)
        say_retry(client);
    else
        say_close(client, code, reason);
    set_state(client, CLIENT_CLOSING);
    client_wait(client, CLOSE_WAIT_US);
}

void
client_close(struct client *client, enum close_code code, const char *reason)
{
    if (client->state == CLIENT_OPEN)
        begin_closing(client, code, reason);
}

void
client_leave(struct client *client, enum close_code code)
{
    client->leaves_with = (uint16_t)code;
    if (!client->posting_count)
        client_close(client, code,
                     code == CLOSE_RESTART ? "come back by your cursor"
                                           : "the program is stopping");
}

/* The peer has broken the rules: nothing that it sends makes sense now. */
static void
end_wrong(struct client *client)
{
    log_info("ws", "closed code=%u: %s", client->frames.code,
             client->frames.reason);
    client_close(client, (enum close_code)client->frames.code,
                 client->frames.reason);
    client->is_deaf = true;
}

static void
on_close_frame(struct client *client)
{
    client->is_answered = true;
    if (client->state == CLIENT_OPEN)
        begin_closing(client, client->frames.code, "");
    client->is_deaf = true;
    settle_later(client);
}

/* -- reading ------------------------------------------------------------ */

static void
on_ping(struct client *client)
{
    struct bytes pong = BYTES_EMPTY;
    encode_frame(&pong, FRAME_PONG, client->frames.data, client->frames.len);
    client_say(client, &pong);
}

static void
on_found(struct client *client, enum frames_found found)
{
    if (found != FRAMES_NOTHING && !frames_in_message(&client->frames))
        client->unfinished_since_us = 0;
    switch (found) {
    case FRAMES_NOTHING:
    case FRAMES_PONG:
        return;
    case FRAMES_TEXT:
    case FRAMES_BINARY:
        if (client->state == CLIENT_OPEN && !client->leaves_with)
            posting_take(client, found == FRAMES_TEXT, client->frames.data,
                         client->frames.len);
        return;
    case FRAMES_PING:
        on_ping(client);
        return;
    case FRAMES_CLOSE:
        on_close_frame(client);
        return;
    case FRAMES_WRONG:
        end_wrong(client);
        return;
    }
}

/* Takes what was fed, until it is enough for now. */
static void
take_frames(struct client *client)
{
    enum frames_found found = FRAMES_NOTHING;
    do {
        if (client->is_deaf || !wants_more(client))
            break;
        found = frames_next(&client->frames);
        on_found(client, found);
    } while (found != FRAMES_NOTHING);
    if (client->is_deaf)
        frames_fini(&client->frames);
    else
        frames_rest(&client->frames);
    watch_input(client);
}

static void
on_readable(evutil_socket_t fd, short what, void *context)
{
    static char scratch[READ_SIZE]; /* the loop's thread alone is here */
    struct client *client = context;
    (void)what;
    ssize_t len = read(fd, scratch, sizeof scratch);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (len <= 0) {
        client_drop(client);
        return;
    }
    client->is_heard = true;
    if (client->is_deaf || client->dialect == DIALECT_EVENTS)
        return;
    frames_feed(&client->frames, scratch, (size_t)len);
    take_frames(client);
}

void
client_resume(struct client *client)
{
    if (client->state == CLIENT_CLOSED || client->is_deaf ||
        client->dialect == DIALECT_EVENTS ||
        event_pending(&client->read_event, EV_READ, NULL))
        return;
    frames_feed(&client->frames, "", 0);
    take_frames(client);
}

/* -- time --------------------------------------------------------------- */

static void
on_timer(evutil_socket_t fd, short what, void *context)
{
    struct client *client = context;
    (void)fd, (void)what;
    if (client->state == CLIENT_OPEN)
        pulse_beat(client);
    else
        client_drop(client); /* its close frame has not come */
}

/* -- life --------------------------------------------------------------- */

struct client *
client_new(struct server *server)
{
    struct client *client = xcalloc(1, sizeof *client);
    client->server = server;
    client->fd = -1;
    return client;
}

void
client_free(struct client *client)
{
    hub_leave(&client->subscriber);
    posting_orphan(client);
    outbox_fini(&client->outbox);
    bytes_fini(&client->notes);
    frames_fini(&client->frames);
    free(client->from);
    free(client->may_not_publish);
    free(client);
}

void
client_open(struct client *client, int fd, struct bytes *greeting,
            const void *input, size_t len)
{
    struct server *server = client->server;
    client->fd = fd;
    client->is_heard = true;
    client->ends_us =
        clock_monotonic_us() + server_jitter(server->options->stream_life_us);
    event_assign(&client->read_event, server->base, fd, EV_READ | EV_PERSIST,
                 on_readable, client);
    event_assign(&client->write_event, server->base, fd, EV_WRITE, on_writable,
                 client);
    evtimer_assign(&client->timer_event, server->base, on_timer, client);
    server_join(server, &client->member, &verbs);
    server->watcher_count += client->is_watcher;
    set_state(client, CLIENT_OPEN);
    pulse_begin(client);
    /* Before anything that the hub may give. */
    struct shared *piece = shared_take(greeting);
    client_add(client, piece);
    shared_release(piece);
    client_flush(client);
    if (client->state != CLIENT_OPEN || client->dialect == DIALECT_EVENTS)
        return;
    frames_feed(&client->frames, input, len);
    take_frames(client);
}

static void
on_stop(struct member *member)
{
    client_leave(client_of(member), CLOSE_GOING_AWAY);
}

static void
on_settle(struct member *member)
{
    struct client *client = client_of(member);
    if (client->leaves_with)
        client_leave(client, (enum close_code)client->leaves_with);
    /* What the hub gave in this turn has left, with what was said before it. */
    if (client->state != CLIENT_CLOSED && !client->outbox.is_on_its_way)
        client_flush(client);
    if (client->state != CLIENT_CLOSED) {
        client_resume(client);
        return;
    }
    server_leave(client->server, member);
    client->server->watcher_count -= client->is_watcher;
    close(client->fd);
    struct server *server = client->server;
    const char *name = client->subscriber.transport->name;
    client_free(client);
    log_info(name, "left subscribers=%zu", server_subscribers(server));
}

static const struct member_verbs verbs = {
    .is_connection = true,
    .on_stop = on_stop,
    .on_settle = on_settle,
};

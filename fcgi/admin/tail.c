#include "tail.h"

#include "client/json_member.h"
#include "commands.h"
#include "file.h"
#include "problem.h"
#include "query.h"
#include "queue/admin.h"

#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* What is printed ---------------------------------------------------------- */

static void
append_base64(struct bytes *out, const struct json_text *text)
{
    if (text->len % 4 != 0 || text->len > INT32_MAX)
        return;
    char *at = bytes_reserve(out, text->len);
    int len = EVP_DecodeBlock(
        (unsigned char *)at, (const unsigned char *)text->data, (int)text->len);
    for (size_t i = text->len; len > 0 && i-- && text->data[i] == '=';)
        len--; /* EVP_DecodeBlock() counts the padding */
    out->len += len > 0 ? (size_t)len : 0;
}

static void
append_data(struct bytes *out, const char *json, size_t len,
            const struct json_text *data)
{
    struct json_text type;
    bool is_binary = json_member_find(json, len, "type", &type) &&
                     type.len == 6 && memcmp(type.data, "binary", 6) == 0;
    if (is_binary && !data->has_escapes)
        append_base64(out, data);
    else
        out->len += json_text_decode(data, bytes_reserve(out, data->len));
}

bool
tail_message(struct tail *tail, const char *json, size_t len)
{
    struct json_text id, data;
    if (!json_member_find(json, len, "id", &id) ||
        !json_member_find(json, len, "data", &data) || !data.is_string)
        return false;
    if (tail->options->json)
        bytes_append(&tail->out, json, len);
    else
        append_data(&tail->out, json, len, &data);
    bytes_append_char(&tail->out, '\n');
    tail_set_cursor(tail, id.data, id.len);
    return true;
}

void
tail_set_cursor(struct tail *tail, const char *cursor, size_t len)
{
    if (len >= sizeof(tail->cursor))
        return;
    memcpy(tail->cursor, cursor, len);
    tail->cursor[len] = '\0';
}

/* Until standard output takes PIPE_BUF bytes, which a pipe then does without
 * making us wait where no signal is heard. False: one has come. */
static bool
wait_for_room(struct tail *tail)
{
    struct pollfd fds[] = {
        {.fd = STDOUT_FILENO, .events = POLLOUT},
        {.fd = tail->signals, .events = POLLIN},
    };
    while (poll(fds, 2, -1) < 0 && errno == EINTR)
        ;
    if (fds[0].revents)
        return true; /* what is at hand is printed before it ends */
    tail->is_over = true;
    return false;
}

void
tail_flush(struct tail *tail)
{
    const char *at = tail->out.data;
    size_t left = tail->out.len;
    while (left && !tail->is_over) {
        if (!wait_for_room(tail))
            break;
        ssize_t wrote =
            write(STDOUT_FILENO, at, left < PIPE_BUF ? left : PIPE_BUF);
        if (wrote > 0) {
            at += wrote;
            left -= (size_t)wrote;
        } else if (errno == EPIPE) {
            tail->is_over = true;
        } else if (errno != EINTR && errno != EAGAIN) {
            tail_fail(tail, strerror(errno));
        }
    }
    tail->out.len = 0;
}

void
tail_lost(struct tail *tail)
{
    tail_flush(tail); /* what came before it is printed before it */
    fputs("earshot tail: lost: messages that were asked for are not kept any "
          "more; it goes on with the next that there is\n",
          stderr);
}

void
tail_trouble(struct tail *tail, const char *sentence)
{
    if (!tail->has_complained)
        file_complain("tail", "%s; trying again", sentence);
    tail->has_complained = true;
}

void
tail_fail(struct tail *tail, const char *sentence)
{
    tail->status = file_complain("tail", "%s", sentence);
    tail->is_over = true;
}

/* Waiting and ending ------------------------------------------------------- */

void
tail_wait(struct tail *tail, int fd, int wait_ms)
{
    struct pollfd fds[] = {
        {.fd = tail->signals, .events = POLLIN},
        {.fd = STDOUT_FILENO}, /* its error: nobody reads */
        {.fd = fd, .events = POLLIN},
    };
    if (poll(fds, 3, wait_ms) > 0 && (fds[0].revents || fds[1].revents))
        tail->is_over = true;
}

void
tail_look(struct tail *tail)
{
    tail_wait(tail, -1, 0);
}

static int
catch_signals(void)
{
    sigset_t ends;
    admin_end_signals(&ends);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The command -------------------------------------------------------------- */

static bool
read_asked(struct tail *tail)
{
    const struct options *options = tail->options;
    const struct query query = {
        .after = options->after[0] ? options->after : NULL,
        .last = options->last[0] ? options->last : NULL,
    };
    const struct asked asked = {.transport = TRANSPORT_SSE,
                                .names = tail->channels,
                                .query = &query,
                                .last_event_id = ""};
    struct refusal refusal;
    if (follow_read(&tail->follow, &asked, options, &refusal))
        return true;
    file_complain("tail", "%s", refusal.sentence);
    return false;
}

int
tail_command(const struct options *options)
{
    struct tail tail = {.options = options, .channels = options->operands[0]};
    if (!options->url && !file_asked(options, "tail"))
        return ADMIN_BAD;
    if (!read_asked(&tail))
        return EXIT_USAGE;
    tail.signals = catch_signals();
    if (options->url)
        tail_url(&tail);
    else
        tail_file(&tail);
    follow_fini(&tail.follow);
    bytes_fini(&tail.out);
    close(tail.signals);
    return tail.status;
}

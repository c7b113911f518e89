#include "doctor.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char opening[] = "earshot.open";
static const char question[] =
    "{\"data\":\"earshot doctor was here, by WebSocket\"}";

/* -- the connection ------------------------------------------------------ */

static void
set_over(struct doctor_socket *socket)
{
    if (!socket->ended_us)
        socket->ended_us = clock_monotonic_us();
}

static void
hear(struct doctor_socket *socket)
{
    struct ws_message message;
    for (;;) {
        switch (frames_client_next(&socket->frames, &message)) {
        case WS_NOTHING:
            return;
        case WS_OPEN:
            socket->is_open = true;
            break;
        case WS_TEXT:
        case WS_BINARY:
            if (socket->heard.len + message.len < 64 * 1024)
                bytes_append(&socket->heard, message.data, message.len);
            break;
        case WS_CLOSE:
            socket->close_code = socket->frames.code;
            set_over(socket);
            return;
        case WS_WRONG:
            set_over(socket);
            return;
        }
    }
}

static void
take(struct doctor_socket *socket)
{
    char buffer[4096];
    size_t got;
    CURLcode code;
    while (!socket->ended_us &&
           (code = curl_easy_recv(socket->easy, buffer, sizeof buffer, &got)) !=
               CURLE_AGAIN) {
        if (code != CURLE_OK || got == 0) {
            set_over(socket);
            return;
        }
        socket->last_us = clock_monotonic_us();
        frames_client_feed(&socket->frames, buffer, got);
        hear(socket);
    }
}

static void
give(struct doctor_socket *socket)
{
    struct bytes *out = &socket->frames.out;
    size_t sent;
    while (out->len) {
        CURLcode code =
            curl_easy_send(socket->easy, out->data, out->len, &sent);
        if (code == CURLE_AGAIN)
            return;
        if (code != CURLE_OK) {
            set_over(socket);
            return;
        }
        bytes_consume(out, sent);
    }
}

void
doctor_socket_turn(struct doctor *doctor)
{
    struct doctor_socket *socket = &doctor->socket;
    if (!socket->easy || socket->ended_us)
        return;
    take(socket);
    give(socket);
}

static void
close_socket(struct doctor_socket *socket)
{
    if (socket->easy)
        curl_easy_cleanup(socket->easy);
    socket->easy = NULL;
    frames_client_fini(&socket->frames);
    bytes_fini(&socket->heard);
}

static bool
connect_socket(struct doctor *doctor, CURL *easy, const char *url)
{
    const struct web *web = &doctor->web;
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)DOCTOR_PROMPT_MS);
    if (web->cacert[0])
        curl_easy_setopt(easy, CURLOPT_CAINFO, web->cacert);
    if (web->is_insecure) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    return curl_easy_perform(easy) == CURLE_OK;
}

/* Who we say that we are. */
enum identity { WITH_LOGIN, ANONYMOUS, MADE_UP };

/* What a browser's page sends along. */
static void
append_headers(const struct doctor *doctor, enum identity identity,
               struct bytes *headers)
{
    const struct web *web = &doctor->web;
    bool has_login = identity == WITH_LOGIN && !web->no_login;
    bytes_printf(headers, "Origin: %s\r\n", doctor->origin);
    for (int i = 0; identity == MADE_UP && doctor_made_up[i]; i++)
        bytes_printf(headers, "%s\r\n", doctor_made_up[i]);
    if (has_login && web->user[0]) {
        bytes_append_string(headers, "Authorization: Basic ");
        bytes_append_base64(headers, web->user, strlen(web->user));
        bytes_append_string(headers, "\r\n");
    }
    if (has_login && web->header[0])
        bytes_printf(headers, "%s\r\n", web->header);
    bytes_append_char(headers, '\0');
}

static bool
has_heard(const struct doctor_socket *socket, const char *text)
{
    return socket->heard.len &&
           memmem(socket->heard.data, socket->heard.len, text, strlen(text));
}

/* Shakes hands, for at most DOCTOR_PROMPT_MS, and waits for what opens it. */
static bool
open_socket(struct doctor *doctor, enum identity identity)
{
    struct doctor_socket *socket = &doctor->socket;
    struct bytes headers = BYTES_EMPTY;
    char *url = web_url(doctor->web.base, doctor_path(doctor, "/ws"));
    close_socket(socket);
    *socket = (struct doctor_socket){.easy = curl_easy_init(),
                                     .started_us = clock_monotonic_us()};
    append_headers(doctor, identity, &headers);
    bool is_begun = socket->easy && connect_socket(doctor, socket->easy, url) &&
                    frames_client_open(&socket->frames, url, headers.data,
                                       (uint64_t)socket->started_us);
    if (!is_begun)
        set_over(socket);
    while (!socket->ended_us && !has_heard(socket, opening) &&
           clock_monotonic_us() - socket->started_us < DOCTOR_PROMPT_MS * 1000)
        web_turn(&doctor->web, 10);
    bytes_fini(&headers);
    free(url);
    return socket->is_open && !socket->ended_us;
}

/* -- what is wrong with it? ---------------------------------------------- */

/* Asks the same as a plain request, whose answer says why. */
static void
judge_answer(struct doctor *doctor, const struct probe *probe)
{
    struct report *report = &doctor->report;
    char code[32], error[512];
    const char *data = probe->body.data;
    doctor_text(data, probe->body.len, "code", NULL, code, sizeof code);
    doctor_text(data, probe->body.len, "error", NULL, error, sizeof error);
    const char *url = doctor_path(doctor, "/ws");
    if (probe->status == 426 || strcmp(code, "upgrade") == 0 ||
        strcmp(code, "handshake") == 0)
        report_found(report, FINDING_WS_UPGRADE, "it says: %s", error);
    else if (strcmp(code, "origin") == 0)
        report_found(report, FINDING_HOST, "of a WebSocket it says: %s", error);
    else if (probe->status == 401 || probe->status == 407 ||
             (probe->status == 403 && !code[0]))
        report_unknown(report, FINDING_WS_MISSING,
                       "%s is answered %ld: it asks for a login", url,
                       probe->status);
    else if (probe->status >= 500)
        report_found(report, FINDING_WS_AWAY, "%s is answered %ld %s", url,
                     probe->status, error);
    else if (probe->status)
        report_found(report, FINDING_WS_MISSING, "%s is answered %ld %s", url,
                     probe->status, error);
    else
        report_found(report, FINDING_WS_MISSING,
                     "%s is not answered within 3 s", url);
}

static bool
has_answer(const struct probe *probe, const void *context)
{
    (void)context;
    return probe_is_over(probe) || probe->status == 101;
}

static void
look_why(struct doctor *doctor)
{
    struct probe probe = {0};
    const struct ask ask = {
        .path = doctor_path(doctor, "/ws"),
        .origin = doctor->origin,
        .headers = {"Connection: Upgrade", "Upgrade: websocket",
                    "Sec-WebSocket-Version: 13",
                    "Sec-WebSocket-Key: ZWFyc2hvdCBkb2N0b3IhIQ=="},
        .is_http1 = true,
        .is_own = true};
    web_start(&doctor->web, &probe, &ask);
    web_wait(&doctor->web, &probe, has_answer, NULL, DOCTOR_PROMPT_MS);
    judge_answer(doctor, &probe);
    web_end(&doctor->web, &probe);
}

/* Publishes by a socket of its own. True: it was stored. */
static bool
publish_as(struct doctor *doctor, enum identity identity)
{
    struct doctor_socket *socket = &doctor->socket;
    if (!open_socket(doctor, identity))
        return false;
    frames_client_send_text(&socket->frames, question, sizeof question - 1);
    int64_t until_us = clock_monotonic_us() + DOCTOR_PROMPT_MS * 1000;
    while (!has_heard(socket, "earshot.published") &&
           !has_heard(socket, "earshot.error") && !socket->ended_us &&
           clock_monotonic_us() < until_us)
        web_turn(&doctor->web, 10);
    return has_heard(socket, "earshot.published");
}

static void
judge_publishing(struct doctor *doctor)
{
    struct report *report = &doctor->report;
    if (!publish_as(doctor, ANONYMOUS)) {
        report_good(report, FINDING_PUBLISH_ANYONE_WS, "%s", "");
        if (publish_as(doctor, MADE_UP))
            report_found(report, FINDING_MADE_UP_USER,
                         "what a WebSocket with a name and password that do "
                         "not exist sent was stored");
    } else if (doctor->is_near &&
               strcmp(doctor->setup.publish, "anyone") != 0) {
        report_unknown(report, FINDING_PUBLISH_ANYONE_WS,
                       "it was let in without a login, perhaps because it "
                       "asked from the same machine: look from another one");
    } else {
        report_found(report, FINDING_PUBLISH_ANYONE_WS,
                     "what a WebSocket without any login sent was stored");
    }
}

void
doctor_socket_open(struct doctor *doctor)
{
    struct report *report = &doctor->report;
    if (!open_socket(doctor, WITH_LOGIN)) {
        look_why(doctor);
        return;
    }
    report_good(report, FINDING_WS_MISSING, "%s", "");
    report_good(report, FINDING_WS_UPGRADE, "%s", "");
    report_good(report, FINDING_WS_AWAY, "%s", "");
    judge_publishing(doctor);
    if (!open_socket(doctor, WITH_LOGIN))
        doctor_socket_end(doctor);
}

void
doctor_socket_end(struct doctor *doctor)
{
    struct doctor_socket *socket = &doctor->socket;
    if (socket->easy && socket->is_open && !socket->ended_us) {
        frames_client_close(&socket->frames, 1000);
        give(socket);
    }
    close_socket(socket);
    *socket = (struct doctor_socket){0};
}

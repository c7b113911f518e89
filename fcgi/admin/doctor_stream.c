#include "doctor.h"

#include "base/clock.h"
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char opening[] = "event: earshot.open";
static const char first_word[] = "earshot doctor asks whether this arrives";
static const char second_word[] = "earshot doctor asks again";
static const char third_word[] = "earshot doctor asks once more";

static double
seconds(int64_t from_us, int64_t to_us)
{
    return (double)(to_us - from_us) / 1e6;
}

static bool
has_text(const struct probe *probe, const void *text)
{
    return probe_has(probe, text) || probe_is_over(probe);
}

static bool
has_head(const struct probe *probe, const void *context)
{
    (void)context;
    return probe->head_us || probe_is_over(probe);
}

/* -- is it held back? ---------------------------------------------------- */

static void
find_held_back(struct doctor *doctor, const char *what)
{
    doctor->is_held_back = true;
    report_found(&doctor->report, FINDING_BUFFERING, "%s", what);
    report_unknown(&doctor->report, FINDING_HEADERS_HELD,
                   "nothing of a stream comes");
}

/* It has not opened in time: does a message push it through? */
static void
judge_closed(struct doctor *doctor)
{
    struct probe *stream = &doctor->stream;
    const char *what = stream->head_us
                           ? "the headers of a stream came, and within 3 s "
                             "nothing more"
                           : "nothing of a stream came within 3 s, not even "
                             "its headers";
    if (doctor->may_publish && doctor_publish(doctor, first_word) &&
        web_wait(&doctor->web, stream, has_text, opening, DOCTOR_PROMPT_MS) &&
        probe_has(stream, opening)) {
        report_found(&doctor->report, FINDING_HEADERS_HELD,
                     "nothing came within 3 s; with the first message it came");
        report_good(&doctor->report, FINDING_BUFFERING,
                    "a message pushes itself through");
        return;
    }
    find_held_back(doctor, what);
}

static void
judge_message(struct doctor *doctor)
{
    struct probe *stream = &doctor->stream;
    if (!doctor->may_publish) {
        report_good(&doctor->report, FINDING_BUFFERING,
                    "a stream's first event came; more was not tried, since "
                    "we may not publish here");
        return;
    }
    int64_t sent_us = clock_monotonic_us();
    if (!doctor_publish(doctor, second_word)) {
        report_unknown(&doctor->report, FINDING_BUFFERING,
                       "what we published was refused");
        return;
    }
    web_wait(&doctor->web, stream, has_text, second_word, DOCTOR_PROMPT_MS);
    if (probe_has(stream, second_word))
        report_good(&doctor->report, FINDING_BUFFERING,
                    "a message came after %.0f ms",
                    1000 * seconds(sent_us, stream->last_us));
    else
        find_held_back(doctor, "a stream opened, and a message did not come "
                               "within 3 s");
}

/* 200 and the end at once is how Earshot refuses a stream, with its reason in a
 * comment. */
static void
judge_refused(struct doctor *doctor)
{
    const struct probe *stream = &doctor->stream;
    char said[256] = "";
    if (stream->body.len && stream->body.data[0] == ':')
        snprintf(said, sizeof said, ", saying%.*s",
                 (int)strcspn(stream->body.data + 1, "\n"),
                 stream->body.data + 1);
    doctor->is_held_back = true;
    report_unknown(&doctor->report, FINDING_BUFFERING,
                   "a stream was answered %ld and ended at once%s%s",
                   stream->status, said, stream->error);
}

static void
look_at_stream(struct doctor *doctor)
{
    struct probe *stream = &doctor->stream;
    const struct ask ask = {.path = doctor_path(doctor, "/sse"),
                            .is_own = true};
    web_start(&doctor->web, stream, &ask);
    web_wait(&doctor->web, stream, has_text, opening, DOCTOR_PROMPT_MS);
    if (probe_has(stream, opening)) {
        report_good(&doctor->report, FINDING_HEADERS_HELD,
                    "its first event came after %.0f ms",
                    1000 * seconds(stream->started_us, stream->first_us));
        judge_message(doctor);
    } else if (probe_is_over(stream)) {
        judge_refused(doctor);
    } else {
        judge_closed(doctor);
    }
}

/* -- is it compressed? --------------------------------------------------- */

static void
look_at_compression(struct doctor *doctor)
{
    struct probe probe = {0};
    const struct ask ask = {.path = doctor_path(doctor, "/sse"),
                            .accept_encoding = "gzip, deflate, br, zstd",
                            .is_own = true};
    if (!doctor->stream.head_us) {
        report_unknown(&doctor->report, FINDING_COMPRESSION,
                       "nothing of a stream comes");
        return;
    }
    web_start(&doctor->web, &probe, &ask);
    web_wait(&doctor->web, &probe, has_head, NULL, DOCTOR_PROMPT_MS);
    if (probe.encoding[0] && strcmp(probe.encoding, "identity") != 0)
        report_found(&doctor->report, FINDING_COMPRESSION,
                     "Content-Encoding: %s", probe.encoding);
    else if (probe.head_us)
        report_good(&doctor->report, FINDING_COMPRESSION, "%s", "");
    else
        report_found(&doctor->report, FINDING_COMPRESSION,
                     "for who says that it understands gzip, as browsers do, "
                     "no stream begins within 3 s");
    web_end(&doctor->web, &probe);
}

/* -- is it cut? ---------------------------------------------------------- */

static double
patience_s(const struct doctor *doctor)
{
    return (double)doctor->options->patience_us / 1e6;
}

static void
open_poll(struct doctor *doctor)
{
    char tail[64];
    double longest = doctor->setup.wait_max_s;
    doctor->poll_wait_s = patience_s(doctor);
    if (longest >= 0 && doctor->poll_wait_s > longest)
        doctor->poll_wait_s = longest;
    snprintf(tail, sizeof tail, "-poll/poll?wait=%.3f", doctor->poll_wait_s);
    const struct ask ask = {.path = doctor_path(doctor, tail), .is_own = true};
    web_start(&doctor->web, &doctor->poll, &ask);
}

void
doctor_stream_open(struct doctor *doctor)
{
    look_at_stream(doctor);
    look_at_compression(doctor);
    if (doctor->options->patience_us)
        open_poll(doctor);
}

/* Earshot says `retry:` again when it ends a stream by itself. */
static bool
is_ended_by_earshot(const struct probe *stream)
{
    const char *second = probe_has(stream, "retry:")
                             ? strstr(stream->body.data, "retry:") + 1
                             : NULL;
    return second && strstr(second, "retry:");
}

static bool
find_cut_stream(struct doctor *doctor)
{
    const struct probe *stream = &doctor->stream;
    if (doctor->is_held_back || !probe_is_over(stream) ||
        is_ended_by_earshot(stream))
        return false;
    report_found(&doctor->report, FINDING_IDLE_LIMIT,
                 "a stream was cut after %.1f s, %.1f s after its last byte",
                 seconds(stream->started_us, stream->ended_us),
                 seconds(stream->last_us, stream->ended_us));
    return true;
}

/* Apache was seen to let go of Earshot and to leave its client's connection
 * open, on which nothing comes any more. */
static bool
find_silent_stream(struct doctor *doctor)
{
    struct probe *stream = &doctor->stream;
    double beat_s = doctor->setup.heartbeat_s;
    if (doctor->is_held_back || probe_is_over(stream))
        return false;
    if (doctor->may_publish) {
        if (!doctor_publish(doctor, third_word) ||
            (web_wait(&doctor->web, stream, has_text, third_word,
                      DOCTOR_PROMPT_MS) &&
             probe_has(stream, third_word)))
            return false;
    } else if (seconds(stream->last_us, clock_monotonic_us()) <
               1.2 * (beat_s < 0 ? 15 : beat_s) + 2) {
        return false;
    }
    report_found(&doctor->report, FINDING_IDLE_LIMIT,
                 "a stream was cut, and its reader not told: its connection "
                 "is open after %.0f s, and nothing comes any more",
                 seconds(stream->started_us, clock_monotonic_us()));
    return true;
}

static bool
find_cut_poll(struct doctor *doctor)
{
    const struct probe *poll = &doctor->poll;
    if (!probe_is_over(poll) || (poll->status == 200 && poll->code == CURLE_OK))
        return false;
    report_found(&doctor->report, FINDING_IDLE_LIMIT,
                 "a long-poll that was to wait %g s was cut after %.1f s: %s "
                 "%ld",
                 doctor->poll_wait_s, seconds(poll->started_us, poll->ended_us),
                 poll->code ? poll->error : "it was answered", poll->status);
    return true;
}

static bool
find_cut_socket(struct doctor *doctor)
{
    const struct doctor_socket *socket = &doctor->socket;
    if (!socket->is_open || !socket->ended_us || socket->close_code)
        return false;
    report_found(&doctor->report, FINDING_IDLE_LIMIT,
                 "a WebSocket was cut after %.1f s, %.1f s after its last byte",
                 seconds(socket->started_us, socket->ended_us),
                 seconds(socket->last_us, socket->ended_us));
    return true;
}

static bool
is_all_over(const struct probe *poll, const void *context)
{
    const struct doctor *doctor = context;
    return probe_is_over(poll) && probe_is_over(&doctor->stream) &&
           (!doctor->socket.is_open || doctor->socket.ended_us);
}

/* A poll's answer may be on its way when the patience is over. */
enum { POLL_GRACE_MS = 2000 };

static bool
poll_is_over(const struct probe *poll, const void *context)
{
    (void)context;
    return probe_is_over(poll);
}

void
doctor_stream_patience(struct doctor *doctor)
{
    struct report *report = &doctor->report;
    const struct probe *stream = &doctor->stream;
    if (!doctor->options->patience_us) {
        report_unknown(report, FINDING_IDLE_LIMIT, "--patience is 0");
        return;
    }
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "earshot doctor: holding what is idle for %g s\n",
                patience_s(doctor));
    int64_t until_us = stream->started_us + doctor->options->patience_us;
    int64_t left_ms = (until_us - clock_monotonic_us()) / 1000;
    if (left_ms > 0)
        web_wait(&doctor->web, &doctor->poll, is_all_over, doctor, left_ms);
    web_wait(&doctor->web, &doctor->poll, poll_is_over, NULL,
             (int64_t)(doctor->poll_wait_s * 1000) + POLL_GRACE_MS -
                 (clock_monotonic_us() - doctor->poll.started_us) / 1000);
    bool is_cut = find_cut_stream(doctor);
    is_cut |= find_silent_stream(doctor);
    is_cut |= find_cut_poll(doctor);
    is_cut |= find_cut_socket(doctor);
    double beat_s = doctor->setup.heartbeat_s;
    if (is_cut)
        return;
    if (doctor->is_held_back)
        report_good(report, FINDING_IDLE_LIMIT,
                    "a long-poll of %g s was held; streams do not come through",
                    doctor->poll_wait_s);
    else
        report_good(report, FINDING_IDLE_LIMIT, "streams were held for %g s%s",
                    patience_s(doctor),
                    patience_s(doctor) > 1.2 * (beat_s < 0 ? 15 : beat_s)
                        ? ""
                        : ", which is less than a heartbeat's pause: give a "
                          "longer --patience");
}

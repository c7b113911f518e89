#include "doctor.h"

#include "access.h"
#include "base/clock.h"
#include "base/log.h"
#include "client/json_member.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { EXPIRES_SOON_DAYS = 14, CLOCK_MAX_S = 60 };

/* -- what an answer's JSON says ------------------------------------------ */

static bool
find_member(const char *json, size_t len, const char *name, const char *inner,
            struct json_text *value)
{
    if (!json || !json_member_find(json, len, name, value))
        return false;
    return !inner || json_member_find(value->data, value->len, inner, value);
}

double
doctor_number(const char *json, size_t len, const char *name, const char *inner)
{
    struct json_text value;
    char digits[32] = "";
    if (!find_member(json, len, name, inner, &value) || value.is_string ||
        value.len >= sizeof digits || !value.len ||
        !strchr("-0123456789", value.data[0]))
        return -1;
    memcpy(digits, value.data, value.len);
    return strtod(digits, NULL);
}

void
doctor_text(const char *json, size_t len, const char *name, const char *inner,
            char *out, size_t size)
{
    struct json_text value;
    *out = '\0';
    if (!find_member(json, len, name, inner, &value) || !value.is_string ||
        value.len >= size)
        return;
    out[json_text_decode(&value, out)] = '\0';
}

/* -- can it be asked at all? --------------------------------------------- */

static bool
is_about_tls(CURLcode code)
{
    return code == CURLE_PEER_FAILED_VERIFICATION ||
           code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CACERT_BADFILE ||
           code == CURLE_SSL_ISSUER_ERROR ||
           code == CURLE_SSL_INVALIDCERTSTATUS;
}

static bool
ask_health(struct doctor *doctor, struct probe *probe)
{
    const struct ask ask = {.path = "/-/health"};
    return web_ask(&doctor->web, probe, &ask, DOCTOR_ANSWER_MS);
}

/* A certificate that browsers refuse is a finding; we look on without it, but
 * tell whoever this is no password. */
static bool
ask_first(struct doctor *doctor, struct probe *probe)
{
    struct report *report = &doctor->report;
    bool came = ask_health(doctor, probe);
    if (came || !is_about_tls(probe->code))
        return came;
    report_found(report, FINDING_TLS, "%s%s", probe->error,
                 doctor->has_login ? ". The rest was looked at without a login"
                                   : "");
    doctor->web.is_insecure = true;
    doctor->web.no_login = true;
    doctor->has_login = false;
    return ask_health(doctor, probe);
}

static void
say_unreachable(struct doctor *doctor, const struct probe *probe)
{
    fprintf(stderr, "earshot doctor: %s cannot be reached: %s\n", doctor->base,
            probe->error[0]     ? probe->error
            : probe->started_us ? "no answer came within 8 s"
                                : "is it a URL?");
}

/* -- what kind of answer is it? ------------------------------------------ */

static bool
is_json(const struct probe *probe)
{
    return strncasecmp(probe->type, "application/json", 16) == 0;
}

/* A redirect is followed when it leads to another place of Earshot's. */
static bool
follow_redirect(struct doctor *doctor, struct probe *probe)
{
    static const char tail[] = "/-/health";
    size_t len = strlen(probe->location), tail_len = sizeof tail - 1;
    report_found(&doctor->report, FINDING_REDIRECT, "it answers %ld and %s",
                 probe->status, probe->location[0] ? probe->location : "?");
    if (len < tail_len || strcmp(probe->location + len - tail_len, tail) != 0)
        return false;
    char *base = xmemdup0(probe->location, len - tail_len);
    free(doctor->base);
    doctor->base = base;
    doctor->web.base = base;
    doctor->is_https = strncasecmp(base, "https:", 6) == 0;
    /* A login is for the place that it was given for. */
    doctor->web.no_login = true;
    doctor->has_login = false;
    return ask_health(doctor, probe) && probe->status / 100 != 3;
}

/* What the answer is when it is not Earshot's. */
static void
say_not_ours(struct doctor *doctor, const struct probe *probe)
{
    struct report *report = &doctor->report;
    if (probe->status == 401 || probe->status == 403 || probe->status == 407)
        report_found(
            report, FINDING_LOGIN, "%s/-/health is answered %ld%s",
            doctor->base, probe->status,
            doctor->has_login ? ": the login that was given is not taken" : "");
    else if (probe->status == 404 || probe->status == 405 ||
             probe->status == 410)
        report_found(report, FINDING_NOT_FOUND,
                     "%s/-/health is answered %ld by the web server itself",
                     doctor->base, probe->status);
    else if (probe->status >= 500)
        report_found(report, FINDING_PROGRAM_AWAY,
                     "%s/-/health is answered %ld by the web server itself",
                     doctor->base, probe->status);
    else
        report_found(report, FINDING_NOT_EARSHOT,
                     "%s/-/health is answered %ld with %s", doctor->base,
                     probe->status,
                     probe->type[0] ? probe->type : "no Content-Type");
}

/* True: it is Earshot. */
static bool
judge_kind(struct doctor *doctor, const struct probe *probe)
{
    struct json_text value;
    if (is_json(probe) && probe->body.len &&
        json_member_find(probe->body.data, probe->body.len, "ready", &value))
        return true;
    if (probe->status == 404 && is_json(probe)) {
        char error[1024];
        doctor_text(probe->body.data, probe->body.len, "error", NULL, error,
                    sizeof error);
        report_found(&doctor->report, FINDING_NOT_FOUND,
                     "Earshot got the request under another path than it "
                     "expects, and says: %s",
                     error);
        return false;
    }
    say_not_ours(doctor, probe);
    return false;
}

/* -- what it says of itself ---------------------------------------------- */

static void
judge_ready(struct doctor *doctor, const struct probe *probe)
{
    char error[512];
    doctor_text(probe->body.data, probe->body.len, "error", NULL, error,
                sizeof error);
    if (probe->status == 200)
        report_good(&doctor->report, FINDING_NOT_READY, "%s", "");
    else
        report_found(&doctor->report, FINDING_NOT_READY, "it says: %s", error);
}

/* "0.1.0": three numbers; what follows is not compared. */
static long
version_number(const char *text)
{
    long number = 0;
    for (int i = 0; i < 3; i++) {
        char *end;
        number = number * 1000 + strtol(text, &end, 10);
        text = *end == '.' ? end + 1 : end;
    }
    return number;
}

static void
judge_version(struct doctor *doctor, const struct probe *probe)
{
    char *version = doctor->setup.version;
    doctor_text(probe->body.data, probe->body.len, "version", NULL, version,
                sizeof doctor->setup.version);
    if (!version[0])
        report_found(&doctor->report, FINDING_OLD,
                     "it does not name its version; this is " PACKAGE_VERSION);
    else if (version_number(version) < version_number(PACKAGE_VERSION))
        report_found(&doctor->report, FINDING_OLD,
                     "it is %s; this is " PACKAGE_VERSION, version);
    else
        report_good(&doctor->report, FINDING_OLD, "%s", version);
}

static void
judge_clock(struct doctor *doctor, const struct probe *probe)
{
    time_t there = probe->date[0] ? curl_getdate(probe->date, NULL) : -1;
    if (there < 0) {
        report_unknown(&doctor->report, FINDING_CLOCK,
                       "the answer has no Date");
        return;
    }
    long ahead_s = (long)(there - clock_wall_ms() / 1000);
    if (labs(ahead_s) > CLOCK_MAX_S)
        report_found(&doctor->report, FINDING_CLOCK,
                     "the server's is %ld s %s of this machine's",
                     labs(ahead_s), ahead_s > 0 ? "ahead" : "behind");
    else
        report_good(&doctor->report, FINDING_CLOCK, "%s", "");
}

static void
judge_tls(struct doctor *doctor, const struct probe *probe)
{
    if (!doctor->is_https || report_has(&doctor->report, FINDING_TLS))
        return;
    if (doctor->web.is_insecure)
        report_unknown(&doctor->report, FINDING_TLS,
                       "--insecure does not look at it");
    else
        report_good(&doctor->report, FINDING_TLS, "%s", "");
    if (probe->expires_days == LONG_MAX)
        return;
    if (probe->expires_days < EXPIRES_SOON_DAYS)
        report_found(&doctor->report, FINDING_TLS_EXPIRES, "in %ld days",
                     probe->expires_days);
    else
        report_good(&doctor->report, FINDING_TLS_EXPIRES, "%ld days",
                    probe->expires_days);
}

static void
judge_http(struct doctor *doctor, const struct probe *probe)
{
    if (probe->http_version >= CURL_HTTP_VERSION_2_0)
        report_good(&doctor->report, FINDING_HTTP1, "%s", "");
    else if (doctor->is_https)
        report_found(&doctor->report, FINDING_HTTP1,
                     "there is TLS, and HTTP/2 is not offered");
    else
        report_found(&doctor->report, FINDING_HTTP1,
                     "browsers speak HTTP/2 over https only");
}

static void
remember_server(struct doctor *doctor, const struct probe *probe)
{
    if (probe->server[0])
        memcpy(doctor->software, probe->server, sizeof doctor->software);
    doctor->server = web_server_named(doctor->software);
    doctor->report.server = doctor->server;
    doctor->is_near = access_is_local(probe->address);
}

bool
doctor_address(struct doctor *doctor, bool *seen)
{
    struct probe probe = {0};
    bool is_ours = false;
    *seen = ask_first(doctor, &probe);
    if (!*seen) {
        say_unreachable(doctor, &probe);
    } else {
        remember_server(doctor, &probe);
        bool is_there =
            probe.status / 100 != 3 || follow_redirect(doctor, &probe);
        is_ours = is_there && judge_kind(doctor, &probe);
    }
    if (is_ours) {
        struct report *report = &doctor->report;
        report_good(report, FINDING_REDIRECT, "%s", "");
        report_good(report, FINDING_NOT_FOUND, "%s", doctor->base);
        judge_ready(doctor, &probe);
        judge_version(doctor, &probe);
        judge_clock(doctor, &probe);
        judge_tls(doctor, &probe);
        judge_http(doctor, &probe);
    }
    web_end(&doctor->web, &probe);
    return is_ours;
}

/* -- what /-/status tells ------------------------------------------------ */

static void
read_setup(struct doctor *doctor, const char *json, size_t len)
{
    struct doctor_setup *setup = &doctor->setup;
    struct json_text value, log = {0}, descriptors = {0};
    setup->is_known = json_member_find(json, len, "setup", &value);
    if (!setup->is_known)
        return;
    const char *at = value.data;
    doctor_text(at, value.len, "publish", NULL, setup->publish,
                sizeof setup->publish);
    setup->heartbeat_s = doctor_number(at, value.len, "heartbeat_s", NULL);
    setup->wait_max_s = doctor_number(at, value.len, "wait_max_s", NULL);
    setup->subscribers_max =
        (int64_t)doctor_number(at, value.len, "subscribers_max", NULL);
    if (json_member_find(at, value.len, "descriptors", &descriptors))
        setup->descriptors = (int64_t)doctor_number(
            descriptors.data, descriptors.len, "limit", NULL);
    if (json_member_find(at, value.len, "log", &log)) {
        doctor_text(log.data, log.len, "to", NULL, setup->log_to,
                    sizeof setup->log_to);
        doctor_text(log.data, log.len, "nowhere", NULL, setup->log_nowhere,
                    sizeof setup->log_nowhere);
    }
    if (!doctor->software[0]) {
        doctor_text(at, value.len, "server", NULL, doctor->software,
                    sizeof doctor->software);
        doctor->server = web_server_named(doctor->software);
        doctor->report.server = doctor->server;
    }
}

/* A limit of 1,024 is what a machine gives who did not ask for more. */
static void
judge_descriptors(struct doctor *doctor)
{
    enum { OTHERS = 64, PLENTY = 4096 };
    const struct doctor_setup *setup = &doctor->setup;
    if (setup->descriptors < 0)
        report_unknown(&doctor->report, FINDING_DESCRIPTORS,
                       "/-/status does not tell the limit");
    else if (setup->descriptors < PLENTY &&
             setup->descriptors < setup->subscribers_max + OTHERS)
        report_found(&doctor->report, FINDING_DESCRIPTORS,
                     "%lld, and --subscribers-max is %lld",
                     (long long)setup->descriptors,
                     (long long)setup->subscribers_max);
    else
        report_good(&doctor->report, FINDING_DESCRIPTORS, "%lld",
                    (long long)setup->descriptors);
}

static void
judge_setup(struct doctor *doctor)
{
    const struct doctor_setup *setup = &doctor->setup;
    if (setup->log_nowhere[0])
        report_found(&doctor->report, FINDING_LOG_NOWHERE, "%s",
                     setup->log_nowhere);
    else
        report_good(&doctor->report, FINDING_LOG_NOWHERE, "%s", setup->log_to);
    judge_descriptors(doctor);
}

void
doctor_setup(struct doctor *doctor)
{
    struct probe probe = {0};
    const struct ask ask = {.path = "/-/status"};
    doctor->setup.heartbeat_s = doctor->setup.wait_max_s = -1;
    doctor->setup.subscribers_max = doctor->setup.descriptors = -1;
    bool came = web_ask(&doctor->web, &probe, &ask, DOCTOR_ANSWER_MS);
    if (came && probe.status == 200 && probe.body.len)
        read_setup(doctor, probe.body.data, probe.body.len);
    if (doctor->setup.is_known) {
        judge_setup(doctor);
    } else {
        static const enum finding hidden[] = {FINDING_LOG_NOWHERE,
                                              FINDING_DESCRIPTORS};
        for (int i = 0; i < 2; i++)
            report_unknown(&doctor->report, hidden[i],
                           "%s/-/status is answered %ld: only who may see it "
                           "can tell (--admin; run doctor on the server "
                           "itself)",
                           doctor->base, probe.status);
    }
    web_end(&doctor->web, &probe);
}

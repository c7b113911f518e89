#include "doctor.h"

#include "options.h"

#include <stdio.h>
#include <string.h>

static const char foreign_origin[] = "https://earshot-doctor.invalid";

/* A name that no web server has authenticated, said in each way by which one
 * may hand it on. */
const char *const doctor_made_up[DOCTOR_MADE_UP] = {
    "Authorization: Basic bm9ib2R5Om1hZGUtdXA=", /* nobody:made-up */
    "Forwarded: remote_user=nobody", "X-Remote-User: nobody", NULL};

const char *
doctor_path(const struct doctor *doctor, const char *tail)
{
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "/%s%s", doctor->channel, tail);
    return path;
}

bool
doctor_publish(struct doctor *doctor, const char *text)
{
    struct probe probe = {0};
    const struct ask ask = {.path = doctor_path(doctor, ""), .body = text};
    bool stored = web_ask(&doctor->web, &probe, &ask, DOCTOR_ANSWER_MS) &&
                  probe.status == 201;
    web_end(&doctor->web, &probe);
    return stored;
}

/* -- publishing ---------------------------------------------------------- */

static void
judge_unasked(struct doctor *doctor)
{
    struct report *report = &doctor->report;
    const char *rule = doctor->setup.publish;
    doctor->may_publish = true;
    if (strcmp(rule, "local") == 0)
        report_good(report, FINDING_PUBLISH_ANYONE,
                    "who comes from this machine may (--publish local)");
    else if (!rule[0] && doctor->is_near)
        report_unknown(report, FINDING_PUBLISH_ANYONE,
                       "it was let in without a login, perhaps because it "
                       "asked from the same machine: look from another one");
    else
        report_found(report, FINDING_PUBLISH_ANYONE,
                     "a POST without any login was stored%s%s",
                     rule[0] ? "; EARSHOT_PUBLISH is " : "", rule);
}

static bool
is_refused(long status)
{
    return status == 401 || status == 403 || status == 405 || status == 407;
}

static void
judge_anonymous(struct doctor *doctor)
{
    struct probe probe = {0};
    struct report *report = &doctor->report;
    const struct ask ask = {.path = doctor_path(doctor, ""),
                            .body = "earshot doctor was here",
                            .is_anonymous = true};
    bool came = web_ask(&doctor->web, &probe, &ask, DOCTOR_ANSWER_MS);
    if (came && probe.status == 201)
        judge_unasked(doctor);
    else if (came && is_refused(probe.status))
        report_good(report, FINDING_PUBLISH_ANYONE, "a POST is answered %ld",
                    probe.status);
    else
        report_unknown(report, FINDING_PUBLISH_ANYONE,
                       "a POST is answered %ld %s", probe.status, probe.error);
    web_end(&doctor->web, &probe);
}

static void
judge_made_up(struct doctor *doctor)
{
    struct probe probe = {0};
    struct ask ask = {.path = doctor_path(doctor, ""),
                      .body = "earshot doctor was here, as nobody",
                      .is_anonymous = true};
    memcpy(ask.headers, doctor_made_up, sizeof ask.headers);
    bool came = web_ask(&doctor->web, &probe, &ask, DOCTOR_ANSWER_MS);
    if (came && probe.status == 201)
        report_found(&doctor->report, FINDING_MADE_UP_USER,
                     "a POST with a name and password that do not exist was "
                     "stored");
    else if (came && is_refused(probe.status))
        report_good(&doctor->report, FINDING_MADE_UP_USER, "%s", "");
    else
        report_unknown(&doctor->report, FINDING_MADE_UP_USER,
                       "such a POST is answered %ld %s", probe.status,
                       probe.error);
    web_end(&doctor->web, &probe);
}

static void
judge_login(struct doctor *doctor)
{
    struct probe probe = {0};
    char error[512], code[32];
    const struct ask ask = {.path = doctor_path(doctor, ""),
                            .body = "earshot doctor was here, with a login"};
    web_ask(&doctor->web, &probe, &ask, DOCTOR_ANSWER_MS);
    doctor_text(probe.body.data, probe.body.len, "error", NULL, error,
                sizeof error);
    doctor_text(probe.body.data, probe.body.len, "code", NULL, code,
                sizeof code);
    if (probe.status == 201) {
        doctor->may_publish = true;
        report_good(&doctor->report, FINDING_USER_NOT_PASSED, "%s", "");
    } else if (strcmp(code, "forbidden") == 0 && strstr(error, "REMOTE_USER")) {
        report_found(&doctor->report, FINDING_USER_NOT_PASSED, "it says: %s",
                     error);
    } else {
        report_unknown(&doctor->report, FINDING_USER_NOT_PASSED,
                       "a POST with the login is answered %ld", probe.status);
    }
    web_end(&doctor->web, &probe);
}

/* -- origins ------------------------------------------------------------- */

static void
judge_own_origin(struct doctor *doctor)
{
    struct probe probe = {0};
    char error[512], code[32];
    const struct ask ask = {.path = doctor_path(doctor, "/poll"),
                            .origin = doctor->origin};
    bool came = web_ask(&doctor->web, &probe, &ask, DOCTOR_ANSWER_MS);
    doctor_text(probe.body.data, probe.body.len, "error", NULL, error,
                sizeof error);
    doctor_text(probe.body.data, probe.body.len, "code", NULL, code,
                sizeof code);
    if (came && probe.status == 200)
        report_good(&doctor->report, FINDING_HOST, "%s", doctor->origin);
    else if (strcmp(code, "origin") == 0)
        report_found(&doctor->report, FINDING_HOST, "it says: %s", error);
    else
        report_unknown(&doctor->report, FINDING_HOST,
                       "a poll is answered %ld %s", probe.status, probe.error);
    web_end(&doctor->web, &probe);
}

static void
judge_foreign_origin(struct doctor *doctor)
{
    struct probe probe = {0};
    const struct ask ask = {.path = doctor_path(doctor, "/poll"),
                            .origin = foreign_origin};
    bool came = web_ask(&doctor->web, &probe, &ask, DOCTOR_ANSWER_MS);
    if (came && probe.allow_origin[0])
        report_found(&doctor->report, FINDING_FOREIGN_ORIGIN,
                     "a page of %s is let in: "
                     "Access-Control-Allow-Origin: %s",
                     foreign_origin, probe.allow_origin);
    else if (came && (probe.status == 403 || probe.status == 200))
        report_good(&doctor->report, FINDING_FOREIGN_ORIGIN, "%s", "");
    else
        report_unknown(&doctor->report, FINDING_FOREIGN_ORIGIN,
                       "a poll is answered %ld %s", probe.status, probe.error);
    web_end(&doctor->web, &probe);
}

void
doctor_who(struct doctor *doctor)
{
    judge_own_origin(doctor);
    judge_foreign_origin(doctor);
    judge_anonymous(doctor);
    if (doctor->may_publish)
        return;
    judge_made_up(doctor);
    if (doctor->has_login)
        judge_login(doctor);
}

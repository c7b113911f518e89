#include "doctor.h"

#include "base/clock.h"
#include "options.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- is a reader's going noticed? ---------------------------------------- */

/* Other processes tell their numbers once a second at most. */
enum { COUNT_MS = 5000, LOOK_EVERY_MS = 100 };

/* How many follow the channel by SSE; -1: it is not known. */
static double
count_readers(struct doctor *doctor, struct probe *probe)
{
    const struct ask ask = {.path = doctor_path(doctor, "-going")};
    if (!web_ask(&doctor->web, probe, &ask, DOCTOR_ANSWER_MS) ||
        probe->status != 200)
        return -1;
    return doctor_number(probe->body.data, probe->body.len, "subscribers",
                         "sse");
}

static void
pause_ms(struct doctor *doctor, int64_t ms)
{
    int64_t until_us = clock_monotonic_us() + ms * 1000;
    while (clock_monotonic_us() < until_us)
        web_turn(&doctor->web, 10);
}

/* Looks until there are COUNT of them. False: that did not come about. */
static bool
wait_for_count(struct doctor *doctor, double count)
{
    struct probe probe = {0};
    int64_t until_us = clock_monotonic_us() + COUNT_MS * 1000;
    bool is_so;
    while (!(is_so = count_readers(doctor, &probe) == count) &&
           clock_monotonic_us() < until_us)
        pause_ms(doctor, LOOK_EVERY_MS);
    web_end(&doctor->web, &probe);
    return is_so;
}

void
doctor_going(struct doctor *doctor)
{
    struct report *report = &doctor->report;
    struct probe reader = {0};
    /* HTTP/1.1, whose reader goes by a FIN. */
    const struct ask ask = {.path = doctor_path(doctor, "-going/sse"),
                            .is_http1 = true,
                            .is_own = true};
    if (doctor->is_held_back) {
        report_unknown(report, FINDING_GOING, "no stream comes through");
        return;
    }
    web_start(&doctor->web, &reader, &ask);
    bool is_counted = wait_for_count(doctor, 1);
    web_end(&doctor->web, &reader);
    int64_t left_us = clock_monotonic_us();
    if (!is_counted)
        report_unknown(report, FINDING_GOING,
                       "a reader who came was not counted at %s%s",
                       doctor->base, doctor_path(doctor, "-going"));
    else if (wait_for_count(doctor, 0))
        report_good(report, FINDING_GOING, "after %.1f s",
                    (double)(clock_monotonic_us() - left_us) / 1e6);
    else
        report_found(report, FINDING_GOING,
                     "5 s after a reader closed its connection it still "
                     "counted");
}

/* -- is there room? ------------------------------------------------------ */

enum { CROWD_MS = 4000, HEALTH_MS = 5000 };

static bool
is_open(const struct probe *probe)
{
    return probe_has(probe, "event: earshot.open") && !probe_is_over(probe);
}

/* Opens streams until all have opened or failed, or for CROWD_MS none does.
 * Returns how many have. */
static int
open_crowd(struct doctor *doctor, struct probe *crowd, int count)
{
    const struct ask ask = {.path = doctor_path(doctor, "-crowd/sse"),
                            .is_http1 = true,
                            .is_own = true};
    int64_t until_us = clock_monotonic_us() + CROWD_MS * 1000;
    int open_count, settled = 0, before;
    for (int i = 0; i < count; i++)
        web_start(&doctor->web, &crowd[i], &ask);
    do {
        web_turn(&doctor->web, 20);
        before = settled;
        open_count = settled = 0;
        for (int i = 0; i < count; i++) {
            open_count += is_open(&crowd[i]);
            settled += is_open(&crowd[i]) || probe_is_over(&crowd[i]);
        }
        if (settled > before)
            until_us = clock_monotonic_us() + CROWD_MS * 1000;
    } while (settled < count && clock_monotonic_us() < until_us);
    return open_count;
}

/* Why the first of those who have not opened has not. */
static void
say_why(const struct probe *crowd, int count, char *why, size_t size)
{
    int i = 0;
    while (i < count && is_open(&crowd[i]))
        i++;
    const struct probe *probe = &crowd[i];
    if (i == count)
        *why = '\0';
    else if (!probe_is_over(probe))
        snprintf(why, size, "the next was not answered within 4 s");
    else if (probe->status == 200 && probe->body.len &&
             probe->body.data[0] == ':')
        snprintf(why, size, "the next was refused:%.*s",
                 (int)strcspn(probe->body.data + 1, "\n"),
                 probe->body.data + 1);
    else
        snprintf(why, size, "the next was answered %ld %s", probe->status,
                 probe->error);
}

static void
judge_crowd(struct doctor *doctor, const struct probe *crowd, int count,
            int open_count)
{
    struct report *report = &doctor->report;
    struct probe probe = {0};
    char why[PROBE_FIELD];
    const struct ask ask = {.path = "/-/health", .is_own = true};
    if (open_count < count) {
        say_why(crowd, count, why, sizeof why);
        report_found(report, FINDING_TOO_FEW, "of %d streams %d opened; %s",
                     count, open_count, why);
    } else if (!web_ask(&doctor->web, &probe, &ask, HEALTH_MS)) {
        report_found(report, FINDING_TOO_FEW,
                     "while %d streams were open nothing else was answered "
                     "within 5 s",
                     count);
    } else {
        report_good(report, FINDING_TOO_FEW, "%d at once", count);
    }
    web_end(&doctor->web, &probe);
}

void
doctor_crowd(struct doctor *doctor)
{
    int count = (int)doctor->options->subscribers;
    if (doctor->is_held_back || !count) {
        report_unknown(&doctor->report, FINDING_TOO_FEW, "%s",
                       count ? "no stream comes through"
                             : "--subscribers is 0");
        return;
    }
    struct probe *crowd = xcalloc((size_t)count, sizeof *crowd);
    int open_count = open_crowd(doctor, crowd, count);
    judge_crowd(doctor, crowd, count, open_count);
    for (int i = 0; i < count; i++)
        web_end(&doctor->web, &crowd[i]);
    free(crowd);
}

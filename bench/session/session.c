#include "session/session.h"

#include "session/agenda.h"
#include "servers/servers.h"
#include "base/bytes.h"
#include "session/bench.h"
#include "cost/cost.h"
#include "cost/limits.h"
#include "describe.h"
#include "drive/drive.h"
#include "interrupt.h"
#include "session/output.h"
#include "session/progress.h"
#include "result.h"
#include "results/json.h"
#include "results/machine.h"
#include "scenarios/scenario.h"
#include "command/settings.h"
#include "target/target.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* Below so many seconds of measuring, calibrating would take longer. */
static const double worth_calibrating_s = 20;

struct session {
    const struct settings *settings;
    struct servers servers;
    struct agenda agenda;
    struct results *results;
    struct progress *progress;
    struct limits limits;
    bool has_limits;
    bool is_bad; /* something could not be measured */
};

/* Before the run ------------------------------------------------------------
 */

static bool
complain(struct session *session, char *problem)
{
    progress_say(session->progress, "%s", problem);
    free(problem);
    return false;
}

static uint64_t
random_number(void)
{
    uint64_t number = 0;
    if (RAND_bytes((unsigned char *)&number, sizeof number) != 1)
        number = (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid();
    return number;
}

/* One of 53 bits: JSON and --seed take no larger one. */
static uint64_t
choose_seed(const struct session *session)
{
    if (session->settings->seed != SETTING_FREE)
        return (uint64_t)session->settings->seed;
    if (session->results->seed)
        return session->results->seed;
    return random_number() >> 11;
}

static char *
join(int argc, char *const *argv)
{
    struct bytes line = BYTES_EMPTY;
    bytes_append_string(&line, "earshot-bench");
    for (int i = 1; i < argc; i++) {
        bool is_plain = !strpbrk(argv[i], " \t\n\"'\\$&|;<>()*?") && argv[i][0];
        bytes_printf(&line, is_plain ? " %s" : " '%s'", argv[i]);
    }
    bytes_append_char(&line, '\0');
    return line.data;
}

/* What an interrupted command has found already; runs that it did not finish
 * are begun again. */
static bool
read_earlier(struct session *session)
{
    const char *path = session->settings->resume;
    if (!path || access(path, F_OK) != 0)
        return true;
    char *problem;
    struct results *earlier = results_read_file(path, &problem);
    if (!earlier)
        return complain(session, problem);
    int kept = 0;
    for (int i = 0; i < earlier->run_count; i++) {
        struct result *run = earlier->runs[i];
        if (run->is_complete && !run->problem)
            earlier->runs[kept++] = run;
        else
            result_free(run);
    }
    earlier->run_count = kept;
    results_free(session->results);
    session->results = earlier;
    return true;
}

static void
raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void
head_results(struct session *session, int argc, char *const *argv)
{
    struct results *results = session->results;
    char now[32];
    time_t seconds = time(NULL);
    struct tm utc;
    strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &utc));
    free(results->command_line);
    results->command_line = join(argc, argv);
    if (!results->began)
        results->began = xstrdup(now);
    results->seed = choose_seed(session);
    machine_fini(results->machine);
    *results->machine = (struct machine){0};
    machine_look(results->machine);
}

/* Where a target of ours keeps its queue, bytes must get to the disk. */
static void
look_at_disk(struct session *session)
{
    struct cost *cost = cost_new();
    cost_find(cost, session->servers.items[0].target);
    const char *directory = cost_queue_directory(cost);
    if (directory)
        machine_measure_disk(session->results->machine, directory);
    cost_free(cost);
}

static void
leave_out_what_is_there(struct session *session)
{
    for (int i = 0; i < session->agenda.count; i++) {
        struct item *item = &session->agenda.items[i];
        struct result *like = result_new();
        describe_run(like, &item->plan, item->repeat);
        if (results_find(session->results, like)) {
            item->is_done = true;
            session->agenda.seconds -= item_seconds(item);
        }
        result_free(like);
    }
}

static bool
is_asked_alike(const struct plan *a, const struct plan *b)
{
    return a->subscribe == b->subscribe && a->publish == b->publish &&
           a->subscribers == b->subscribers;
}

static void
drop_alike(struct session *session, const struct plan *plan)
{
    for (int i = 0; i < session->agenda.count; i++)
        if (is_asked_alike(&session->agenda.items[i].plan, plan))
            session->agenda.items[i].is_done = true;
}

static bool
was_probed(const struct session *session, int index)
{
    const struct plan *plan = &session->agenda.items[index].plan;
    for (int i = 0; i < index; i++)
        if (is_asked_alike(&session->agenda.items[i].plan, plan))
            return true;
    return false;
}

/* Asks each entrance once. What is wrong with one costs its runs, and is said
 * with its name; false when nothing is left. Where nobody is there at all, that
 * is said once and not of each. */
static bool
probe(struct session *session)
{
    int asked = 0, failed = 0;
    progress_wait(session->progress, "asking each way once");
    char **problems = xcalloc((size_t)session->agenda.count, sizeof *problems);
    for (int i = 0; i < session->agenda.count && !interrupt_signal(); i++) {
        struct item *item = &session->agenda.items[i];
        if (item->is_done || was_probed(session, i))
            continue;
        asked++;
        problems[i] = drive_probe(&item->plan);
        if (!problems[i])
            continue;
        failed++;
        drop_alike(session, &item->plan);
    }
    for (int i = 0, said = 0; i < session->agenda.count; i++) {
        const struct plan *plan = &session->agenda.items[i].plan;
        if (problems[i] && failed < asked)
            progress_say(session->progress,
                         "leaving out %s by way of %s (%s): %s",
                         plan->subscribe->transport, plan->subscribe->way,
                         plan->target->name, problems[i]);
        else if (problems[i] && !said++)
            progress_say(session->progress, "%s", problems[i]);
        free(problems[i]);
    }
    free(problems);
    session->is_bad |= failed > 0;
    return !failed || failed < asked;
}

static void
calibrate(struct session *session)
{
    const struct limits_settings how = {
        .threads = (int)session->settings->threads,
        .seed = session->results->seed,
        .must_end = interrupt_must_end,
    };
    if (session->agenda.seconds < worth_calibrating_s)
        return;
    progress_wait(session->progress, "calibrating: what can this client do?");
    char *problem = limits_measure(&how, &session->limits);
    session->has_limits = !problem;
    session->results->calibration_cpu_us = session->limits.cpu_us_per_delivery;
    session->results->calibration_deliveries_per_s =
        session->limits.deliveries_per_s;
    if (problem && !interrupt_signal())
        progress_say(session->progress, "not calibrated: %s", problem);
    free(problem);
}

/* The runs ------------------------------------------------------------------
 */

static void
keep(struct session *session, struct result *result)
{
    char *problem;
    results_add(session->results, result);
    if (session->settings->resume &&
        !results_save(session->settings->resume, session->results, &problem))
        complain(session, problem);
}

/* What lies ahead; about a second and a half goes by besides what each run
 * measures. */
static void
announce(struct session *session)
{
    int count = 0;
    for (int i = 0; i < session->agenda.count; i++)
        count += !session->agenda.items[i].is_done;
    double seconds = session->agenda.seconds + 1.5 * count;
    bool is_long = seconds >= 100;
    progress_announce(session->progress,
                      "%d run%s, about %.0f %s; seed %llu. Ctrl-C ends with "
                      "what was measured so far.",
                      count, count == 1 ? "" : "s",
                      is_long ? seconds / 60 : seconds,
                      is_long ? "minutes" : "seconds",
                      (unsigned long long)session->results->seed);
}

static void
run_all(struct session *session)
{
    struct bench bench = {
        .settings = session->settings,
        .progress = session->progress,
        .limits = session->has_limits ? &session->limits : NULL,
        .next_run = (uint32_t)random_number(),
    };
    for (int i = 0; i < session->agenda.count && !interrupt_signal(); i++) {
        struct item *item = &session->agenda.items[i];
        if (item->is_done)
            continue;
        bench.server = item->server;
        bench.repeat = item->repeat;
        progress_begin(session->progress, i + 1, session->agenda.count,
                       &item->plan);
        struct result *result = item->scenario->run
                                    ? item->scenario->run(&bench, &item->plan)
                                    : bench_run(&bench, &item->plan);
        progress_end(session->progress);
        /* Of an interrupted run some was still on its way. */
        session->is_bad |=
            result->problem || (result->is_complete && result->lost);
        keep(session, result);
    }
}

static bool
prepare(struct session *session)
{
    char *problem = output_check(session->settings);
    if (problem)
        return complain(session, problem);
    raise_descriptors();
    if (!read_earlier(session))
        return false;
    if (!servers_open(&session->servers, session->settings, &problem))
        return complain(session, problem);
    uint64_t seed = choose_seed(session);
    session->results->seed = seed;
    if (!agenda_make(&session->agenda, session->settings, &session->servers,
                     seed, &problem))
        return complain(session, problem);
    leave_out_what_is_there(session);
    return true;
}

static int
status(const struct session *session)
{
    int number = interrupt_signal();
    if (number)
        return EXIT_SIGNAL + number;
    return session->is_bad ? EXIT_BAD : EXIT_GOOD;
}

int
session_run(const struct settings *settings, int argc, char *const *argv)
{
    struct session session = {.settings = settings,
                              .results = results_new(),
                              .progress = progress_new(settings->verbose)};
    bool is_ready = prepare(&session) && probe(&session);
    if (is_ready) {
        head_results(&session, argc, argv);
        look_at_disk(&session);
        announce(&session);
        calibrate(&session);
        run_all(&session);
    }
    servers_close(&session.servers);
    if (!is_ready)
        session.is_bad = true;
    else if (!output_results(settings, session.results))
        session.is_bad = true;
    int ends_with = status(&session);
    agenda_fini(&session.agenda);
    results_free(session.results);
    progress_free(session.progress);
    return ends_with;
}

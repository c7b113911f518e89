#include "processes.h"

#include "base/clock.h"
#include "base/log.h"
#include "listen.h"
#include "options.h"
#include "server.h"
#include "spread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    EARLY_US = 1000 * 1000,      /* who dies younger died at its start */
    PAUSE_FIRST_US = 100 * 1000, /* before the next start, then; doubled */
    PAUSE_MAX_US = 10 * 1000 * 1000,
    PATIENCE_US = 5500 * 1000, /* with children, whose own is 5 s */
    FOREVER_US = 3600LL * 1000 * 1000,
};

struct child {
    pid_t pid; /* 0: there is none now */
    int64_t started_us;
    int64_t due_us;   /* when to start the next one */
    int64_t pause_us; /* after one that died early; 0: it did not */
};

struct parent {
    struct options *options;
    const int *listeners;
    int listener_count;
    struct spread_page *page;
    struct child children[SPREAD_PLACES_MAX];
    int count;
    int64_t stop_us; /* when it was told to stop; 0: not yet */
    bool has_killed;
    sigset_t signals; /* what the parent waits for */
    sigset_t before;  /* what was blocked when it began */
};

/* -- the child ------------------------------------------------------------ */

static void
become_child(struct parent *parent, int place, pid_t parent_pid,
             struct spread **spread)
{
    static struct spread own;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent_pid) /* it died before we had asked to be told */
        _exit(EXIT_FAILURE);
    sigprocmask(SIG_SETMASK, &parent->before, NULL);
    spread_init(&own, parent->page, place);
    *spread = &own;
}

/* -- starting ------------------------------------------------------------- */

static int64_t
pause_after(int64_t pause_us)
{
    if (!pause_us)
        return PAUSE_FIRST_US;
    return pause_us * 2 < PAUSE_MAX_US ? pause_us * 2 : PAUSE_MAX_US;
}

static void
start_later(struct child *child, int64_t now_us)
{
    child->pause_us = pause_after(child->pause_us);
    child->due_us = now_us + child->pause_us;
}

/* True in the child. */
static bool
start_child(struct parent *parent, int place, struct spread **spread)
{
    struct child *child = &parent->children[place];
    pid_t parent_pid = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        become_child(parent, place, parent_pid, spread);
        return true;
    }
    child->started_us = clock_monotonic_us();
    if (pid < 0) {
        start_later(child, child->started_us);
        log_error("processes", "cannot start a process: %m; next try in %.1f s",
                  (double)child->pause_us / 1e6);
        return false;
    }
    child->pid = pid;
    return false;
}

/* Starts whoever is due. True in a child. */
static bool
start_due(struct parent *parent, struct spread **spread)
{
    int64_t now_us = clock_monotonic_us();
    for (int i = 0; i < parent->count; i++)
        if (!parent->children[i].pid && parent->children[i].due_us <= now_us &&
            start_child(parent, i, spread))
            return true;
    return false;
}

/* -- ending --------------------------------------------------------------- */

static void
tell_child(const struct child *child, int signal_number)
{
    if (child->pid)
        kill(child->pid, signal_number);
}

static void
tell_children(const struct parent *parent, int signal_number)
{
    for (int i = 0; i < parent->count; i++)
        tell_child(&parent->children[i], signal_number);
}

static bool
has_children(const struct parent *parent)
{
    for (int i = 0; i < parent->count; i++)
        if (parent->children[i].pid)
            return true;
    return false;
}

static void
log_death(const struct parent *parent, const struct child *child, int status,
          int64_t lived_us)
{
    const char *how = WIFSIGNALED(status) ? "signal" : "status";
    int what = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    double lived_s = (double)lived_us / 1e6;
    if (parent->stop_us)
        log_debug("processes", "ended pid=%d %s=%d", (int)child->pid, how,
                  what);
    else if (child->pause_us)
        log_error("processes",
                  "a process died as it started pid=%d %s=%d lived_s=%.3f "
                  "next_start_s=%.1f",
                  (int)child->pid, how, what, lived_s,
                  (double)child->pause_us / 1e6);
    else
        log_warn("processes",
                 "a process died and is replaced pid=%d %s=%d lived_s=%.1f",
                 (int)child->pid, how, what, lived_s);
}

static void
bury(struct parent *parent, int place, int status)
{
    struct child *child = &parent->children[place];
    int64_t now_us = clock_monotonic_us();
    int64_t lived_us = now_us - child->started_us;
    spread_forget(parent->page, place);
    child->due_us = now_us;
    if (lived_us < EARLY_US && status != 0)
        start_later(child, now_us);
    else
        child->pause_us = 0;
    log_death(parent, child, status, lived_us);
    child->pid = 0;
}

static void
reap(struct parent *parent)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (int i = 0; i < parent->count; i++)
            if (parent->children[i].pid == pid)
                bury(parent, i, status);
}

/* Who has asked twice wants it at once. SIGUSR1 says no more, however often it
 * comes: a service manager tells every process of a service itself, and our
 * word must not be the second for them. Who was stopped is let go on. */
static void
stop(struct parent *parent)
{
    if (parent->stop_us) {
        tell_children(parent, SIGTERM);
        return;
    }
    log_info("processes", "stopping processes=%d", parent->count);
    parent->stop_us = clock_monotonic_us();
    for (int i = 0; i < parent->listener_count; i++)
        close(parent->listeners[i]);
    listen_cleanup(parent->options);
    tell_children(parent, SIGUSR1);
    tell_children(parent, SIGCONT);
}

static void
lose_patience(struct parent *parent)
{
    if (!parent->stop_us || parent->has_killed ||
        clock_monotonic_us() - parent->stop_us < PATIENCE_US)
        return;
    log_warn("processes", "ending by force what has not ended");
    parent->has_killed = true;
    tell_children(parent, SIGKILL);
}

/* -- the parent ----------------------------------------------------------- */

static int64_t
until_next_us(const struct parent *parent)
{
    int64_t now_us = clock_monotonic_us();
    int64_t next_us = now_us + FOREVER_US;
    if (parent->stop_us && !parent->has_killed)
        return parent->stop_us + PATIENCE_US - now_us;
    for (int i = 0; i < parent->count && !parent->stop_us; i++) {
        const struct child *child = &parent->children[i];
        if (!child->pid && child->due_us < next_us)
            next_us = child->due_us;
    }
    return next_us - now_us;
}

static void
wait_for_news(struct parent *parent)
{
    int64_t us = until_next_us(parent);
    if (us < 0)
        us = 0;
    struct timespec wait = {.tv_sec = us / 1000000,
                            .tv_nsec = us % 1000000 * 1000};
    switch (sigtimedwait(&parent->signals, NULL, &wait)) {
    case SIGTERM:
    case SIGINT:
    case SIGUSR1:
        stop(parent);
        break;
    case SIGHUP:
        log_reopen();
        tell_children(parent, SIGHUP);
        break;
    default: /* a child's end, or the time has come */
        break;
    }
    reap(parent);
    lose_patience(parent);
}

/* What the spawner ignores the parent would never hear of. */
static void
take_signals(struct parent *parent)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGUSR1, SIGHUP, SIGCHLD};
    sigemptyset(&parent->signals);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        signal(numbers[i], SIG_DFL);
        sigaddset(&parent->signals, numbers[i]);
    }
    sigprocmask(SIG_BLOCK, &parent->signals, &parent->before);
}

/* --new-epoch is for one start, and before anybody serves: a process of its own
 * does it, so that nothing of the queue is open when the others begin. */
static bool
give_epoch(struct options *options)
{
    static struct server server;
    if (!options->new_epoch)
        return true;
    pid_t pid = fork();
    if (pid == 0) {
        bool good = server_init(&server, options);
        if (good)
            server_fini(&server);
        _exit(good ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    int status = -1;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    options->new_epoch = 0;
    if (status != 0)
        log_error("processes", "the queue was given no new epoch");
    return status == 0;
}

/* Those that it may run on: containers and taskset count. */
static int
cores(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}

static int
count_of(const struct options *options)
{
    int count = options->processes ? (int)options->processes : cores();
    return count < SPREAD_PLACES_MAX ? count : SPREAD_PLACES_MAX;
}

bool
processes_start(struct options *options, int listener_count,
                const int *listeners, struct spread **spread, int *status)
{
    static struct parent parent;
    *spread = NULL;
    *status = EXIT_FAILURE;
    parent = (struct parent){.options = options,
                             .listeners = listeners,
                             .listener_count = listener_count,
                             .count = count_of(options)};
    if (parent.count == 1)
        return true;
    parent.page = spread_page_new(parent.count);
    if (!parent.page) {
        log_error("processes", "no memory to share: %m");
        return false;
    }
    if (!give_epoch(options))
        return false;
    take_signals(&parent);
    log_info("processes", "starting processes=%d", parent.count);
    while (!parent.stop_us || has_children(&parent)) {
        if (!parent.stop_us && start_due(&parent, spread))
            return true;
        wait_for_news(&parent);
    }
    log_info("processes", "stopped");
    *status = EXIT_SUCCESS;
    return false;
}

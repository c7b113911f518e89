#include "progress.h"

#include "base/bytes.h"
#include "drive/drive.h"
#include "plan.h"
#include "target/target.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LINE_SIZE = 400, WIDTH_USUAL = 80 };

struct progress {
    bool is_live; /* standard error is a terminal */
    bool is_verbose;
    bool is_drawn;
    int number, count;
    const struct plan *plan; /* of the run; NULL: none */
};

static const char *const phases[] = {
    [PHASE_CONNECT] = "connecting", [PHASE_SETTLE] = "settling",
    [PHASE_WARM_UP] = "warming up", [PHASE_MAIN] = "measuring",
    [PHASE_DRAIN] = "draining",     [PHASE_OVER] = "over",
};

struct progress *
progress_new(bool is_verbose)
{
    struct progress *progress = xcalloc(1, sizeof *progress);
    progress->is_live = isatty(STDERR_FILENO);
    progress->is_verbose = is_verbose;
    return progress;
}

static void
wipe(struct progress *progress)
{
    if (progress->is_drawn)
        fputs("\r\033[K", stderr);
    progress->is_drawn = false;
}

void
progress_free(struct progress *progress)
{
    if (!progress)
        return;
    wipe(progress);
    free(progress);
}

static int
terminal_width(void)
{
    struct winsize size;
    bool is_told = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col;
    return is_told ? size.ws_col : WIDTH_USUAL;
}

static void
draw(struct progress *progress, const char *text)
{
    fprintf(stderr, "\r%s\033[K", text);
    progress->is_drawn = true;
}

static void
append_rate(struct bytes *line, const char *what, double per_s)
{
    if (per_s >= 0.05)
        bytes_printf(line, "  %.*f %s/s", per_s < 10 ? 1 : 0, per_s, what);
}

static void
append_latency(struct bytes *line, const char *what, double us)
{
    double ms = us / 1000;
    if (us > 0)
        bytes_printf(line, "  %s %.*f ms", what,
                     ms < 10    ? 2
                     : ms < 100 ? 1
                                : 0,
                     ms);
}

static void
append_state(struct bytes *line, const struct plan *plan,
             const struct drive_progress *state)
{
    bytes_printf(line, "  %s", phases[state->phase]);
    if (state->left_s >= 0)
        bytes_printf(line, ", %.0f s left", ceil(state->left_s));
    else if (state->elapsed_s >= 1)
        bytes_printf(line, " for %.0f s", floor(state->elapsed_s));
    if (state->phase == PHASE_CONNECT)
        bytes_printf(line, "  %d of %d subscribed", state->subscribed,
                     plan->subscribers);
    append_rate(line, "published", state->publishes_per_s);
    append_rate(line, "delivered", state->deliveries_per_s);
    append_latency(line, "p50", state->p50_us);
    append_latency(line, "p99", state->p99_us);
    if (state->lost_told)
        bytes_printf(line, "  the server told of %llu losses",
                     (unsigned long long)state->lost_told);
}

void
progress_line(char *out, size_t size, int width, const struct plan *plan,
              const struct drive_progress *state)
{
    struct bytes line = BYTES_EMPTY;
    bytes_printf(&line, "%s %s %s", plan->scenario, plan->subscribe->transport,
                 plan->subscribe->way);
    append_state(&line, plan, state);
    int room = width > 1 ? width - 1 : 0;
    snprintf(out, size, "%.*s", (int)line.len < room ? (int)line.len : room,
             line.data);
    bytes_fini(&line);
}

void
progress_begin(struct progress *progress, int number, int count,
               const struct plan *plan)
{
    progress->number = number;
    progress->count = count;
    progress->plan = plan;
}

void
progress_phase(struct progress *progress, enum phase phase)
{
    if (progress->plan && phase != PHASE_OVER)
        progress_remark(progress, "[%d/%d] %s %s %s %s, %s", progress->number,
                        progress->count, progress->plan->scenario,
                        progress->plan->target->name,
                        progress->plan->subscribe->transport,
                        progress->plan->subscribe->way, phases[phase]);
}

void
progress_tell(struct progress *progress, const struct drive_progress *state)
{
    if (!progress->plan || !progress->is_live)
        return;
    char text[LINE_SIZE], line[LINE_SIZE + 32];
    int width = terminal_width();
    int head = snprintf(line, sizeof line, "[%d/%d] ", progress->number,
                        progress->count);
    progress_line(text, sizeof text, width - head, progress->plan, state);
    snprintf(line + head, sizeof line - (size_t)head, "%s", text);
    draw(progress, line);
}

void
progress_end(struct progress *progress)
{
    progress->plan = NULL;
    wipe(progress);
}

void
progress_wait(struct progress *progress, const char *what)
{
    if (progress->is_live)
        draw(progress, what);
}

void
progress_say(struct progress *progress, const char *format, ...)
{
    va_list args;
    wipe(progress);
    va_start(args, format);
    fputs("earshot-bench: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

void
progress_remark(struct progress *progress, const char *format, ...)
{
    if (!progress->is_verbose)
        return;
    va_list args;
    wipe(progress);
    va_start(args, format);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

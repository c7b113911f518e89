#include "session/progress.h"

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

static int
decimals_of(double ms)
{
    return ms < 10 ? 2 : ms < 100 ? 1 : 0;
}

static void
append_rates(struct bytes *line, const struct drive_progress *state)
{
    double in = state->publishes_per_s, out = state->deliveries_per_s;
    if (in >= 0.05 || out >= 0.05)
        bytes_printf(line, "  %.*f -> %.*f/s", in < 10, in, out < 10, out);
}

static void
append_latency(struct bytes *line, const struct drive_progress *state)
{
    double p50_ms = state->p50_us / 1000, p99_ms = state->p99_us / 1000;
    if (p50_ms > 0)
        bytes_printf(line, "  p50 %.*f p99 %.*f ms", decimals_of(p50_ms),
                     p50_ms, decimals_of(p99_ms), p99_ms);
}

/* Short, for it must fit beside the run's name: what is published -> what
 * arrives. While it measures, the time that is left says so. */
static void
append_state(struct bytes *line, const struct plan *plan,
             const struct drive_progress *state)
{
    bool has_left = state->left_s >= 0;
    if (!has_left || state->phase != PHASE_MAIN)
        bytes_printf(line, "  %s%s", phases[state->phase], has_left ? "," : "");
    else
        bytes_append_char(line, ' ');
    if (has_left)
        bytes_printf(line, " %.0f s left", ceil(state->left_s));
    else if (state->elapsed_s >= 1)
        bytes_printf(line, " for %.0f s", floor(state->elapsed_s));
    if (state->phase == PHASE_CONNECT)
        bytes_printf(line, "  %d of %d subscribed", state->subscribed,
                     plan->subscribers);
    append_rates(line, state);
    append_latency(line, state);
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
        progress_remark(progress, "%d/%d %s %s %s %s, %s", progress->number,
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
    int head = snprintf(line, sizeof line, "%d/%d ", progress->number,
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

__attribute__((format(printf, 2, 0))) static void
print_line(struct progress *progress, const char *format, va_list args)
{
    wipe(progress);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

void
progress_say(struct progress *progress, const char *format, ...)
{
    va_list args;
    wipe(progress);
    fputs("earshot-bench: ", stderr);
    va_start(args, format);
    print_line(progress, format, args);
    va_end(args);
}

void
progress_announce(struct progress *progress, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (progress->is_live || progress->is_verbose)
        print_line(progress, format, args);
    va_end(args);
}

void
progress_remark(struct progress *progress, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (progress->is_verbose)
        print_line(progress, format, args);
    va_end(args);
}

/* One command that measures: opens the targets, looks whether they can be
 * asked what is going to be asked, runs the agenda, keeps the results, and
 * tells them. */
#ifndef EARSHOT_BENCH_SESSION_SESSION_H
#define EARSHOT_BENCH_SESSION_SESSION_H

struct settings;

/* What a process ends with. */
enum exit {
    EXIT_GOOD = 0,
    EXIT_BAD = 1,   /* messages were lost, a run broke, nobody was there */
    EXIT_USAGE = 2, /* the command line is wrong */
    EXIT_REGRESSION = 3,
    EXIT_SIGNAL = 128, /* and the signal's number */
};

/* The command line ARGC, ARGV is kept with the results. */
int session_run(const struct settings *settings, int argc, char *const *argv);

#endif

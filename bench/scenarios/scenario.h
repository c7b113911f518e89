/* Scenarios: what can be asked of a server, each by one word. A scenario makes
 * one plan or several of what the command line leaves free, and most leave the
 * rest to drive/. Those that need more than one run for an answer have a file
 * of their own beside this one. */
#ifndef EARSHOT_BENCH_SCENARIO_H
#define EARSHOT_BENCH_SCENARIO_H

#include "plan.h"

struct bench;
struct result;
struct settings;

/* The numbers of a scenario, where the command line gives none. */
struct scale {
    int subscribers;
    int publishers;
    double rate_per_s; /* 0: closed loop */
    double seconds;
    double warm_up_s;
    int size;
    double poll_interval_s;
};

/* Takes a plan that a scenario has made; it is copied. */
struct plans {
    void (*add)(struct plans *plans, const struct plan *plan);
};

struct scenario {
    const char *word;
    const char *about; /* for --help */
    bool is_default;   /* runs when no scenario is named */
    struct scale scale;
    /* Whether it has a question for that transport; NULL: for each. */
    bool (*suits)(const struct entrance *subscribe);
    /* Makes its plans of BASE, whose numbers are those of the scale or of the
     * command line; NULL: BASE is the one. */
    void (*vary)(const struct plan *base, const struct settings *settings,
                 struct plans *plans);
    /* Carries PLAN out; NULL: bench_run() does. */
    struct result *(*run)(struct bench *bench, const struct plan *plan);
    enum upset upset;
    int tries; /* about how many runs a plan takes; 0: one */
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

const struct scenario *scenario_find(const char *word);

/* In the files of their names. */
bool hold_suits(const struct entrance *subscribe);
void hold_vary(const struct plan *base, const struct settings *settings,
               struct plans *plans);
struct result *hold_run(struct bench *bench, const struct plan *plan);
bool poll_interval_suits(const struct entrance *subscribe);
void poll_interval_vary(const struct plan *base,
                        const struct settings *settings, struct plans *plans);
struct result *poll_interval_run(struct bench *bench, const struct plan *plan);
void publish_vary(const struct plan *base, const struct settings *settings,
                  struct plans *plans);
void ramp_vary(const struct plan *base, const struct settings *settings,
               struct plans *plans);
struct result *ramp_run(struct bench *bench, const struct plan *plan);
void resume_vary(const struct plan *base, const struct settings *settings,
                 struct plans *plans);

#endif

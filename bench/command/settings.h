/* What earshot-bench is told: the command line, and nothing else. One table of
 * options serves reading, --help and the test that compares both with the
 * manual. */
#ifndef EARSHOT_BENCH_COMMAND_SETTINGS_H
#define EARSHOT_BENCH_COMMAND_SETTINGS_H

#include "command/requests.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum command { COMMAND_RUN, COMMAND_COMPARE, COMMAND_REPORT };

enum publish_by { PUBLISH_BY_POST, PUBLISH_BY_WS };
enum spacing { SPACING_POISSON, SPACING_FIXED };
enum format {
    FORMAT_UNSAID = -2,
    FORMAT_PAGE = -1, /* report.html */
    FORMAT_TABLE,
    FORMAT_JSON,
    FORMAT_HGRM
};

/* A list of strings, NULL at its end; the strings belong to the command line
 * unless said otherwise. */
struct words {
    char **items;
    size_t count;
};

/* Numbers that were not given are SETTING_FREE: the scenario decides. */
enum { SETTING_FREE = -1 };

struct settings {
    enum command command;
    struct words scenarios;   /* none: those that run by default */
    struct words files;       /* of compare and report */
    struct words targets;     /* --target */
    struct words sets;        /* --set */
    struct words pids;        /* --pid, SIDE=PID */
    struct words transports;  /* none: all; the strings are ours */
    struct words ways;        /* likewise */
    struct requests requests; /* --publish, --subscribe and theirs */
    const char *url;
    const char *output;
    const char *report;
    const char *resume;
    int publish_by; /* enum publish_by */
    int format;     /* enum format; never FORMAT_UNSAID when it was read */
    int spacing;    /* enum spacing */
    bool all, self, print_target, insecure, verbose, help, version;
    double subscribers;
    double publishers;
    double channels;
    double rate_per_s;
    double seconds;
    double warm_up_s;
    double size;
    double poll_interval_s;
    double bound_ms;
    double repeat;
    double seed;
    double threads;
    double patience_s;
    double regression; /* of compare: per cent */
};

/* Reads the command line into SETTINGS. False when something is wrong, which
 * then has been said on COMPLAINTS, with what to write instead. */
__attribute__((warn_unused_result)) bool
settings_read(struct settings *settings, int argc, char **argv,
              FILE *complaints);
void settings_fini(struct settings *settings);

void settings_help(FILE *file);

/* Whether LIST is empty or has WORD. */
bool words_allow(const struct words *list, const char *word);
bool words_have(const struct words *list, const char *word);

#endif

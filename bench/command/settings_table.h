/* The table of options (settings_table.c), for who reads them and who prints
 * them. */
#ifndef EARSHOT_BENCH_COMMAND_SETTINGS_TABLE_H
#define EARSHOT_BENCH_COMMAND_SETTINGS_TABLE_H

#include "command/settings.h"

enum option_kind {
    OPTION_TEXT,
    OPTION_TEXTS,   /* may be given several times */
    OPTION_REQUEST, /* of --publish and --subscribe, whose order counts */
    OPTION_LIST, /* words with commas between, of `choice` where there is one */
    OPTION_WORD, /* one of `choice`; kept as the word's place (int) */
    OPTION_WHOLE, /* a whole number, kept as a double */
    OPTION_DECIMAL,
    OPTION_FLAG,
};

/* A set of 1 << enum command. */
enum { OF_RUN = 1, OF_COMPARE = 2, OF_REPORT = 4, OF_ALL = 7 };

struct option {
    const char *name;
    char letter; /* -o; or 0 */
    int commands;
    enum option_kind kind;
    size_t offset;      /* into struct settings */
    const char *takes;  /* what --help shows for its value */
    const char *choice; /* words with | between, or NULL */
    double low, high;
    const char *standard; /* the default, as one would write it; NULL: none */
    const char *help;
};

extern const struct option settings_table[];
extern const size_t settings_table_size;

#endif

/* The tables of what the programs can be told (options_table.c), for who reads
 * options and who prints them. */
#ifndef EARSHOT_OPTIONS_TABLE_H
#define EARSHOT_OPTIONS_TABLE_H

#include "options.h"

#include <stddef.h>

enum kind {
    KIND_TEXT,
    KIND_SAID, /* a text that is not empty when it is given, and "" else */
    KIND_WORD, /* one of a few words; the value is its place */
    KIND_NUMBER,
    KIND_SECONDS,      /* decimals allowed; kept in microseconds */
    KIND_MILLISECONDS, /* kept in microseconds */
    KIND_FLAG,
};

/* Sets of 1 << enum program. */
enum programs {
    FCGI = 1 << PROGRAM_FCGI,
    WS = 1 << PROGRAM_WS,
    BOTH = FCGI | WS,
    PUBLISH = 1 << PROGRAM_PUBLISH,
    TAIL = 1 << PROGRAM_TAIL,
    CHANNELS = 1 << PROGRAM_CHANNELS,
    PRUNE = 1 << PROGRAM_PRUNE,
    CHECK = 1 << PROGRAM_CHECK,
    BACKUP = 1 << PROGRAM_BACKUP,
    MIGRATE = 1 << PROGRAM_MIGRATE,
    STATS = 1 << PROGRAM_STATS,
    DOCTOR = 1 << PROGRAM_DOCTOR,
    /* Every command of `earshot`, and those that look into a queue's file. */
    ON_FILE =
        PUBLISH | TAIL | CHANNELS | PRUNE | CHECK | BACKUP | MIGRATE | STATS,
    ADMIN = ON_FILE | DOCTOR,
};

struct option {
    const char *name;
    unsigned programs;
    enum kind kind;
    size_t offset;
    const char *words; /* KIND_WORD: with | between; else what help shows */
    double low, high;
    const char *standard; /* the default, as one would write it; NULL: none */
    const char *help;
};

extern const struct option options_table[];
extern const size_t options_table_size;

/* What a program is called, and what it is for. */
struct program_words {
    const char *name;
    const char *usage; /* what follows the name */
    const char *purpose;
    size_t operands_min, operands_max;
};

extern const struct program_words options_programs[PROGRAMS];

#endif

/* The commands of `earshot`, the administrator's tool. One file each; main.c
 * has the table of them. What they can be told is in fcgi/options_table.c, as
 * of the other programs: each command counts as a program. */
#ifndef EARSHOT_ADMIN_COMMANDS_H
#define EARSHOT_ADMIN_COMMANDS_H

#include "options.h"

/* How `earshot` ends; EXIT_USAGE is 2. */
enum admin_exit {
    ADMIN_GOOD = 0,
    ADMIN_BAD = 1,   /* it was not done, or something is wrong */
    ADMIN_LATER = 3, /* not now: the same command may be tried again */
};

struct command {
    const char *word;
    enum program program;
    /* Does it, with OPTIONS that were read; returns how to exit. */
    int (*run)(const struct options *options);
};

int publish_command(const struct options *options);
int tail_command(const struct options *options);
int channels_command(const struct options *options);
int prune_command(const struct options *options);
int check_command(const struct options *options);
int backup_command(const struct options *options);
int migrate_command(const struct options *options);
int stats_command(const struct options *options);
int doctor_command(const struct options *options);

#endif

/* earshot: the administrator's tool. */

#include "commands.h"
#include "options_table.h"

#include "base/log.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct command commands[] = {
    {"publish", PROGRAM_PUBLISH, publish_command},
    {"tail", PROGRAM_TAIL, tail_command},
    {"channels", PROGRAM_CHANNELS, channels_command},
    {"prune", PROGRAM_PRUNE, prune_command},
    {"check", PROGRAM_CHECK, check_command},
    {"backup", PROGRAM_BACKUP, backup_command},
    {"migrate", PROGRAM_MIGRATE, migrate_command},
    {"stats", PROGRAM_STATS, stats_command},
    {"doctor", PROGRAM_DOCTOR, doctor_command},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void
print_help(FILE *file)
{
    fputs("Usage: earshot COMMAND [OPTION…]\n\n"
          "Looks after Earshot: its queue, and what is published there.\n\n"
          "Commands:\n\n",
          file);
    for (size_t i = 0; i < COMMANDS; i++) {
        const struct program_words *words =
            &options_programs[commands[i].program];
        fprintf(file, "  %s %s\n", commands[i].word, words->usage);
    }
    fputs("\nearshot COMMAND --help says more of each. --queue PATH or "
          "EARSHOT_QUEUE names\nthe queue's file.\n\n"
          "Exit status: 0 done; 1 not done, or something is wrong; 2 the "
          "command line is\nwrong; 3 not now: the same command may be tried "
          "again.\n",
          file);
}

static const struct command *
find(const char *word)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].word, word) == 0)
            return &commands[i];
    return NULL;
}

static int
run(const struct command *command, int argc, char *const *argv)
{
    struct options options;
    int status;
    if (!options_begin(&options, command->program, argc, argv, &status))
        return status;
    /* What is wrong is said by the commands; the rest is the servers'. */
    if (!log_open("/dev/null", LOG_LEVEL_ERROR))
        return ADMIN_BAD;
    umask(0007); /* what is made beside the queue is shared by its group */
    if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
        return ADMIN_BAD;
    status = command->run(&options);
    curl_global_cleanup();
    if (fflush(stdout) != 0 && status == ADMIN_GOOD) {
        perror("earshot: done, but it cannot be told");
        status = ADMIN_BAD;
    }
    return status;
}

int
main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    if (strcmp(word, "--help") == 0 || strcmp(word, "help") == 0) {
        print_help(stdout);
        return ADMIN_GOOD;
    }
    if (strcmp(word, "--version") == 0) {
        puts("earshot " PACKAGE_VERSION);
        return ADMIN_GOOD;
    }
    const struct command *command = find(word);
    if (command)
        return run(command, argc - 1, argv + 1);
    if (*word)
        fprintf(stderr, "earshot: there is no command \"%s\"; ", word);
    else
        fputs("earshot: which command? ", stderr);
    fputs("See earshot --help\n", stderr);
    return EXIT_USAGE;
}

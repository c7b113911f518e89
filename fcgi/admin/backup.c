/* earshot backup, earshot migrate: the file as a whole. */
#include "commands.h"

#include "file.h"
#include "queue/admin.h"

#include <inttypes.h>
#include <stdio.h>

int
backup_command(const struct options *options)
{
    char problem[ADMIN_PROBLEM_SIZE];
    const char *to = options->operands[0];
    int64_t messages = 0;
    if (!file_asked(options, "backup"))
        return ADMIN_BAD;
    if (!admin_backup(options->queue, to, options->force, &messages, problem))
        return file_complain("backup", "%s", problem);
    printf("%s: %" PRId64 " messages\n", to, messages);
    return ADMIN_GOOD;
}

int
migrate_command(const struct options *options)
{
    char problem[ADMIN_PROBLEM_SIZE];
    int64_t from, to;
    if (!file_asked(options, "migrate"))
        return ADMIN_BAD;
    if (!admin_wait_turn(options->queue, FILE_WAIT_MS, problem)) {
        file_complain("migrate", "%s", problem);
        return ADMIN_LATER;
    }
    if (!admin_migrate(options->queue, &from, &to, problem))
        return file_complain("migrate", "%s", problem);
    if (from == to)
        printf("%s has version %" PRId64 " already, the newest\n",
               options->queue, to);
    else
        printf("%s: from version %" PRId64 " to %" PRId64 "\n", options->queue,
               from, to);
    return ADMIN_GOOD;
}

#include "cost/bare.h"

#include "base/bytes.h"
#include "program_files.h"
#include "sentence.h"
#include "target/target.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char program[] = "earshot-bare-sse";

static char *
program_path(void)
{
    char *home = program_directory();
    struct bytes path = BYTES_EMPTY;
    bytes_printf(&path, "%s/%s", home ? home : ".", program);
    free(home);
    if (access(path.data, X_OK) != 0) {
        path.len = 0;
        bytes_printf(&path, "%s/%s", EARSHOT_LIBEXEC, program);
    }
    return path.data;
}

/* Its first line: the address where it listens. */
static bool
read_address(int fd, char *address, size_t size)
{
    size_t len = 0;
    ssize_t got;
    while (len < size - 1 && (got = read(fd, address + len, 1)) == 1 &&
           address[len] != '\n')
        len++;
    address[len] = 0;
    return strncmp(address, "http://", 7) == 0;
}

static struct target *
target_at(const char *address)
{
    struct bytes json = BYTES_EMPTY;
    char *problem = NULL;
    bytes_printf(&json,
                 "{\"name\":\"bare SSE server\",\"publish\":[{\"by\":\"post\","
                 "\"way\":\"direct\",\"method\":\"POST\",\"url\":\"%s/"
                 "{channel}\",\"body\":\"{token}\"}],\"subscribe\":[{"
                 "\"transport\":\"sse\",\"way\":\"direct\",\"url\":\"%s/"
                 "{channel}/sse\"}]}",
                 address, address);
    struct target *target =
        target_read(program, json.data, json.len, NULL, &problem);
    free(problem);
    bytes_fini(&json);
    return target;
}

/* The processors that are not ours, when somebody has given us some of them:
 * there the server shall not be in the client's way. Otherwise ours. */
static cpu_set_t
processors_of_the_others(void)
{
    cpu_set_t ours, others;
    CPU_ZERO(&others);
    if (sched_getaffinity(0, sizeof ours, &ours) != 0)
        return others;
    for (int i = 0; i < (int)sysconf(_SC_NPROCESSORS_ONLN); i++)
        if (!CPU_ISSET((size_t)i, &ours))
            CPU_SET((size_t)i, &others);
    return CPU_COUNT(&others) ? others : ours;
}

/* In the child: only what is safe between fork and exec. */
static void
become(const char *path, int out, const cpu_set_t *processors)
{
    dup2(out, STDOUT_FILENO);
    sched_setaffinity(0, sizeof *processors, processors);
    execl(path, program, "--with-parent", (char *)NULL);
    _exit(127);
}

char *
bare_start(struct bare *bare)
{
    int from[2];
    char address[64];
    if (pipe2(from, O_CLOEXEC) != 0)
        return sentence("The bare server cannot be started: no pipe");
    char *path = program_path();
    cpu_set_t processors = processors_of_the_others();
    *bare = (struct bare){.pid = fork()};
    if (bare->pid == 0)
        become(path, from[1], &processors);
    close(from[1]);
    bool is_good = bare->pid > 0 &&
                   read_address(from[0], address, sizeof address) &&
                   (bare->target = target_at(address)) != NULL;
    close(from[0]);
    char *problem =
        is_good ? NULL
                : sentence("The bare server, by which earshot-bench measures "
                           "itself, cannot be started: %s",
                           path);
    if (!is_good)
        bare_stop(bare);
    free(path);
    return problem;
}

void
bare_stop(struct bare *bare)
{
    if (bare->pid > 0) {
        kill(bare->pid, SIGTERM);
        waitpid(bare->pid, NULL, 0);
    }
    target_free(bare->target);
    *bare = (struct bare){0};
}

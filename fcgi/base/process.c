#include "base/process.h"

#include "base/bytes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Reads a small file of /proc whole. Its length, or -1. */
static ssize_t
slurp(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    size_t len = 0;
    ssize_t got;
    while (len < size - 1 && (got = read(fd, out + len, size - 1 - len)) > 0)
        len += (size_t)got;
    close(fd);
    out[len] = 0;
    return (ssize_t)len;
}

static int64_t
ticks_ns(long long ticks)
{
    return ticks * (1000000000 / sysconf(_SC_CLK_TCK));
}

bool
process_read(int pid, struct process *process)
{
    char path[40], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (slurp(path, text, sizeof text) <= 0)
        return false;
    /* The name may hold anything, brackets and spaces too: it ends at the last
     * bracket. */
    char *name = strchr(text, '('), *end = strrchr(text, ')');
    if (!name || !end)
        return false;
    char state;
    int parent;
    long long user, system;
    unsigned long long started;
    if (sscanf(end + 1,
               " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %lld %lld "
               "%*d %*d %*d %*d %llu",
               &state, &parent, &user, &system, &started) != 5 ||
        state == 'X')
        return false;
    *process = (struct process){.pid = pid,
                                .parent = parent,
                                .started = started,
                                .children_ns = ticks_ns(user + system)};
    *end = 0;
    snprintf(process->name, sizeof process->name, "%s", name + 1);
    return true;
}

static int
by_pid(const void *one, const void *other)
{
    const struct process *a = one, *b = other;
    return a->pid < b->pid ? -1 : a->pid > b->pid;
}

struct process *
process_table(size_t *count)
{
    size_t room = 256;
    struct process *table = xmalloc(room * sizeof *table);
    *count = 0;
    DIR *directory = opendir("/proc");
    struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        int pid = atoi(entry->d_name);
        if (*count == room)
            table = xrealloc(table, (room *= 2) * sizeof *table);
        if (pid > 0 && process_read(pid, &table[*count]))
            ++*count;
    }
    if (directory)
        closedir(directory);
    qsort(table, *count, sizeof *table, by_pid);
    return table;
}

const struct process *
process_of(const struct process *table, size_t count, int pid)
{
    struct process wanted = {.pid = pid};
    return bsearch(&wanted, table, count, sizeof *table, by_pid);
}

int64_t
process_cpu_ns(int pid)
{
    /* The clock of another process: to the nanosecond, where its stat has
     * hundredths of a second, and with the threads that have ended, which its
     * tasks' schedstat forget. */
    clockid_t clock;
    struct timespec time;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time))
        return -1;
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* Calls VISIT with the number of each task of PID. */
static void
each_task(int pid, void (*visit)(void *context, int pid, int tid),
          void *context)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *directory = opendir(path);
    struct dirent *entry;
    while (directory && (entry = readdir(directory)))
        if (atoi(entry->d_name) > 0)
            visit(context, pid, atoi(entry->d_name));
    if (directory)
        closedir(directory);
}

static int64_t
number_behind(const char *text, const char *label)
{
    const char *at = strstr(text, label);
    return at ? strtoll(at + strlen(label), NULL, 10) : 0;
}

static void
add_switches(void *context, int pid, int tid)
{
    int64_t *sum = context;
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/task/%d/status", pid, tid);
    if (slurp(path, text, sizeof text) > 0)
        *sum += number_behind(text, "\nvoluntary_ctxt_switches:") +
                number_behind(text, "\nnonvoluntary_ctxt_switches:");
}

int64_t
process_switches(int pid)
{
    int64_t sum = 0;
    each_task(pid, add_switches, &sum);
    return sum;
}

double
process_memory(int pid)
{
    char path[40], text[4096];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    if (slurp(path, text, sizeof text) > 0)
        return (double)number_behind(text, "\nPss:") * 1024;
    return process_resident(pid);
}

double
process_resident(int pid)
{
    char path[40], text[256];
    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    long long resident = 0;
    if (slurp(path, text, sizeof text) > 0 &&
        sscanf(text, "%*d %lld", &resident) == 1)
        return (double)resident * (double)sysconf(_SC_PAGESIZE);
    return 0;
}

int64_t
process_files(int pid)
{
    char path[40];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    if (stat(path, &status) == 0 && status.st_size > 0)
        return status.st_size; /* from Linux 6.2 on */
    DIR *directory = opendir(path);
    if (!directory)
        return -1;
    int64_t count = pid == getpid() ? -1 : 0; /* the one that we look by */
    for (struct dirent *entry; (entry = readdir(directory));)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

int64_t
process_files_max(int pid)
{
    struct rlimit limit;
    if (prlimit(pid, RLIMIT_NOFILE, NULL, &limit) != 0)
        return -1;
    return (int64_t)limit.rlim_cur;
}

struct threads {
    struct thread_time *all;
    size_t count, room;
};

static void
add_thread(void *context, int pid, int tid)
{
    struct threads *threads = context;
    char path[64], text[128];
    snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", pid, tid);
    if (slurp(path, text, sizeof text) <= 0)
        return;
    if (threads->count == threads->room) {
        threads->room = threads->room ? threads->room * 2 : 16;
        threads->all =
            xrealloc(threads->all, threads->room * sizeof *threads->all);
    }
    threads->all[threads->count++] =
        (struct thread_time){tid, strtoll(text, NULL, 10)};
}

struct thread_time *
process_own_threads(size_t *count)
{
    struct threads threads = {0};
    each_task(getpid(), add_thread, &threads);
    *count = threads.count;
    return threads.all;
}

void
machine_time_read(struct machine_time *time)
{
    char text[1024];
    long long user, nice, system, idle, wait, interrupt, soft, stolen;
    *time = (struct machine_time){0, (int)sysconf(_SC_NPROCESSORS_ONLN)};
    if (slurp("/proc/stat", text, sizeof text) > 0 &&
        sscanf(text, "cpu %lld %lld %lld %lld %lld %lld %lld %lld", &user,
               &nice, &system, &idle, &wait, &interrupt, &soft, &stolen) == 8)
        time->busy_ns =
            ticks_ns(user + nice + system + interrupt + soft + stolen);
}

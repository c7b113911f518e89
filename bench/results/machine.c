#include "results/machine.h"

#include "base/bytes.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>
#include <event2/event.h>

/* The value behind NAME in a file of lines like `NAME<BETWEEN>value', without
 * quotes; NULL when there is none. */
static char *
line_of(const char *path, const char *name, char between)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    char line[512];
    char *found = NULL;
    while (!found && fgets(line, sizeof line, file)) {
        char *value = strchr(line, between);
        if (!value || strncmp(line, name, strlen(name)) != 0)
            continue;
        value += 1 + strspn(value + 1, " \t\"");
        value[strcspn(value, "\"\n")] = '\0';
        found = xstrdup(value);
    }
    fclose(file);
    return found;
}

static int
core_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set);
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

static char *
kernel(void)
{
    struct utsname name;
    if (uname(&name) != 0)
        return NULL;
    struct bytes text = BYTES_EMPTY;
    bytes_printf(&text, "%s %s %s", name.sysname, name.release, name.machine);
    bytes_append_char(&text, '\0');
    return text.data;
}

static char *
virtualised(void)
{
    if (access("/.dockerenv", F_OK) == 0 ||
        access("/run/.containerenv", F_OK) == 0)
        return xstrdup("container");
    char *flags = line_of("/proc/cpuinfo", "flags", ':');
    bool is_guest = flags && strstr(flags, " hypervisor");
    free(flags);
    return is_guest ? xstrdup("virtual machine") : NULL;
}

void
machine_look(struct machine *machine)
{
    machine_fini(machine);
    machine->cpu = line_of("/proc/cpuinfo", "model name", ':');
    machine->cores = core_count();
    struct sysinfo info;
    if (sysinfo(&info) == 0)
        machine->memory_bytes = (double)info.totalram * info.mem_unit;
    machine->kernel = kernel();
    machine->distribution = line_of("/etc/os-release", "PRETTY_NAME", '=');
    machine->virtualised = virtualised();
    machine->earshot = xstrdup(PACKAGE_VERSION);
    machine->libcurl = xstrdup(curl_version_info(CURLVERSION_NOW)->version);
    machine->libevent = xstrdup(event_get_version());
}

static const char *
file_system(const char *directory)
{
    static const struct {
        unsigned long magic;
        const char *name;
    } known[] = {
        {0xef53, "ext4"},      {0x58465342, "xfs"},       {0x9123683e, "btrfs"},
        {0x01021994, "tmpfs"}, {0x794c7630, "overlayfs"}, {0x2fc12fc1, "zfs"},
        {0x6969, "nfs"},       {0xf2f52010, "f2fs"},      {0x01021997, "9p"},
        {0x65735546, "fuse"},
    };
    struct statfs about;
    if (statfs(directory, &about) != 0)
        return "unknown";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].magic == (unsigned long)about.f_type)
            return known[i].name;
    return "another";
}

static double
now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int
compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

enum { DISK_ROUNDS = 200 };

/* What each of DISK_ROUNDS syncs took, sorted. */
static bool
time_syncs(int fd, double us[DISK_ROUNDS])
{
    static const char block[4096];
    for (int i = 0; i < DISK_ROUNDS; i++) {
        double before = now_us();
        if (pwrite(fd, block, sizeof block, (off_t)(i * sizeof block)) !=
                (ssize_t)sizeof block ||
            fdatasync(fd) != 0)
            return false;
        us[i] = now_us() - before;
    }
    qsort(us, DISK_ROUNDS, sizeof *us, compare_doubles);
    return true;
}

bool
machine_measure_disk(struct machine *machine, const char *directory)
{
    struct bytes path = BYTES_EMPTY;
    bytes_printf(&path, "%s/earshot-bench-XXXXXX", directory);
    bytes_append_char(&path, '\0');
    double us[DISK_ROUNDS];
    int fd = mkostemp(path.data, O_CLOEXEC);
    bool is_good = fd >= 0 && time_syncs(fd, us);
    if (fd >= 0) {
        unlink(path.data);
        close(fd);
    }
    bytes_fini(&path);
    if (!is_good)
        return false;
    free(machine->disk_path);
    free(machine->disk_system);
    machine->disk_path = xstrdup(directory);
    machine->disk_system = xstrdup(file_system(directory));
    machine->fdatasync_p50_us = us[DISK_ROUNDS / 2];
    machine->fdatasync_p99_us = us[DISK_ROUNDS * 99 / 100];
    return true;
}

void
machine_fini(struct machine *machine)
{
    free(machine->cpu);
    free(machine->kernel);
    free(machine->distribution);
    free(machine->virtualised);
    free(machine->earshot);
    free(machine->libcurl);
    free(machine->libevent);
    free(machine->disk_path);
    free(machine->disk_system);
    *machine = (struct machine){0};
}

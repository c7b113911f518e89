#include "results/machine.h"

#include "base/bytes.h"
#include "cost/disk.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
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

bool
machine_measure_disk(struct machine *machine, const char *directory)
{
    struct disk disk;
    if (!disk_measure(directory, &disk))
        return false;
    free(machine->disk_path);
    free(machine->disk_system);
    machine->disk_path = xstrdup(directory);
    machine->disk_system = xstrdup(disk.file_system);
    machine->fdatasync_p50_us = disk.p50_us;
    machine->fdatasync_p99_us = disk.p99_us;
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

#include "cost/disk.h"

#include "base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLES = 200, WRITE_BYTES = 4096 };

static const int64_t limit_ns = INT64_C(2000000000);

static int64_t
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* The type of the file system on DEVICE, by the kernel's list of mounts:
 * "36 35 98:0 /root /mnt rw,noatime master:1 - ext4 /dev/sda1 rw". */
static void
name_file_system(dev_t device, char *name, size_t size)
{
    char line[4096], type[32];
    unsigned major_number, minor_number;
    FILE *file = fopen("/proc/self/mountinfo", "re");
    snprintf(name, size, "unknown");
    while (file && fgets(line, sizeof line, file)) {
        const char *behind = strstr(line, " - ");
        if (behind &&
            sscanf(line, "%*d %*d %u:%u", &major_number, &minor_number) == 2 &&
            makedev(major_number, minor_number) == device &&
            sscanf(behind, " - %31s", type) == 1)
            snprintf(name, size, "%s", type);
    }
    if (file)
        fclose(file);
}

static int
by_value(const void *one, const void *other)
{
    int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;
    return a < b ? -1 : a > b;
}

/* Writes behind what is there, as a log does, and waits until it is on disk. */
static bool
measure(int fd, struct disk *disk)
{
    static const char page[WRITE_BYTES];
    int64_t took[SAMPLES], begin_ns = now_ns();
    int count = 0;
    while (count < SAMPLES && now_ns() - begin_ns < limit_ns) {
        if (pwrite(fd, page, sizeof page, (off_t)count * WRITE_BYTES) !=
            WRITE_BYTES)
            return false;
        int64_t from_ns = now_ns();
        if (fdatasync(fd) != 0)
            return false;
        took[count++] = now_ns() - from_ns;
    }
    qsort(took, (size_t)count, sizeof *took, by_value);
    disk->samples = count;
    disk->p50_us = (double)took[count / 2] / 1e3;
    disk->p99_us = (double)took[count * 99 / 100] / 1e3;
    return true;
}

bool
disk_measure(const char *directory, struct disk *disk)
{
    struct bytes path = BYTES_EMPTY;
    bytes_printf(&path, "%s/.earshot-bench-XXXXXX", directory);
    int fd = mkostemp(path.data, O_CLOEXEC);
    if (fd < 0) {
        bytes_fini(&path);
        return false;
    }
    unlink(path.data);
    bytes_fini(&path);
    struct stat status;
    struct disk found = {0};
    bool is_good = fstat(fd, &status) == 0 && measure(fd, &found);
    int error = errno;
    close(fd);
    errno = error;
    if (!is_good)
        return false;
    name_file_system(status.st_dev, found.file_system,
                     sizeof found.file_system);
    found.is_durable = strcmp(found.file_system, "tmpfs") != 0 &&
                       strcmp(found.file_system, "ramfs") != 0;
    *disk = found;
    return true;
}

char *
disk_tell(const struct disk *disk)
{
    struct bytes text = BYTES_EMPTY;
    if (disk->is_durable)
        bytes_printf(&text, "%s: fdatasync takes %.2f ms (p50), %.2f ms (p99)",
                     disk->file_system, disk->p50_us / 1e3, disk->p99_us / 1e3);
    else
        bytes_printf(&text, "%s: nothing is durable here", disk->file_system);
    return text.data;
}

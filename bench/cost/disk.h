/* What it takes to have bytes on disk, where a queue lies. */
#ifndef EARSHOT_BENCH_DISK_H
#define EARSHOT_BENCH_DISK_H

#include <stdbool.h>

struct disk {
    char file_system[32]; /* "ext4", "tmpfs", … */
    bool is_durable;      /* false: in memory, nothing there survives */
    int samples;
    double p50_us; /* of fdatasync(2), behind a write of 4 KiB each time */
    double p99_us;
};

/* Measures in DIRECTORY, with a file of its own that it removes: 200 times, but
 * at most for about two seconds. False, with errno set, when no file can be
 * written there. */
bool disk_measure(const char *directory, struct disk *disk);

/* The same as a sentence, for people, to be freed: "ext4: fdatasync takes 0.43
 * ms (p50), 0.9 ms (p99)"; "tmpfs: nothing is durable here". */
char *disk_tell(const struct disk *disk);

#endif

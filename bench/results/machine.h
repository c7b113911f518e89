/* The machine on which was measured, and with which versions. */
#ifndef EARSHOT_BENCH_MACHINE_H
#define EARSHOT_BENCH_MACHINE_H

#include <stdbool.h>

struct machine {
    char *cpu; /* its model, or NULL; so are all strings */
    int cores; /* that this process may use; 0: unknown */
    double memory_bytes;
    char *kernel;       /* "Linux 6.1.0-18-amd64 x86_64" */
    char *distribution; /* "Debian GNU/Linux 12 (bookworm)" */
    char *virtualised;  /* "hypervisor", "container", or NULL */
    char *earshot;      /* versions */
    char *libcurl;
    char *libevent;
    char *disk_path;         /* where the queue lies, when that was measured */
    char *disk_system;       /* "ext4", "tmpfs", … */
    double fdatasync_p50_us; /* 0: not measured */
    double fdatasync_p99_us;
};

/* Fills in what /proc and the libraries tell. */
void machine_look(struct machine *machine);
/* Measures what it takes to have bytes on disk in DIRECTORY (cost/disk.h).
 * False when no file can be written there. */
bool machine_measure_disk(struct machine *machine, const char *directory);
void machine_fini(struct machine *machine);

#endif

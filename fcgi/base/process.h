/* Processes as /proc shows them: who is whose child, and what one has used. It
 * knows no sides. */
#ifndef EARSHOT_BASE_PROCESS_H
#define EARSHOT_BASE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One line of the table of all processes. A pid is given again; with the time
 * at which it started it is one process. */
struct process {
    int pid;
    int parent;
    uint64_t started;    /* in the kernel's ticks since boot */
    char name[16];       /* of its program, shortened by the kernel */
    int64_t children_ns; /* used by children that have ended and were waited
                            for, theirs included */
};

/* Reads PID's line. False when there is none. One that has ended stays until it
 * is waited for: then its time is told to its parent. */
bool process_read(int pid, struct process *process);

/* All of them, in an array to be freed, sorted by pid. */
struct process *process_table(size_t *count);
const struct process *process_of(const struct process *table, size_t count,
                                 int pid);

/* Processor time that it has used, all its threads, those that have ended
 * included; < 0: it is gone. */
int64_t process_cpu_ns(int pid);
/* Context switches of the threads that it has now, of both kinds. */
int64_t process_switches(int pid);
/* Bytes of memory: Pss, or what is resident; 0: nobody tells. */
double process_memory(int pid);
/* Bytes of it that are resident, which costs less to ask. */
double process_resident(int pid);
/* Descriptors that it has open, and how many it may have; -1: nobody tells,
 * as of another user's. Before Linux 6.2 they have to be counted, a microsecond
 * each. */
int64_t process_files(int pid);
int64_t process_files_max(int pid);

/* Our own threads' processor time, in an array to be freed, by thread id. */
struct thread_time {
    int tid;
    int64_t cpu_ns;
};

struct thread_time *process_own_threads(size_t *count);

/* The machine's processors: what all of them were busy with and that a
 * hypervisor kept, and how many there are. */
struct machine_time {
    int64_t busy_ns;
    int processors;
};

void machine_time_read(struct machine_time *time);

#endif

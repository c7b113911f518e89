/* What lies around the queue's file: who may use it, and on what it lies. */
#include "queue/sqlite_admin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#define WAL_LARGE (INT64_C(64) << 20)
#define SPACE_LITTLE (INT64_C(64) << 20)

#ifndef CIFS_SUPER_MAGIC
#define CIFS_SUPER_MAGIC 0xff534d42
#endif
#ifndef SMB2_SUPER_MAGIC
#define SMB2_SUPER_MAGIC 0xfe534d42
#endif
#ifndef FUSE_SUPER_MAGIC
#define FUSE_SUPER_MAGIC 0x65735546
#endif

static char *
directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static const char *
group_name(gid_t group, char name[64])
{
    const struct group *found = getgrgid(group);
    if (found)
        snprintf(name, 64, "%s", found->gr_name);
    else
        snprintf(name, 64, "%ld", (long)group);
    return name;
}

static void
check_directory(const char *directory, const struct findings *findings)
{
    struct stat found;
    if (stat(directory, &found) < 0) {
        admin_found(findings, ADMIN_WRONG, "the directory %s: %s", directory,
                    strerror(errno));
        return;
    }
    if (found.st_mode & S_IWOTH)
        admin_found(findings, ADMIN_WRONG,
                    "everybody may write in the directory %s, and so put "
                    "another queue there: chmod 2770 %s",
                    directory, directory);
    else if ((found.st_mode & 02070) != 02070)
        admin_found(findings, ADMIN_NOTE,
                    "the directory %s has mode %04o: when several users write "
                    "the queue, as a web server's and an administrator's, it "
                    "wants 2770 and their common group: chmod 2770 %s",
                    directory, (unsigned)(found.st_mode & 07777), directory);
    if (access(directory, W_OK | X_OK) < 0)
        admin_found(findings, ADMIN_WRONG,
                    "you may not write in the directory %s (%s): so this check "
                    "sees the queue as no program may",
                    directory, strerror(errno));
}

/* One of the queue's files, against the directory, whose group it shares. */
static void
check_file(const char *path, const struct stat *directory,
           const struct findings *findings)
{
    char want[64], have[64];
    struct stat found;
    if (stat(path, &found) < 0)
        return;
    if (!S_ISREG(found.st_mode)) {
        admin_found(findings, ADMIN_WRONG, "%s is no plain file", path);
        return;
    }
    if (found.st_mode & S_IRWXO)
        admin_found(findings, ADMIN_WRONG, "everybody may %s %s: chmod 660 %s",
                    found.st_mode & S_IWOTH ? "write" : "read", path, path);
    if (!(directory->st_mode & S_ISGID))
        return;
    if (found.st_gid != directory->st_gid)
        admin_found(findings, ADMIN_WRONG,
                    "%s belongs to the group %s, its directory to %s, so some "
                    "users of the queue may not write it: chgrp %s %s",
                    path, group_name(found.st_gid, have),
                    group_name(directory->st_gid, want),
                    group_name(directory->st_gid, want), path);
    else if ((found.st_mode & 060) != 060)
        admin_found(findings, ADMIN_WRONG,
                    "the group may not read and write %s (mode %04o): chmod "
                    "660 %s",
                    path, (unsigned)(found.st_mode & 07777), path);
}

static void
check_files(const char *path, const char *directory,
            const struct findings *findings)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-lock",
                                           "-bell"};
    struct stat around = {0}, found;
    (void)!stat(directory, &around);
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
        char *name = admin_beside(path, suffixes[i]);
        check_file(name, &around, findings);
        free(name);
    }
    char *wal = admin_beside(path, "-wal");
    if (stat(wal, &found) == 0 && found.st_size > WAL_LARGE)
        admin_found(findings, ADMIN_WRONG,
                    "%s has %lld MiB: some program has been reading the queue "
                    "for long without an end, or none of Earshot's runs. Find "
                    "it by: fuser %s",
                    wal, (long long)found.st_size >> 20, path);
    free(wal);
}

static bool
is_notice(const char *name)
{
    if (strncmp(name, "figures-", 8) == 0)
        name += 8;
    return *name >= '0' && *name <= '9';
}

/* A notice (notice.h) whose lock is free was left by a process that was killed.
 */
static void
check_presence(const char *path, const struct findings *findings)
{
    char *name = admin_beside(path, "-presence");
    DIR *directory = opendir(name);
    struct dirent *entry;
    int stale = 0;
    while (directory && (entry = readdir(directory))) {
        int fd = is_notice(entry->d_name)
                     ? openat(dirfd(directory), entry->d_name,
                              O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
                     : -1;
        if (fd < 0)
            continue;
        stale += flock(fd, LOCK_SH | LOCK_NB) == 0;
        close(fd);
    }
    if (stale)
        admin_found(findings, ADMIN_NOTE,
                    "%s has %d files of processes that were killed; the next "
                    "that counts subscribers removes them",
                    name, stale);
    if (directory)
        closedir(directory);
    free(name);
}

static void
check_file_system(const char *directory, const struct findings *findings)
{
    struct statfs found;
    if (statfs(directory, &found) < 0)
        return;
    switch ((unsigned long)found.f_type & 0xffffffff) {
    case NFS_SUPER_MAGIC:
    case CIFS_SUPER_MAGIC:
    case SMB_SUPER_MAGIC:
    case SMB2_SUPER_MAGIC:
    case AFS_SUPER_MAGIC:
    case CODA_SUPER_MAGIC:
    case V9FS_MAGIC:
        admin_found(findings, ADMIN_WRONG,
                    "%s lies on a network's file system, where WAL's shared "
                    "memory and locks do not work: put the queue on a disk of "
                    "this machine",
                    directory);
        return;
    case FUSE_SUPER_MAGIC:
        admin_found(findings, ADMIN_NOTE,
                    "%s lies on a file system in user space (FUSE), which may "
                    "not lock and sync as a disk does",
                    directory);
        return;
    case TMPFS_MAGIC:
    case RAMFS_MAGIC:
        admin_found(findings, ADMIN_NOTE,
                    "%s lies in memory (tmpfs): the queue is gone when the "
                    "machine restarts",
                    directory);
        return;
    default:
        return;
    }
}

static void
check_space(const char *directory, const struct findings *findings)
{
    struct statvfs found;
    if (statvfs(directory, &found) < 0)
        return;
    int64_t left = (int64_t)found.f_bavail * (int64_t)found.f_frsize;
    if (found.f_flag & ST_RDONLY)
        admin_found(findings, ADMIN_WRONG,
                    "%s is mounted read-only: nothing can be published",
                    directory);
    if (left < SPACE_LITTLE)
        admin_found(findings, ADMIN_WRONG,
                    "the disk under %s is %s (%lld MiB left): make room, or "
                    "keep less (earshot prune, --keep-bytes)",
                    directory, left ? "almost full" : "full",
                    (long long)left >> 20);
    if (found.f_files && !found.f_favail)
        admin_found(findings, ADMIN_WRONG,
                    "the disk under %s has no room for another file (inodes)",
                    directory);
}

void
admin_check_around(const char *path, const struct findings *findings)
{
    char *directory = directory_of(path);
    check_directory(directory, findings);
    check_files(path, directory, findings);
    check_presence(path, findings);
    check_file_system(directory, findings);
    check_space(directory, findings);
    free(directory);
}

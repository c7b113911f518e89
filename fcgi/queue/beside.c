#include "queue/beside.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
give_to_owner(int fd, const char *path)
{
    char *copy = strdup(path);
    struct stat directory;
    if (copy && stat(dirname(copy), &directory) == 0)
        (void)!fchown(fd, directory.st_uid, directory.st_gid);
    free(copy);
}

int
beside_open(const char *path, int flags)
{
    flags |= O_CLOEXEC | O_NOFOLLOW;
    int fd = open(path, flags | O_CREAT | O_EXCL, 0660);
    if (fd < 0)
        return errno == EEXIST ? open(path, flags) : -1;
    if (geteuid() == 0)
        give_to_owner(fd, path);
    (void)!fchmod(fd, 0660);
    return fd;
}

#include "program_files.h"

#include "base/bytes.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

char *
program_directory(void)
{
    char path[PATH_SIZE];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path);
    if (len <= 0 || len == sizeof path)
        return NULL;
    const char *slash = memrchr(path, '/', (size_t)len);
    return slash ? xmemdup0(path, (size_t)(slash - path)) : NULL;
}

static bool
is_installed(void)
{
    char *program = program_directory();
    bool it_is = program && strcmp(program, EARSHOT_BINDIR) == 0;
    free(program);
    return it_is;
}

char *
servers_directory(void)
{
    return is_installed() ? xstrdup(EARSHOT_LIBEXEC) : program_directory();
}

static char *
path_if_there(const char *directory, const char *name)
{
    struct bytes path = BYTES_EMPTY;
    bytes_printf(&path, "%s/%s", directory, name);
    bytes_append_char(&path, '\0');
    if (access(path.data, F_OK) == 0)
        return path.data;
    bytes_fini(&path);
    return NULL;
}

char *
program_file(const char *name)
{
    char *path =
        is_installed() ? NULL : path_if_there(EARSHOT_BENCH_SOURCE, name);
    return path ? path : path_if_there(EARSHOT_BENCH_DATA, name);
}

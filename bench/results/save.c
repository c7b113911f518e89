#include "results/save.h"

#include "base/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
is_special(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && !S_ISREG(about.st_mode);
}

static char *
beside(const char *path)
{
    struct bytes name = BYTES_EMPTY;
    bytes_printf(&name, "%s.%d.new", path, (int)getpid());
    bytes_append_char(&name, '\0');
    return name.data;
}

static bool
fill(FILE *file, bool (*write)(FILE *file, const void *context),
     const void *context, bool must_sync)
{
    bool is_good = write(file, context) && fflush(file) == 0 &&
                   (!must_sync || fsync(fileno(file)) == 0);
    int error = errno;
    if (fclose(file) != 0 && is_good) {
        error = errno;
        is_good = false;
    }
    errno = error;
    return is_good;
}

static char *
sentence(const char *path)
{
    const char *why = strerror(errno);
    struct bytes text = BYTES_EMPTY;
    bytes_printf(&text, "cannot write %s: %s", path, why);
    bytes_append_char(&text, '\0');
    return text.data;
}

bool
save_file(const char *path, bool (*write)(FILE *file, const void *context),
          const void *context, char **problem)
{
    bool is_direct = is_special(path);
    char *name = is_direct ? xstrdup(path) : beside(path);
    FILE *file = fopen(name, "we");
    bool is_good = file && fill(file, write, context, !is_direct);
    if (is_good && !is_direct)
        is_good = rename(name, path) == 0;
    if (!is_good) {
        *problem = sentence(path);
        if (!is_direct)
            unlink(name);
    }
    free(name);
    return is_good;
}

#include "base/bytes.h"
#include "program_files.h"
#include "target/target.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char suffix[] = ".json";

static int
is_target(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name), tail = sizeof suffix - 1;
    return len > tail && strcmp(entry->d_name + len - tail, suffix) == 0;
}

/* "bare-sse, earshot, …" */
static void
append_names(struct bytes *text)
{
    char *directory = program_file("targets");
    struct dirent **entries = NULL;
    int count =
        directory ? scandir(directory, &entries, is_target, alphasort) : 0;
    for (int i = 0; i < count; i++) {
        bytes_printf(text, "%s%.*s", i ? ", " : "",
                     (int)(strlen(entries[i]->d_name) - sizeof suffix + 1),
                     entries[i]->d_name);
        free(entries[i]);
    }
    if (count <= 0)
        bytes_append_string(text, "none, for they were not installed");
    free(entries);
    free(directory);
}

char *
target_path(const char *name, char **problem)
{
    if (strchr(name, '/') || access(name, F_OK) == 0)
        return xstrdup(name);
    struct bytes text = BYTES_EMPTY;
    bytes_printf(&text, "targets/%s%s", name, suffix);
    bytes_append_char(&text, '\0');
    char *path = program_file(text.data);
    bytes_fini(&text);
    if (path)
        return path;
    bytes_printf(&text,
                 "there is no file \"%s\", nor a ready target of that name; "
                 "these are ready: ",
                 name);
    append_names(&text);
    bytes_append_char(&text, '\0');
    *problem = text.data;
    return NULL;
}

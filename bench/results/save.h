/* Writes a file so that it is either the old one or the new one, and never a
 * part of it. */
#ifndef EARSHOT_BENCH_SAVE_H
#define EARSHOT_BENCH_SAVE_H

#include <stdbool.h>
#include <stdio.h>

/* Lets WRITE fill a file beside PATH, brings it to the disk and renames it.
 * False with a sentence in *PROBLEM (to be freed); PATH is untouched then. What
 * is no regular file (/dev/stdout, a pipe) is written to as it is. */
bool save_file(const char *path, bool (*write)(FILE *file, const void *context),
               const void *context, char **problem);

#endif

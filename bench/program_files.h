/* Where the files lie that belong to the program and are not in it: the ready
 * targets, and what starts peers. */
#ifndef EARSHOT_BENCH_PROGRAM_FILES_H
#define EARSHOT_BENCH_PROGRAM_FILES_H

/* The path of NAME ("peers/run", "targets/earshot.json"), to be freed: among
 * the sources of a program that was not installed, else where `make install'
 * has put it. NULL when it is in neither place. */
char *program_file(const char *name);

/* The directory in which the program itself lies, to be freed; NULL when the
 * system does not tell. */
char *program_directory(void);

/* The directory of Earshot's servers, to be freed: where this program lies, or
 * where `make install' has put them. NULL when nobody knows. */
char *servers_directory(void);

#endif

/* Where the files lie that belong to the program and are not in it: the ready
 * targets, and what starts peers. */
#ifndef EARSHOT_BENCH_HOME_H
#define EARSHOT_BENCH_HOME_H

/* The path of NAME ("peers/run", "targets/earshot.json"), to be freed: among
 * the sources of a program that was not installed, else where `make install'
 * has put it. NULL when it is in neither place. */
char *home_path(const char *name);

/* The directory in which the program itself lies, to be freed; NULL when the
 * system does not tell. */
char *home_of_program(void);

/* The directory of Earshot's servers, to be freed: where this program lies, or
 * where `make install' has put them. NULL when nobody knows. */
char *home_of_servers(void);

#endif

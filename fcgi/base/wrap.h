/* Text for a terminal. */
#ifndef EARSHOT_BASE_WRAP_H
#define EARSHOT_BASE_WRAP_H

#include <stdio.h>

/* Prints TEXT in lines of at most 79 columns, each behind INDENT blanks. */
void wrap_print(FILE *file, const char *text, int indent);

#endif

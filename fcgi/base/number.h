/* Numbers as people write them. */
#ifndef EARSHOT_BASE_NUMBER_H
#define EARSHOT_BASE_NUMBER_H

#include <stdbool.h>

/* Reads a decimal number, whole: no sign, no blanks, no exponent, no
 * hexadecimal, no infinity. False for anything else. */
bool number_read(const char *text, double *number);

#endif

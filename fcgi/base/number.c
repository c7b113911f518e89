#include "base/number.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool
number_read(const char *text, double *number)
{
    if (!text[0] || strspn(text, "0123456789.") != strlen(text))
        return false;
    char *end;
    errno = 0;
    *number = strtod(text, &end);
    return !errno && !*end && isfinite(*number);
}

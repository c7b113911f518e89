#include "sentence.h"

#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>

char *
sentence(const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    return len < 0 ? xstrdup("out of memory") : text;
}

#include "base/wrap.h"

#include <string.h>

enum { COLUMNS = 79 };

void
wrap_print(FILE *file, const char *text, int indent)
{
    int column = 0;
    while (*text) {
        int len = (int)strcspn(text, " ");
        if (column && column + 1 + len > COLUMNS) {
            fputc('\n', file);
            column = 0;
        }
        column += column ? fprintf(file, " %.*s", len, text)
                         : fprintf(file, "%*s%.*s", indent, "", len, text);
        text += len + (text[len] == ' ');
    }
    fputc('\n', file);
}

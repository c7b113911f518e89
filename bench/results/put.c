#include "results/put.h"

#include "base/bytes.h"
#include "base/json.h"
#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void
put_string(struct bytes *out, const char *text)
{
    if (!text) {
        bytes_append_string(out, "null");
        return;
    }
    size_t len = strlen(text);
    char *copy = xmemdup0(text, len);
    if (!utf8_valid(text, len))
        for (size_t i = 0; i < len; i++)
            if ((unsigned char)copy[i] >= 0x80)
                copy[i] = '?';
    json_append_string(out, copy, len);
    free(copy);
}

void
put_number(struct bytes *out, double number)
{
    if (!isfinite(number))
        bytes_append_string(out, "null");
    else if (number == floor(number) && fabs(number) < 9e15)
        bytes_append_number(out, (int64_t)number);
    else
        bytes_printf(out, "%.15g", number);
}

void
put_named(struct bytes *out, const char *name, double number)
{
    bytes_printf(out, ",\"%s\":", name);
    put_number(out, number);
}

void
put_named_string(struct bytes *out, const char *name, const char *text)
{
    bytes_printf(out, ",\"%s\":", name);
    put_string(out, text);
}

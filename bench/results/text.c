#include "results/text.h"

#include "base/bytes.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Puts commas into the digits that end OUT and are LEN long. */
static void
add_commas(struct bytes *out, const char *digits, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            bytes_append_char(out, ',');
        bytes_append_char(out, digits[i]);
    }
}

void
text_count(struct bytes *out, uint64_t count)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, count);
    add_commas(out, digits, (size_t)len);
}

void
text_number(struct bytes *out, double number)
{
    double size = fabs(number);
    if (isnan(number))
        bytes_append_string(out, "–");
    else if (size < 0.00005)
        bytes_append_char(out, '0');
    else if (size < 0.0095)
        bytes_printf(out, "%.4f", number);
    else if (size < 0.995)
        bytes_printf(out, "%.3f", number);
    else if (size < 9.995)
        bytes_printf(out, "%.2f", number);
    else if (size < 99.95)
        bytes_printf(out, "%.1f", number);
    else if (number < 0)
        bytes_printf(out, "%.0f", number);
    else
        text_count(out, (uint64_t)llround(number));
}

void
text_rough(struct bytes *out, double number)
{
    double unit = pow(10, floor(log10(fabs(number))) - 1);
    double rounded = round(number / unit) * unit;
    if (rounded >= 10)
        text_count(out, (uint64_t)llround(rounded));
    else
        bytes_printf(out, "%.2g", rounded);
}

void
text_setting(struct bytes *out, double number)
{
    if (number >= 1 && number == floor(number) && number < 1e15)
        text_count(out, (uint64_t)number);
    else
        bytes_printf(out, "%g", number);
}

void
text_range(struct bytes *out, double low, double high)
{
    struct bytes left = BYTES_EMPTY, right = BYTES_EMPTY;
    text_number(&left, low);
    text_number(&right, high);
    bytes_append(out, left.data, left.len);
    if (left.len != right.len || memcmp(left.data, right.data, left.len)) {
        bytes_append_string(out, "–");
        bytes_append(out, right.data, right.len);
    }
    bytes_fini(&left);
    bytes_fini(&right);
}

void
text_duration(struct bytes *out, double us)
{
    double value = us < 999.5 ? us : us < 999500 ? us / 1e3 : us / 1e6;
    text_number(out, value);
    bytes_append_string(out, us < 999.5 ? " µs" : us < 999500 ? " ms" : " s");
}

int
text_width(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static int
word_width(const char *word, size_t *len)
{
    int width = 0;
    for (*len = 0; word[*len] && word[*len] != ' '; ++*len)
        width += ((unsigned char)word[*len] & 0xc0) != 0x80;
    return width;
}

/* Control characters of ASCII, and those that UTF-8 spells C2 80 to C2 9F. */
static void
print_word(FILE *file, const char *word, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)word[i];
        bool is_second =
            i + 1 < len && c == 0xc2 && (unsigned char)word[i + 1] < 0xa0;
        fputc(c < 0x20 || c == 0x7f || is_second ? '?' : c, file);
        i += is_second;
    }
}

void
text_wrap(FILE *file, const char *text, int width, int indent,
          const char *first)
{
    int at = fprintf(file, "%s", first) ? text_width(first) : 0;
    int start = at;
    while (*text) {
        size_t len;
        int wide = word_width(text, &len);
        if (at > start && at + 1 + wide > width) {
            fprintf(file, "\n%*s", indent, "");
            at = start = indent;
        } else if (at > start) {
            fputc(' ', file);
            at++;
        }
        print_word(file, text, len);
        at += wide;
        text += len;
        text += strspn(text, " ");
    }
    fputc('\n', file);
}

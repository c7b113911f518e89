#include "doctor_report.h"

#include "base/bytes.h"
#include "base/json.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { INDENT = 7, WIDTH = 79 };

static const char *const verdict_words[] = {
    [VERDICT_NONE] = "none",       [VERDICT_GOOD] = "ok",
    [VERDICT_NOTE] = "note",       [VERDICT_WRONG] = "wrong",
    [VERDICT_UNKNOWN] = "unknown",
};

void
report_fini(struct report *report)
{
    for (int i = 0; i < FINDINGS; i++)
        free(report->entries[i].seen);
    *report = (struct report){0};
}

static bool
is_listed(const char *list, const char *code)
{
    size_t code_len = strlen(code);
    while (list && *list) {
        list += strspn(list, ", ");
        size_t len = strcspn(list, ", ");
        if (len == code_len && memcmp(list, code, len) == 0)
            return true;
        list += len;
    }
    return false;
}

/* What it quotes is another's, and need not be UTF-8. */
static void
clean(char *text)
{
    if (!utf8_valid(text, strlen(text)))
        for (; *text; text++)
            if ((unsigned char)*text >= 0x80)
                *text = '?';
}

__attribute__((format(printf, 4, 0))) static void
set(struct report *report, enum finding finding, enum verdict verdict,
    const char *format, va_list args)
{
    char *seen;
    if (report_has(report, finding))
        return;
    if (vasprintf(&seen, format, args) < 0)
        abort();
    clean(seen);
    free(report->entries[finding].seen);
    report->entries[finding].seen = seen;
    report->entries[finding].verdict = verdict;
    report->entries[finding].is_ignored =
        is_listed(report->ignore, finding_words(finding)->code);
}

void
report_found(struct report *report, enum finding finding, const char *format,
             ...)
{
    va_list args;
    va_start(args, format);
    set(report, finding,
        finding_is_note(finding, report->server) ? VERDICT_NOTE : VERDICT_WRONG,
        format, args);
    va_end(args);
}

void
report_good(struct report *report, enum finding finding, const char *format,
            ...)
{
    va_list args;
    va_start(args, format);
    set(report, finding, VERDICT_GOOD, format, args);
    va_end(args);
}

void
report_unknown(struct report *report, enum finding finding, const char *format,
               ...)
{
    va_list args;
    va_start(args, format);
    set(report, finding, VERDICT_UNKNOWN, format, args);
    va_end(args);
}

bool
report_has(const struct report *report, enum finding finding)
{
    return report->entries[finding].verdict == VERDICT_WRONG ||
           report->entries[finding].verdict == VERDICT_NOTE;
}

int
report_count(const struct report *report, enum verdict verdict)
{
    int count = 0;
    for (int i = 0; i < FINDINGS; i++)
        count += report->entries[i].verdict == verdict &&
                 !report->entries[i].is_ignored;
    return count;
}

/* -- for people ---------------------------------------------------------- */

/* Bytes of a server's that a terminal would obey become a question mark: C0,
 * DEL and C1, which in UTF-8 are 0xc2 and one of 0x80 to 0x9f. */
static int
put(FILE *file, const char *text, int len)
{
    int columns = 0;
    for (int i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == 0xc2 && (unsigned char)text[i + 1] < 0xa0)
            continue;
        bool is_c1 = c < 0xa0 && i && (unsigned char)text[i - 1] == 0xc2;
        fputc(c < 0x20 || c == 0x7f || is_c1 ? '?' : c, file);
        columns += (c & 0xc0) != 0x80;
    }
    return columns;
}

/* TEXT in lines of WIDTH columns behind INDENT blanks; the first line begins at
 * COLUMN. */
static void
put_wrapped(FILE *file, const char *text, int column)
{
    bool is_first = true;
    while (*text) {
        int len = (int)strcspn(text, " ");
        if (!is_first && column + 1 + len > WIDTH) {
            fprintf(file, "\n%*s", INDENT, "");
            column = INDENT;
        } else if (!is_first) {
            fputc(' ', file);
            column++;
        }
        column += put(file, text, len);
        text += len + (text[len] == ' ');
        is_first = false;
    }
    fputc('\n', file);
}

static void
put_paragraph(FILE *file, const char *text)
{
    fprintf(file, "%*s", INDENT, "");
    put_wrapped(file, text, INDENT);
}

static void
put_fix(FILE *file, const struct report *report, enum finding finding)
{
    const char *fix = finding_fix(finding, report->server);
    fprintf(file, "%*sTo change, for %s:\n", INDENT, "",
            web_server_name(report->server));
    while (*fix) {
        int len = (int)strcspn(fix, "\n");
        fprintf(file, "%*s%.*s\n", INDENT + 4, "", len, fix);
        fix += len + (fix[len] == '\n');
    }
}

static void
put_entry(FILE *file, const struct report *report, enum finding finding)
{
    static const char *const marks[] = {
        [VERDICT_NONE] = "",     [VERDICT_GOOD] = "ok",
        [VERDICT_NOTE] = "note", [VERDICT_WRONG] = "WRONG",
        [VERDICT_UNKNOWN] = "?",
    };
    const struct finding_words *words = finding_words(finding);
    enum verdict verdict = report->entries[finding].verdict;
    const char *seen = report->entries[finding].seen;
    bool is_ignored = report->entries[finding].is_ignored;
    bool is_found = report_has(report, finding);
    struct bytes line = BYTES_EMPTY;
    bytes_printf(&line, "%s", is_found ? words->title : words->good);
    if (verdict == VERDICT_UNKNOWN) {
        line.len = 0;
        bytes_printf(&line, "not known whether %s", words->good);
    }
    if (!is_found && seen[0])
        bytes_printf(&line, ": %s", seen);
    if (is_found)
        bytes_printf(&line, " (%s)", words->code);
    bytes_append_char(&line, '\0');
    fprintf(file, "%-*s", INDENT, is_ignored ? "(" : marks[verdict]);
    put_wrapped(file, line.data, INDENT);
    bytes_fini(&line);
    if (!is_found)
        return;
    if (seen[0])
        put_paragraph(file, seen);
    if (is_ignored)
        return;
    put_paragraph(file, words->why);
    put_fix(file, report, finding);
}

void
report_print(const struct report *report, FILE *file, const char *url,
             const char *about)
{
    static const enum verdict order[] = {VERDICT_GOOD, VERDICT_UNKNOWN,
                                         VERDICT_NOTE, VERDICT_WRONG};
    put(file, url, (int)strlen(url));
    fputs(": ", file);
    put(file, about, (int)strlen(about));
    fputs("\n\n", file);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        for (int f = 0; f < FINDINGS; f++)
            if (report->entries[f].verdict == order[i])
                put_entry(file, report, (enum finding)f);
    }
    fprintf(file, "\n%d wrong, %d to know, %d not known, %d good.\n",
            report_count(report, VERDICT_WRONG),
            report_count(report, VERDICT_NOTE),
            report_count(report, VERDICT_UNKNOWN),
            report_count(report, VERDICT_GOOD));
}

/* -- for programs -------------------------------------------------------- */

static void
append_member(struct bytes *json, const char *name, const char *text)
{
    bytes_printf(json, "\"%s\":", name);
    if (!text) {
        bytes_append_string(json, "null");
        return;
    }
    char *copy = xstrdup(text);
    clean(copy);
    json_append_string(json, copy, strlen(copy));
    free(copy);
}

static void
append_entry(struct bytes *json, const struct report *report,
             enum finding finding)
{
    const struct finding_words *words = finding_words(finding);
    bool is_found = report_has(report, finding);
    bytes_append_char(json, '{');
    append_member(json, "code", words->code);
    bytes_append_char(json, ',');
    append_member(json, "verdict",
                  verdict_words[report->entries[finding].verdict]);
    bytes_append_char(json, ',');
    append_member(json, "says", is_found ? words->title : words->good);
    bytes_append_char(json, ',');
    append_member(json, "seen", report->entries[finding].seen);
    bytes_append_char(json, ',');
    append_member(json, "change",
                  is_found ? finding_fix(finding, report->server) : NULL);
    bytes_printf(json, ",\"ignored\":%s}",
                 report->entries[finding].is_ignored ? "true" : "false");
}

void
report_print_json(const struct report *report, FILE *file, const char *url,
                  const char *software, const char *version)
{
    struct bytes json = BYTES_EMPTY;
    bytes_append_char(&json, '{');
    append_member(&json, "url", url);
    bytes_append_char(&json, ',');
    append_member(&json, "server", software[0] ? software : NULL);
    bytes_append_char(&json, ',');
    append_member(&json, "version", version[0] ? version : NULL);
    bytes_printf(&json, ",\"wrong\":%d,\"findings\":[",
                 report_count(report, VERDICT_WRONG));
    const char *comma = "";
    for (int f = 0; f < FINDINGS; f++) {
        if (report->entries[f].verdict == VERDICT_NONE)
            continue;
        bytes_append_string(&json, comma);
        append_entry(&json, report, (enum finding)f);
        comma = ",";
    }
    bytes_append_string(&json, "]}\n");
    fwrite(json.data, 1, json.len, file);
    bytes_fini(&json);
}

#include "scenarios/scenario.h"
#include "command/settings_table.h"

#include <string.h>

/* Prints TEXT in lines of at most 79 columns, each behind INDENT blanks. */
static void
print_wrapped(FILE *file, const char *text, int indent)
{
    int column = 0;
    while (*text) {
        int len = (int)strcspn(text, " ");
        if (column && column + 1 + len > 79) {
            fputc('\n', file);
            column = 0;
        }
        column += column ? fprintf(file, " %.*s", len, text)
                         : fprintf(file, "%*s%.*s", indent, "", len, text);
        text += len + (text[len] == ' ');
    }
    fputc('\n', file);
}

static void
print_options(FILE *file, int commands, int but_not_of)
{
    for (size_t i = 0; i < settings_table_size; i++) {
        const struct option *option = &settings_table[i];
        if (!(option->commands & commands) || option->commands & but_not_of)
            continue;
        fputs("  ", file);
        if (option->letter)
            fprintf(file, "-%c, ", option->letter);
        fprintf(file, "--%s", option->name);
        if (option->takes)
            fprintf(file, " %s", option->takes);
        if (option->standard)
            fprintf(file, "  (default %s)", option->standard);
        fputc('\n', file);
        print_wrapped(file, option->help, 6);
    }
}

void
settings_help(FILE *file)
{
    fputs("Usage: earshot-bench [SCENARIO…] [OPTION…]\n"
          "       earshot-bench compare [--bound PER CENT] A.json B.json\n"
          "       earshot-bench report RESULTS.json… [--format FORMAT] "
          "-o report.html\n\n"
          "Measures polling, long-polling, SSE and WebSocket against each "
          "other, on equal\nterms: what ./demo serves, a server of its own "
          "(--self), or anyone's (--target;\n--publish and --subscribe). "
          "Without a scenario it runs those marked with *, over\nall "
          "transports, in about five minutes.\n\n"
          "Scenarios:\n\n",
          file);
    for (size_t i = 0; i < scenario_count; i++) {
        fprintf(file, "  %s%s\n", scenarios[i].word,
                scenarios[i].is_default ? " *" : "");
        print_wrapped(file, scenarios[i].about, 6);
    }
    fputs("\nOptions:\n\n", file);
    print_options(file, OF_RUN, 0);
    fputs("\nOptions of compare:\n\n", file);
    print_options(file, OF_COMPARE, OF_RUN);
    fputs("\nExit status: 0 all is well; 1 messages were lost, a run broke, or "
          "there was\nnothing to be measured; 2 the command line is wrong; "
          "3 compare found a\nregression; 130 interrupted.\n",
          file);
}

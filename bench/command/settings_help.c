#include "base/wrap.h"
#include "scenarios/scenario.h"
#include "command/settings_table.h"

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
        wrap_print(file, option->help, 6);
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
        wrap_print(file, scenarios[i].about, 6);
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

#include "result.h"

#include "base/bytes.h"
#include "measure/histogram.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct result *
result_new(void)
{
    struct result *result = xcalloc(1, sizeof *result);
    result->latency = histogram_new();
    result->latency_sent = histogram_new();
    result->last = histogram_new();
    result->publish = histogram_new();
    result->publish_sent = histogram_new();
    result->connect = histogram_new();
    result->first = histogram_new();
    result->recover = histogram_new();
    return result;
}

static void
free_histograms(struct result *result)
{
    histogram_free(result->latency);
    histogram_free(result->latency_sent);
    histogram_free(result->last);
    histogram_free(result->publish);
    histogram_free(result->publish_sent);
    histogram_free(result->connect);
    histogram_free(result->first);
    histogram_free(result->recover);
}

void
result_free(struct result *result)
{
    if (!result)
        return;
    free_histograms(result);
    free(result->scenario);
    free(result->transport);
    free(result->way);
    free(result->target);
    free(result->publish_url);
    free(result->publish_by);
    free(result->durability);
    free(result->problem);
    for (int i = 0; i < result->note_count; i++)
        free(result->notes[i]);
    free(result);
}

__attribute__((format(printf, 1, 0))) static char *
sentence(const char *format, va_list arguments)
{
    char text[512];
    vsnprintf(text, sizeof text, format, arguments);
    return xstrdup(text);
}

static void
add_note(struct result *result, const char *kind, double figure, char *note)
{
    if (result->note_count == RESULT_NOTES_MAX) {
        free(note);
        return;
    }
    struct result_kind *place = &result->note_kinds[result->note_count];
    snprintf(place->word, sizeof place->word, "%s", kind);
    place->figure = figure;
    result->notes[result->note_count++] = note;
}

void
result_note(struct result *result, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_note(result, "", 0, sentence(format, arguments));
    va_end(arguments);
}

void
result_note_kind(struct result *result, const char *kind, double figure,
                 const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_note(result, kind, figure, sentence(format, arguments));
    va_end(arguments);
}

void
result_problem(struct result *result, const char *format, ...)
{
    if (result->problem)
        return;
    va_list arguments;
    va_start(arguments, format);
    result->problem = sentence(format, arguments);
    va_end(arguments);
}

bool
result_may_say(const struct result *result, double share)
{
    /* 1 - 0.99 is a little less than 0.01: a thousand messages are enough. */
    double beyond = (double)result->messages_counted * (1 - share);
    return floor(beyond + 1e-6) >= RESULT_BEYOND;
}

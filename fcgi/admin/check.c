/* earshot check: what is wrong with the queue, in words. */
#include "commands.h"

#include "base/bytes.h"
#include "base/json.h"
#include "file.h"
#include "queue/admin.h"

#include <stdio.h>
#include <string.h>

struct report {
    const struct options *options;
    int wrong, notes;
};

static void
on_finding(void *context, enum admin_weight weight, const char *sentence)
{
    struct report *report = context;
    const char *word = weight == ADMIN_WRONG ? "wrong" : "note";
    *(weight == ADMIN_WRONG ? &report->wrong : &report->notes) += 1;
    if (!report->options->json) {
        printf("%s: %s\n", word, sentence);
        return;
    }
    struct bytes json = BYTES_EMPTY;
    bytes_printf(&json, "{\"weight\":\"%s\",\"sentence\":", word);
    json_append_string(&json, sentence, strlen(sentence));
    bytes_append_string(&json, "}\n");
    fwrite(json.data, 1, json.len, stdout);
    bytes_fini(&json);
}

int
check_command(const struct options *options)
{
    struct report report = {.options = options};
    if (!file_asked(options, "check"))
        return ADMIN_BAD;
    admin_check(options->queue, on_finding, &report);
    if (!report.wrong && !options->json)
        printf("%s is sound\n", options->queue);
    return report.wrong ? ADMIN_BAD : ADMIN_GOOD;
}

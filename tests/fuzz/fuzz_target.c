/* Targets of earshot-bench: JSON, templates. The first line of the input is a
 * word that the user sets, the rest is the file. */
#include "fuzz.h"

#include "base/bytes.h"
#include "target/target.h"

#include <string.h>

static void
check_template(const char *template)
{
    if (!template)
        return;
    char *filled = target_fill(template, "room", "");
    require(strlen(filled) <= strlen(template) * strlen("room"));
    free(filled);
}

static void
check_entrance(const struct entrance *entrance)
{
    require(entrance->transport && entrance->way && entrance->method);
    require(strstr(entrance->url, "://") && !strpbrk(entrance->url, " \r\n"));
    require(entrance->accept[0] >= 100 && entrance->accept[7] == 0);
    check_template(entrance->url);
    check_template(entrance->body);
    for (char **header = entrance->headers; *header; header++) {
        require(strchr(*header, ':') && !strpbrk(*header, "\r\n"));
        check_template(*header);
    }
    for (char **hello = entrance->hello; *hello; hello++)
        check_template(*hello);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    if (!end)
        return 0;
    char *word = xmemdup0(data, (size_t)(end - data));
    char *words[] = {word, NULL};
    char *problem = NULL;
    struct target *target = target_read("target", (const char *)end + 1,
                                        size - (size_t)(end - data) - 1,
                                        *word ? words : NULL, &problem);
    require(!target == !!problem);
    for (int i = 0; target && i < target->publish_count; i++)
        check_entrance(&target->publish[i]);
    for (int i = 0; target && i < target->subscribe_count; i++)
        check_entrance(&target->subscribe[i]);
    target_free(target);
    free(problem);
    free(word);
    return 0;
}

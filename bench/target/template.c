#include "target/template.h"

#include "base/bytes.h"
#include "target/target.h"

#include <stdlib.h>
#include <string.h>

static const char name_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

enum { SHOWN_MAX = 40 };

void
vocabulary_fini(struct vocabulary *words)
{
    for (size_t i = 0; i < words->count; i++) {
        free(words->list[i].name);
        free(words->list[i].value);
    }
    free(words->list);
    *words = (struct vocabulary){0};
}

void
vocabulary_add(struct vocabulary *words, const char *name, const char *value)
{
    words->list =
        xrealloc(words->list, (words->count + 1) * sizeof *words->list);
    words->list[words->count++] =
        (struct word){.name = xstrdup(name), .value = xstrdup(value)};
}

const char *
vocabulary_get(const struct vocabulary *words, const char *name, size_t len)
{
    for (size_t i = 0; i < words->count; i++) {
        const struct word *word = &words->list[i];
        if (strlen(word->name) == len && memcmp(word->name, name, len) == 0)
            return word->value;
    }
    return NULL;
}

static bool
is_word(const char *name, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(name, word, len) == 0;
}

static bool
is_late(const char *name, size_t len)
{
    return is_word(name, len, "channel") || is_word(name, len, "token");
}

bool
word_is_name(const char *name, size_t len)
{
    if (!len || name[0] < 'a' || name[0] > 'z' || is_late(name, len))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!name[i] || !strchr(name_letters, name[i]))
            return false;
    return true;
}

static char *
sentence(struct bytes *bytes)
{
    bytes_append_char(bytes, '\0');
    return bytes->data;
}

static char *
lone_brace(const char *at)
{
    struct bytes text = BYTES_EMPTY;
    bytes_printf(&text,
                 "has a lone brace at \"%.*s\"; write {{ or }} for a brace, "
                 "and {word} for a word",
                 SHOWN_MAX, at);
    return sentence(&text);
}

static char *
unknown_word(const char *name, size_t len, const struct vocabulary *words)
{
    struct bytes text = BYTES_EMPTY;
    int shown = len > SHOWN_MAX ? SHOWN_MAX : (int)len;
    bytes_printf(&text, "names {%.*s}, which is neither {channel} nor a word ",
                 shown, name);
    if (!words->count)
        bytes_append_string(&text, "of \"set\", which has none");
    for (size_t i = 0; i < words->count; i++)
        bytes_printf(&text, "%s{%s}",
                     i ? ", " : "of \"set\": ", words->list[i].name);
    return sentence(&text);
}

/* Takes the word whose name is the LEN bytes at NAME. */
static char *
take_word(struct bytes *out, const char *name, size_t len,
          const struct vocabulary *words, bool is_token_allowed)
{
    const char *value = vocabulary_get(words, name, len);
    if (value) {
        bytes_append_string(out, value);
        return NULL;
    }
    if (is_word(name, len, "token") && !is_token_allowed)
        return xstrdup("names {token}, which only publishing has");
    if (!is_late(name, len))
        return unknown_word(name, len, words);
    bytes_append(out, name - 1, len + 2);
    return NULL;
}

char *
template_words(const char *text, const struct vocabulary *words,
               bool is_token_allowed, char **problem)
{
    struct bytes out = BYTES_EMPTY;
    char *wrong = NULL;
    while (!wrong && *text) {
        size_t plain = strcspn(text, "{}");
        bytes_append(&out, text, plain);
        text += plain;
        if (!*text)
            break;
        size_t len = strspn(text + 1, name_letters);
        if (text[1] == *text) {
            bytes_append(&out, text, 2);
            text += 2;
        } else if (*text == '{' && len && text[1 + len] == '}') {
            wrong = take_word(&out, text + 1, len, words, is_token_allowed);
            text += len + 2;
        } else {
            wrong = lone_brace(text);
        }
    }
    if (wrong) {
        bytes_fini(&out);
        *problem = wrong;
        return NULL;
    }
    return sentence(&out);
}

bool
template_has(const char *template, const char *name)
{
    for (const char *p = template; (p = strpbrk(p, "{}"));) {
        size_t len = strspn(p + 1, name_letters);
        if (p[1] != *p && is_word(p + 1, len, name))
            return true;
        p += p[1] == *p ? 2 : len + 2;
    }
    return false;
}

char *
target_fill(const char *template, const char *channel, const char *token)
{
    struct bytes out = BYTES_EMPTY;
    for (const char *p = template; *p;) {
        size_t plain = strcspn(p, "{}");
        bytes_append(&out, p, plain);
        p += plain;
        if (!*p)
            break;
        if (p[1] == *p) {
            bytes_append_char(&out, *p);
            p += 2;
            continue;
        }
        size_t len = strspn(p + 1, name_letters);
        bool is_token = is_word(p + 1, len, "token");
        bytes_append_string(&out, is_token ? (token ? token : "") : channel);
        p += len + (p[1 + len] ? 2 : 1);
    }
    return sentence(&out);
}

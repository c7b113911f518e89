#include "rules.h"

#include <string.h>

static void
take_out(struct rules *rules, size_t at)
{
    memmove(rules->rules + at, rules->rules + at + 1,
            (--rules->count - at) * sizeof *rules->rules);
}

/* The rule for PATTERN, which becomes the last one. */
static struct rule *
last_rule(struct rules *rules, const char *pattern)
{
    struct rule rule = {.rate = -1};
    memcpy(rule.pattern, pattern, strlen(pattern) + 1);
    size_t at = 0;
    while (at < rules->count && strcmp(rules->rules[at].pattern, pattern) != 0)
        at++;
    if (at < rules->count)
        rule = rules->rules[at];
    else if (rules->count == RULES_MAX)
        at = 0;
    if (at < rules->count)
        take_out(rules, at);
    rules->rules[rules->count] = rule;
    return &rules->rules[rules->count++];
}

void
rules_refuse(struct rules *rules, const char *pattern, int64_t until_us)
{
    last_rule(rules, pattern)->refused_until_us = until_us;
}

void
rules_mute(struct rules *rules, const char *pattern)
{
    last_rule(rules, pattern)->mutes = true;
}

void
rules_slow(struct rules *rules, const char *pattern, int64_t rate)
{
    last_rule(rules, pattern)->rate = rate;
}

void
rules_clear(struct rules *rules, const char *pattern)
{
    for (size_t at = rules->count; at-- > 0;)
        if (tag_pattern_covers(pattern, rules->rules[at].pattern))
            take_out(rules, at);
}

struct ruling
rules_for(const struct rules *rules, const char *tag, int64_t now_us)
{
    struct ruling ruling = {.rate = -1};
    for (size_t at = 0; at < rules->count; at++) {
        const struct rule *rule = &rules->rules[at];
        if (!tag_matches(rule->pattern, tag))
            continue;
        ruling.is_refused |= now_us < rule->refused_until_us;
        ruling.is_muted |= rule->mutes;
        if (rule->rate >= 0)
            ruling.rate = rule->rate;
    }
    return ruling;
}

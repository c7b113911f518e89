/* What the control port has ordered for tags: refuse, mute, slow. An order is
 * for a pattern and holds for connections that come later, too. Where several
 * match a tag, the one that was given last decides. */
#ifndef EARSHOT_TAP_RULES_H
#define EARSHOT_TAP_RULES_H

#include "tag.h"

#include <stdint.h>

enum { RULES_MAX = 256 }; /* then the oldest goes */

struct rule {
    char pattern[PATTERN_SIZE];
    int64_t refused_until_us;
    int64_t rate; /* bytes a second; 0: as fast as it goes; -1: not said */
    bool mutes;
};

struct rules {
    struct rule rules[RULES_MAX]; /* in the order of giving */
    size_t count;
};

/* What holds for one tag at one moment. */
struct ruling {
    bool is_refused;
    bool is_muted;
    int64_t rate; /* -1: as the request asks */
};

/* PATTERN is valid. */
void rules_refuse(struct rules *rules, const char *pattern, int64_t until_us);
void rules_mute(struct rules *rules, const char *pattern);
void rules_slow(struct rules *rules, const char *pattern, int64_t rate);

/* Takes back what was ordered for PATTERN, and for all that it covers. */
void rules_clear(struct rules *rules, const char *pattern);

struct ruling rules_for(const struct rules *rules, const char *tag,
                        int64_t now_us);

#endif

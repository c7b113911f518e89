/* One entrance of a target's file, read. target.c reads the rest. */
#ifndef EARSHOT_BENCH_ENTRANCE_H
#define EARSHOT_BENCH_ENTRANCE_H

#include <stdbool.h>

struct cJSON;
struct entrance;
struct place;
struct reading;
struct vocabulary;

/* Fills ENTRANCE, which is all zero and is to be ended with entrance_fini()
 * even when READING has a problem afterwards. */
void entrance_read_publish(struct reading *reading, const struct place *place,
                           const struct cJSON *object,
                           const struct vocabulary *words,
                           struct entrance *entrance);
void entrance_read_subscribe(struct reading *reading, const struct place *place,
                             const struct cJSON *object,
                             const struct vocabulary *words,
                             struct entrance *entrance);
void entrance_fini(struct entrance *entrance);

/* Member NAME of OBJECT with WORDS filled in, to be freed; or NULL. */
char *entrance_template(struct reading *reading, const struct place *object_is,
                        const struct cJSON *object, const char *name,
                        const struct vocabulary *words, bool is_token_allowed,
                        bool must_be);
/* TEXT is a URL of one of SCHEMES ("http", "https", …; ends with NULL) and
 * could stand in a request. */
void entrance_check_url(struct reading *reading, const struct place *place,
                        const char *text, const char *const *schemes);

extern const char *const entrance_schemes_http[];

#endif

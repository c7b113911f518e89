/* Taking members out of JSON that must be just so: each function takes one and
 * says in a sentence, with its place ("subscribe[2].cursor.take"), what was
 * found there and what must stand there. The first such sentence stays, so a
 * reader need not look after each step. It knows nothing of targets. */
#ifndef EARSHOT_BENCH_MEMBERS_H
#define EARSHOT_BENCH_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>

struct cJSON;

struct reading {
    const char *name; /* of what is read: a file's */
    char *problem;    /* the first, or NULL; to be freed by who began */
    /* What the user calls the members, where he has written no JSON; or NULL.
     * Then NAME is left out. */
    const struct member_name *names;
};

/* Ends with a PATH of NULL. */
struct member_name {
    const char *path; /* "subscribe.cursor.take", without places in arrays */
    const char *name;
};

/* Where a value stands; on the caller's stack. */
struct place {
    const struct place *above; /* NULL: the whole */
    const char *member;        /* NULL: the element INDEX of an array */
    int index;
};

/* "NAME: PLACE what is wrong" */
__attribute__((format(printf, 3, 4))) void
reading_say(struct reading *reading, const struct place *place,
            const char *format, ...);
/* "NAME: PLACE is FOUND; it must be WHAT MUST BE" ITEM NULL: it is missing. */
void reading_must_be(struct reading *reading, const struct place *place,
                     const struct cJSON *item, const char *what);

/* OBJECT is one, and has no member but KNOWN, which ends with NULL. */
bool members_are(struct reading *reading, const struct place *place,
                 const struct cJSON *object, const char *const *known);

/* The text of member NAME of OBJECT, owned by it; NULL when there is none, and
 * a problem when it must be there or is not a string of at least one byte. */
const char *member_text(struct reading *reading, const struct place *object_is,
                        const struct cJSON *object, const char *name,
                        bool must_be);

/* The array of member NAME, or NULL when there is none. EACH says what it is
 * made of ("strings"); with MUST_BE it must be there and hold one at least. */
const struct cJSON *member_array(struct reading *reading,
                                 const struct place *object_is,
                                 const struct cJSON *object, const char *name,
                                 const char *each, bool must_be);

#endif

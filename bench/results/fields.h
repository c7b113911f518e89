/* What of a run stands in a file, and by which name: one table for who writes
 * and who reads, so that neither can forget what the other knows. */
#ifndef EARSHOT_BENCH_FIELDS_H
#define EARSHOT_BENCH_FIELDS_H

#include <stddef.h>

enum field_kind {
    FIELD_STRING, /* char *, NULL is null */
    FIELD_INT,
    FIELD_COUNT, /* uint64_t, below 2^53 */
    FIELD_SEED,  /* uint64_t, as a string: JSON's numbers end at 2^53 */
    FIELD_DOUBLE,
    FIELD_BOOL,
    FIELD_HISTOGRAM,     /* of times that each message has */
    FIELD_OF_CONNECTIONS /* a histogram of times that each connection has */
};

struct field {
    const char *name;
    enum field_kind kind;
    size_t offset;
};

/* Each ends with a NULL name. Notes, sides and slots are not in them. */
extern const struct field fields_of_run[];     /* of struct result */
extern const struct field fields_of_side[];    /* of struct result_side */
extern const struct field fields_of_slot[];    /* of struct result_slot */
extern const struct field fields_of_machine[]; /* of struct machine */

/* By way of void: each field is aligned as its type wants. */
#define FIELD_AT(type, object, field)                                          \
    ((type *)(void *)((char *)(object) + (field)->offset))
#define FIELD_IN(type, object, field)                                          \
    ((const type *)(const void *)((const char *)(object) + (field)->offset))

#endif

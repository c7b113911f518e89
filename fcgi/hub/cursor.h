/* The cursor: what a client echoes to say "I have everything up to here".
 *
 * It is the id and the queue's epoch, `1042-k3f9x2ab`, and opaque to clients.
 * Only these two functions make and read it. */
#ifndef EARSHOT_HUB_CURSOR_H
#define EARSHOT_HUB_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CURSOR_SIZE = 32 }; /* with its NUL */

/* Writes the cursor of ID in EPOCH; returns its length. */
size_t cursor_format(char cursor[CURSOR_SIZE], int64_t id, const char *epoch);

/* Reads a cursor; false when it is not one that cursor_format() could have
 * written in EPOCH (another epoch, another spelling, no cursor at all). */
bool cursor_parse(const char *cursor, const char *epoch, int64_t *id);

#endif

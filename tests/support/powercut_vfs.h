/* A disk whose power can be cut, for tests: a VFS of SQLite in front of the
 * ordinary one.
 *
 * It knows, for every file, what a sync has made safe and what has only been
 * written since. At a chosen moment, counted in writes, truncations, syncs and
 * deletions, the power goes: that one and everything after it fails. When all
 * is closed, powercut_restore() puts into the real files what a disk would
 * have kept. */
#ifndef EARSHOT_TESTS_POWERCUT_VFS_H
#define EARSHOT_TESTS_POWERCUT_VFS_H

#include <stdbool.h>

/* What becomes of what was written and not synced. */
enum powercut_kind {
    POWERCUT_NONE,      /* nothing of it is kept */
    POWERCUT_TORN,      /* the first writes, and a part of the last one */
    POWERCUT_SCATTERED, /* any sectors of it, in no order */
};

/* Puts itself in front of the default VFS. Once. */
void powercut_install(void);

/* A fresh disk; the power goes at the AT-th operation (0: never). */
void powercut_arm(long at, enum powercut_kind kind, unsigned seed);

/* Has the power gone? */
bool powercut_happened(void);

/* How many operations there have been. */
long powercut_operations(void);

/* With every file closed: what is on the disk when the power comes back, and
 * it stays on. */
void powercut_restore(void);

#endif

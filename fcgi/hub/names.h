/* What names may look like: channels, events, publishers' words, keys. */
#ifndef EARSHOT_HUB_NAMES_H
#define EARSHOT_HUB_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* [A-Za-z0-9][A-Za-z0-9._~-]{0,127} */
bool name_is_channel(const char *name, size_t len);

/* 1 to MAX bytes of UTF-8 without control characters, and not Earshot's own
 * (`earshot.…`). */
bool name_is_event(const char *name, size_t len, size_t max);

/* [A-Za-z0-9_-]{1,64} */
bool name_is_from(const char *name, size_t len);

/* 1 to 255 visible ASCII characters (the Idempotency-Key header). */
bool name_is_key(const char *name, size_t len);

#endif

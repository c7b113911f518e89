/* Time, in two kinds. Wall time is what messages carry and what people read;
 * it may jump. Monotonic time is what waits are measured with; it never does.
 * Tests put a clock of their own in place of both. */
#ifndef EARSHOT_BASE_CLOCK_H
#define EARSHOT_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_wall_ms(void);      /* since 1970 */
int64_t clock_monotonic_us(void); /* since some point in the past */

/* For tests: both clocks stand at these times until set again. */
void clock_fake(int64_t wall_ms, int64_t monotonic_us);

#endif

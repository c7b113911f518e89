/* publish: how many publishers at once is the question, so it is asked of
 * several numbers of them. Each is a closed loop; a message goes to one
 * subscriber, so that none is accepted and dropped unseen. */

#include "scenario.h"
#include "command/settings.h"

void
publish_vary(const struct plan *base, const struct settings *settings,
             struct plans *plans)
{
    static const int publishers[] = {1, 4, 16, 64};
    struct plan plan = *base;
    if (settings->publishers != SETTING_FREE) {
        plans->add(plans, &plan);
        return;
    }
    for (size_t i = 0; i < sizeof publishers / sizeof *publishers; i++) {
        plan.publishers = publishers[i];
        plans->add(plans, &plan);
    }
}

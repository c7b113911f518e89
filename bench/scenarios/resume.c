/* resume: everybody is cut off in the middle of the main phase; then the same
 * by restarting the server, which is another question ("restart"): there the
 * server has forgotten everything, too. */

#include "scenario.h"
#include "command/settings.h"

void
resume_vary(const struct plan *base, const struct settings *settings,
            struct plans *plans)
{
    (void)settings;
    struct plan plan = *base;
    plans->add(plans, &plan);
    plan.upset = UPSET_RESTART;
    plan.scenario = "restart";
    plans->add(plans, &plan);
}

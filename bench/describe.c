#include "describe.h"

#include "base/bytes.h"
#include "plan.h"
#include "result.h"
#include "target/target.h"

#include <stdlib.h>
#include <string.h>

static void
put(char **field, const char *text)
{
    free(*field);
    *field = text ? xstrdup(text) : NULL;
}

void
describe_run(struct result *result, const struct plan *plan, int repeat)
{
    put(&result->scenario, plan->scenario);
    put(&result->transport, plan->subscribe->transport);
    put(&result->way, plan->subscribe->way);
    put(&result->target, plan->target->name);
    put(&result->publish_url, plan->publish->url);
    put(&result->publish_by, plan->publish->transport);
    put(&result->durability, plan->target->durable);
    bool polls = strcmp(plan->subscribe->transport, "poll") == 0;
    result->repeat = repeat;
    result->subscribers = plan->subscribers;
    result->publishers = plan->publishers;
    result->channels = plan->channels;
    result->rate_per_s = plan->rate_per_s;
    result->is_poisson = plan->is_poisson;
    result->seed = plan->seed;
    result->message_bytes = (int)plan->message_bytes;
    result->poll_interval_s = polls ? (double)plan->poll_interval_us / 1e6 : 0;
}

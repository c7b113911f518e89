#include "session/agenda.h"

#include "servers/servers.h"
#include "base/bytes.h"
#include "scenarios/scenario.h"
#include "sentence.h"
#include "command/settings.h"
#include "target/target.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Takes the plans of one scenario over one entrance. */
struct adding {
    struct plans plans; /* first: a plans is an adding */
    struct agenda *agenda;
    const struct scenario *scenario;
    const struct settings *settings;
    struct server *server;
    int repeat;
};

static int64_t
us(double seconds)
{
    return llround(seconds * 1e6);
}

static double
given(double setting, double otherwise)
{
    return setting == SETTING_FREE ? otherwise : setting;
}

double
item_seconds(const struct item *item)
{
    int tries = item->scenario->tries ? item->scenario->tries : 1;
    return (double)(item->plan.main_us + item->plan.warm_up_us) / 1e6 * tries;
}

/* Nobody but who has started a server may restart it. */
static bool
is_possible(const struct adding *adding, const struct plan *plan)
{
    return plan->upset != UPSET_RESTART || adding->server->peer;
}

static void
add_plan(struct plans *plans, const struct plan *plan)
{
    struct adding *adding = (struct adding *)(void *)plans;
    struct agenda *agenda = adding->agenda;
    if (!is_possible(adding, plan))
        return;
    agenda->items = xrealloc(agenda->items, (size_t)(agenda->count + 1) *
                                                sizeof *agenda->items);
    agenda->items[agenda->count++] = (struct item){
        adding->scenario, adding->server, adding->repeat, false, *plan};
    agenda->seconds += item_seconds(&agenda->items[agenda->count - 1]);
}

/* Where messages are published: whatever the subscribers do, by the same
 * request through the web server, so that only their side differs. Direct ways
 * are not the server as it is deployed. */
static const struct entrance *
publishing(const struct target *target, const struct settings *settings,
           const struct entrance *subscribe)
{
    const char *by = settings->publish_by == PUBLISH_BY_WS ? "ws" : "post";
    if (strcmp(subscribe->way, "direct") != 0) {
        const struct entrance *same =
            target_publish(target, by, subscribe->way);
        if (same)
            return same;
    }
    for (int i = 0; i < target->publish_count; i++)
        if (strcmp(target->publish[i].transport, by) == 0 &&
            strcmp(target->publish[i].way, "direct") != 0)
            return &target->publish[i];
    return target_publish(target, by, NULL);
}

/* Repeats differ in their messages' times; what is compared within one does
 * not. */
static uint64_t
seed_of_repeat(uint64_t seed, int repeat)
{
    return seed + (uint64_t)repeat * 0x9e3779b97f4a7c15u;
}

static struct plan
base_plan(const struct adding *adding, const struct entrance *subscribe,
          const struct entrance *publish, uint64_t seed)
{
    const struct settings *settings = adding->settings;
    const struct scale *scale = &adding->scenario->scale;
    int subscribers = (int)given(settings->subscribers, scale->subscribers);
    double interval_s =
        given(settings->poll_interval_s, scale->poll_interval_s);
    bool is_open = scale->rate_per_s > 0;
    return (struct plan){
        .scenario = adding->scenario->word,
        .target = adding->server->target,
        .subscribe = subscribe,
        .publish = publish,
        .subscribers = subscribers,
        .publishers = (int)given(settings->publishers, scale->publishers),
        .channels = (int)settings->channels,
        .rate_per_s =
            is_open ? given(settings->rate_per_s, scale->rate_per_s) : 0,
        .is_poisson = settings->spacing == SPACING_POISSON,
        .message_bytes = (size_t)given(settings->size, scale->size),
        .poll_interval_us = us(interval_s),
        .warm_up_us = us(given(settings->warm_up_s, scale->warm_up_s)),
        .main_us = us(given(settings->seconds, scale->seconds)),
        .patience_us = us(settings->patience_s),
        .upset = adding->scenario->upset,
        .churn_per_s = (double)subscribers / 4,
        .slow_share = 0.1,
        .is_insecure = settings->insecure,
        .threads = (int)settings->threads,
        .seed = seed_of_repeat(seed, adding->repeat),
    };
}

static void
add_scenario(struct adding *adding, uint64_t seed)
{
    const struct settings *settings = adding->settings;
    const struct scenario *scenario = adding->scenario;
    const struct target *target = adding->server->target;
    for (int i = 0; i < target->subscribe_count; i++) {
        const struct entrance *subscribe = &target->subscribe[i];
        const struct entrance *publish =
            publishing(target, settings, subscribe);
        bool is_there =
            adding->server->has_direct || strcmp(subscribe->way, "direct") != 0;
        if (!publish || !is_there ||
            !words_allow(&settings->transports, subscribe->transport) ||
            !words_allow(&settings->ways, subscribe->way) ||
            (scenario->suits && !scenario->suits(subscribe)))
            continue;
        struct plan base = base_plan(adding, subscribe, publish, seed);
        if (scenario->vary)
            scenario->vary(&base, settings, &adding->plans);
        else
            add_plan(&adding->plans, &base);
    }
}

static bool
is_wanted(const struct settings *settings, const struct scenario *scenario)
{
    if (settings->scenarios.count)
        return words_have(&settings->scenarios, scenario->word);
    return settings->all || scenario->is_default;
}

/* "sse by lighttpd, sse direct": what there is. */
static char *
nothing_left(const struct settings *settings, const struct servers *servers)
{
    struct bytes there = BYTES_EMPTY;
    for (int i = 0; i < servers->count; i++) {
        const struct target *target = servers->items[i].target;
        bytes_printf(&there, "%s%s has", i ? "; " : "", target->name);
        for (int j = 0; j < target->subscribe_count; j++)
            bytes_printf(&there, "%s %s by way of %s", j ? "," : "",
                         target->subscribe[j].transport,
                         target->subscribe[j].way);
    }
    bool by_ws = settings->publish_by == PUBLISH_BY_WS;
    char *problem = sentence(
        "nothing is left to be measured: %.*s%s", (int)there.len, there.data,
        by_ws ? "; and publishing by WebSocket may not be among what "
                "it takes"
              : ". Change --transport, --way or the scenario");
    bytes_fini(&there);
    return problem;
}

bool
agenda_make(struct agenda *agenda, const struct settings *settings,
            const struct servers *servers, uint64_t seed, char **problem)
{
    *agenda = (struct agenda){0};
    struct adding adding = {
        .plans = {add_plan}, .agenda = agenda, .settings = settings};
    for (int repeat = 0; repeat < (int)settings->repeat; repeat++) {
        for (size_t i = 0; i < scenario_count; i++) {
            if (!is_wanted(settings, &scenarios[i]))
                continue;
            adding.scenario = &scenarios[i];
            adding.repeat = repeat;
            for (int at = 0; at < servers->count; at++) {
                adding.server = &servers->items[at];
                add_scenario(&adding, seed);
            }
        }
    }
    if (!agenda->count)
        *problem = nothing_left(settings, servers);
    return agenda->count > 0;
}

void
agenda_fini(struct agenda *agenda)
{
    free(agenda->items);
    *agenda = (struct agenda){0};
}

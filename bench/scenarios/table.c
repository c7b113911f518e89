#include "scenario.h"

#include <string.h>

/* The numbers are chosen for what can be said after them: a percentile needs
 * ten messages beyond it (result.h), so p99 takes a thousand. The scenarios
 * that run by default take about five minutes together, over six ways. */
const struct scenario scenarios[] = {
    {"latency",
     "How long a message takes to one subscriber, while the server has time: "
     "100 messages a second.",
     true,
     {1, 4, 100, 11, 1, 64, 1},
     NULL,
     NULL,
     NULL,
     UPSET_NONE,
     0},
    {"fanout",
     "How long it takes to each of 1,000 subscribers, and to the last of "
     "them: 10 messages a second.",
     true,
     {1000, 4, 10, 11, 1, 64, 1},
     NULL,
     NULL,
     NULL,
     UPSET_NONE,
     0},
    {"publish",
     "How many messages are accepted in a second: 1, 4, 16 and 64 publishers, "
     "each of which sends its next when the last was answered, and one "
     "subscriber, who must get them all.",
     true,
     {1, 0, 0, 3, 0.5, 64, 0.1},
     NULL,
     publish_vary,
     NULL,
     UPSET_NONE,
     0},
    {"poll-interval",
     "What polling costs and how late it is: 100 subscribers who ask every "
     "0.1, 0.3, 1, 3 and 10 seconds. Only for polling.",
     true,
     {100, 4, 10, 6, 0, 64, 0},
     poll_interval_suits,
     poll_interval_vary,
     poll_interval_run,
     UPSET_NONE,
     0},
    {"hold",
     "What idle subscribers cost: 10,000, or as many as the target's "
     "descriptors allow, and then 10 messages to all of them.",
     false,
     {10000, 1, 1, 30, 0, 64, 1},
     hold_suits,
     hold_vary,
     hold_run,
     UPSET_NONE,
     0},
    {"churn",
     "Subscribers who come and go: 200, of whom 50 a second are replaced, at "
     "20 messages a second.",
     false,
     {200, 4, 20, 10, 1, 64, 1},
     NULL,
     NULL,
     NULL,
     UPSET_CHURN,
     0},
    {"slow",
     "What slow readers do to the others: 100 subscribers, of whom ten stop "
     "reading and go on when all has been said; messages of 4 KiB, 50 a "
     "second.",
     false,
     {100, 4, 50, 10, 1, 4096, 1},
     NULL,
     NULL,
     NULL,
     UPSET_SLOW,
     0},
    {"resume",
     "How long until everybody has what he missed: 1,000 subscribers, all of "
     "whom are cut off at once; and again by restarting the server, where "
     "earshot-bench has started it.",
     false,
     {1000, 4, 20, 10, 1, 64, 1},
     NULL,
     resume_vary,
     NULL,
     UPSET_CUT,
     0},
    {"ramp",
     "The highest rate of messages at which 99 of 100 deliveries stay within "
     "--bound-ms: 100 subscribers.",
     false,
     {100, 64, 0, 4, 1, 64, 1},
     NULL,
     ramp_vary,
     ramp_run,
     UPSET_NONE,
     12},
};

const size_t scenario_count = sizeof scenarios / sizeof *scenarios;

const struct scenario *
scenario_find(const char *word)
{
    for (size_t i = 0; i < scenario_count; i++)
        if (strcmp(scenarios[i].word, word) == 0)
            return &scenarios[i];
    return NULL;
}

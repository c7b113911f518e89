#include "drive/tally.h"

#include "base/bytes.h"
#include "drive/run.h"
#include "measure/histogram.h"
#include "measure/ledger.h"
#include "measure/token.h"

#include <stdlib.h>
#include <string.h>

void
tally_init(struct tally *tally, struct run *run)
{
    *tally = (struct tally){.run = run};
    tally->latency = histogram_new();
    tally->latency_sent = histogram_new();
    tally->connect = histogram_new();
    tally->first = histogram_new();
    tally->recover = histogram_new();
    tally->publish = histogram_new();
    tally->publish_sent = histogram_new();
    tally->slip = histogram_new();
    tally->turn = histogram_new();
    tally->slot = histogram_new();
}

void
tally_fini(struct tally *tally)
{
    histogram_free(tally->latency);
    histogram_free(tally->latency_sent);
    histogram_free(tally->connect);
    histogram_free(tally->first);
    histogram_free(tally->recover);
    histogram_free(tally->publish);
    histogram_free(tally->publish_sent);
    histogram_free(tally->slip);
    histogram_free(tally->turn);
    histogram_free(tally->slot);
    free(tally->lasts);
}

static void
note_last(struct tally *tally, const struct token *token, int64_t now_ns)
{
    uint32_t number = token->sequence;
    if (number >= tally->last_count) {
        uint32_t count = number + number / 2 + 1024;
        tally->lasts = xrealloc(tally->lasts, count * sizeof(struct last));
        memset(tally->lasts + tally->last_count, 0,
               (count - tally->last_count) * sizeof(struct last));
        tally->last_count = count;
    }
    tally->lasts[number] =
        (struct last){.due_ns = token->due_ns, .read_ns = now_ns};
}

static void
give_slots_below(struct tally *tally, int number)
{
    while (tally->slot_number < number)
        slots_give(&tally->run->slots, tally->slot_number++, tally->slot);
}

void
tally_slots(struct tally *tally, int64_t now_ns)
{
    if (!run_is_main(tally->run, now_ns))
        return;
    int64_t main_ns = atomic_load(&tally->run->main_ns);
    give_slots_below(tally, slots_at(&tally->run->slots, now_ns - main_ns));
}

void
tally_slots_end(struct tally *tally)
{
    int64_t now_ns = run_now(tally->run);
    int64_t main_ns = atomic_load(&tally->run->main_ns);
    int64_t end_ns = atomic_load(&tally->run->end_ns);
    if (main_ns > now_ns)
        return;
    if (end_ns < now_ns)
        now_ns = end_ns - 1;
    give_slots_below(tally, slots_at(&tally->run->slots, now_ns - main_ns) + 1);
}

void
tally_delivery(struct tally *tally, const struct token *token, int64_t now_ns,
               bool is_timed)
{
    int64_t late_ns = now_ns - token->due_ns;
    bool is_main = run_is_main(tally->run, now_ns);
    tally_add(&tally->deliveries);
    if (is_main)
        tally->deliveries_main++;
    if (!is_timed)
        return;
    if (is_main) {
        tally_slots(tally, now_ns);
        histogram_add(tally->slot, late_ns);
    }
    if (!messages_is_counted(tally->run->messages, token->sequence))
        return;
    histogram_add(tally->latency, late_ns);
    histogram_add(tally->latency_sent, now_ns - token->sent_ns);
    note_last(tally, token, now_ns);
}

void
tally_accepted(struct tally *tally, int64_t due_ns, int64_t sent_ns,
               int64_t now_ns)
{
    tally_add(&tally->accepted);
    if (run_is_main(tally->run, now_ns))
        tally->answers_main++;
    if (!run_is_main(tally->run, due_ns))
        return;
    tally->counted++;
    histogram_add(tally->publish, now_ns - due_ns);
    histogram_add(tally->publish_sent, now_ns - sent_ns);
}

void
tally_sent(struct tally *tally, int64_t due_ns, int64_t sent_ns)
{
    if (run_is_main(tally->run, due_ns))
        histogram_add(tally->slip, sent_ns - due_ns);
}

#include "measure/ledger.h"

#include "check.h"
#include "measure/schedule.h"

#include <pthread.h>

enum { ALL = UINT32_MAX };

/* Publishes COUNT messages on CHANNEL, one after the other: message i is sent
 * at 1000 * i and accepted 100 later. */
static void
publish(struct messages *messages, uint32_t channel, int count)
{
    for (int i = 0; i < count; i++) {
        uint32_t sequence = messages_add(messages, channel, true);
        messages_sent(messages, sequence, 1000 * (int64_t)sequence + 1);
        messages_accepted(messages, sequence, 1000 * (int64_t)sequence + 101);
    }
}

static enum receipt_verdict
take(struct receipt *receipt, const struct messages *messages,
     uint32_t sequence)
{
    return receipt_take(receipt, messages, sequence,
                        1000 * (int64_t)sequence + 1);
}

#define assert_receipt(receipt, messages, channel, owed_, lost_, repeated_,    \
                       reordered_)                                             \
    do {                                                                       \
        assert_int_equal(receipt_owed(receipt, messages, channel, ALL),        \
                         owed_);                                               \
        assert_int_equal(receipt_lost(receipt, messages, channel, ALL),        \
                         lost_);                                               \
        assert_int_equal((receipt)->repeated, repeated_);                      \
        assert_int_equal((receipt)->reordered, reordered_);                    \
    } while (0)

TEST(who_got_everything_in_order_has_lost_nothing)
{
    struct messages *messages = messages_new(1);
    struct receipt receipt = {0};
    publish(messages, 0, 1000);
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(take(&receipt, messages, i), RECEIPT_NEW);
    assert_receipt(&receipt, messages, 0, 1000, 0, 0, 0);
    assert_int_equal(receipt.got, 1000);
    assert_int_equal(messages_accepted_count(messages), 1000);
    receipt_fini(&receipt);
    messages_free(messages);
}

TEST(who_got_nothing_has_lost_everything)
{
    struct messages *messages = messages_new(1);
    struct receipt receipt = {0};
    assert_receipt(&receipt, messages, 0, 0, 0, 0, 0);
    publish(messages, 0, 500);
    assert_receipt(&receipt, messages, 0, 500, 500, 0, 0);
    assert_receipt(&receipt, messages, 1, 0, 0, 0, 0);
    messages_free(messages);
}

TEST(every_single_loss_repeat_and_disorder_is_counted)
{
    struct messages *messages = messages_new(1);
    struct receipt receipt = {0};
    publish(messages, 0, 10);
    static const uint32_t arrived[] = {0, 1, 3, 2, 2, 5, 9, 8, 7, 5, 0};
    for (size_t i = 0; i < COUNT_OF(arrived); i++)
        take(&receipt, messages, arrived[i]);
    /* 4 and 6 are lost; 2, 5 and 0 came twice; 2, 8 and 7 too late. */
    assert_receipt(&receipt, messages, 0, 10, 2, 3, 3);
    assert_int_equal(receipt.got, 8);
    assert_int_equal(take(&receipt, messages, 4), RECEIPT_NEW);
    assert_int_equal(take(&receipt, messages, 4), RECEIPT_REPEATED);
    assert_receipt(&receipt, messages, 0, 10, 1, 4, 4);
    receipt_fini(&receipt);
    messages_free(messages);
}

TEST(messages_that_were_under_way_together_have_no_order)
{
    struct messages *messages = messages_new(1);
    for (uint32_t i = 0; i < 4; i++)
        messages_add(messages, 0, true);
    /* 0 and 1 overlap; 2 is sent when 0 has been answered, 1 not; of 3
     * nobody knows the answer. */
    messages_sent(messages, 0, 10);
    messages_sent(messages, 1, 20);
    messages_accepted(messages, 0, 30);
    messages_sent(messages, 2, 40);
    messages_accepted(messages, 1, 50);
    messages_accepted(messages, 2, 60);
    messages_sent(messages, 3, 5);
    struct receipt swapped = {0}, late = {0}, same = {0};
    receipt_take(&swapped, messages, 1, 20);
    receipt_take(&swapped, messages, 0, 10);
    assert_int_equal(swapped.reordered, 0);
    receipt_take(&late, messages, 2, 40);
    receipt_take(&late, messages, 1, 20);
    receipt_take(&late, messages, 3, 5);
    assert_int_equal(late.reordered, 0);
    receipt_take(&late, messages, 0, 10);
    assert_int_equal(late.reordered, 1);
    /* Sent in the very moment of the answer is not after it. */
    uint32_t next = messages_add(messages, 0, true);
    messages_sent(messages, next, 60);
    receipt_take(&same, messages, next, 60);
    receipt_take(&same, messages, 2, 40);
    assert_int_equal(same.reordered, 0);
    next = messages_add(messages, 0, true);
    messages_sent(messages, next, 61);
    struct receipt after = {0};
    receipt_take(&after, messages, next, 61);
    receipt_take(&after, messages, 2, 40);
    assert_int_equal(after.reordered, 1);
    receipt_fini(&after);
    receipt_fini(&swapped);
    receipt_fini(&late);
    receipt_fini(&same);
    messages_free(messages);
}

TEST(who_comes_late_is_owed_only_what_was_added_after)
{
    struct messages *messages = messages_new(1);
    publish(messages, 0, 100);
    struct receipt receipt = {.from = messages_count(messages)};
    assert_receipt(&receipt, messages, 0, 0, 0, 0, 0);
    publish(messages, 0, 5);
    assert_receipt(&receipt, messages, 0, 5, 5, 0, 0);
    /* What it gets of before is new, and not owed. */
    assert_int_equal(take(&receipt, messages, 99), RECEIPT_NEW);
    assert_int_equal(take(&receipt, messages, 99), RECEIPT_REPEATED);
    for (uint32_t i = 100; i < 105; i++)
        take(&receipt, messages, i);
    assert_receipt(&receipt, messages, 0, 5, 0, 1, 0);
    assert_int_equal(receipt.got, 6);
    receipt_fini(&receipt);
    messages_free(messages);
}

TEST(a_beginning_that_is_set_later_is_believed)
{
    struct messages *messages = messages_new(1);
    publish(messages, 0, 10);
    struct receipt receipt = {0};
    for (uint32_t i = 0; i < 6; i++)
        take(&receipt, messages, i);
    assert_receipt(&receipt, messages, 0, 10, 4, 0, 0);
    receipt.from = 4;
    assert_receipt(&receipt, messages, 0, 6, 4, 0, 0);
    receipt.from = 8;
    assert_receipt(&receipt, messages, 0, 2, 2, 0, 0);
    receipt.from = 1;
    assert_receipt(&receipt, messages, 0, 9, 4, 0, 0);
    receipt_fini(&receipt);
    messages_free(messages);
}

TEST(who_leaves_is_owed_what_was_published_until_then)
{
    struct messages *messages = messages_new(1);
    publish(messages, 0, 10);
    struct receipt receipt = {.from = 2};
    for (uint32_t i = 2; i < 8; i++)
        if (i != 5)
            take(&receipt, messages, i);
    static const struct {
        uint32_t until;
        uint64_t owed, lost;
    } asked[] = {{0, 0, 0}, {2, 0, 0}, {5, 3, 0},   {6, 4, 1},
                 {8, 6, 1}, {9, 7, 2}, {100, 8, 3}, {ALL, 8, 3}};
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        assert_int_equal(receipt_owed(&receipt, messages, 0, asked[i].until),
                         asked[i].owed);
        assert_int_equal(receipt_lost(&receipt, messages, 0, asked[i].until),
                         asked[i].lost);
    }
    receipt_fini(&receipt);
    messages_free(messages);
}

TEST(what_was_refused_or_never_answered_is_not_owed)
{
    struct messages *messages = messages_new(1);
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(messages_add(messages, 0, true), i);
    messages_accepted(messages, 0, 100);
    messages_refused(messages, 1);
    messages_refused(messages, 2);
    messages_accepted(messages, 4, 100);
    messages_accepted(messages, 5, 100);
    messages_refused(messages, 5);
    messages_accepted(messages, 2, 100);
    struct receipt receipt = {0};
    /* The first answer counts: 0, 4 and 5 were accepted. */
    assert_int_equal(messages_accepted_count(messages), 3);
    assert_receipt(&receipt, messages, 0, 3, 3, 0, 0);
    assert_int_equal(receipt_take(&receipt, messages, 2, 1), RECEIPT_NEW);
    assert_int_equal(receipt_take(&receipt, messages, 2, 1), RECEIPT_REPEATED);
    assert_int_equal(receipt_take(&receipt, messages, 3, 1), RECEIPT_NEW);
    assert_receipt(&receipt, messages, 0, 3, 3, 1, 0);
    /* An answer that comes after its message. */
    messages_accepted(messages, 3, 100);
    assert_receipt(&receipt, messages, 0, 4, 3, 1, 0);
    assert_int_equal(receipt.got, 2);
    receipt_fini(&receipt);
    messages_free(messages);
}

TEST(what_nobody_published_is_foreign)
{
    struct messages *messages = messages_new(1);
    struct receipt receipt = {0};
    assert_int_equal(take(&receipt, messages, 0), RECEIPT_FOREIGN);
    publish(messages, 0, 3);
    assert_int_equal(take(&receipt, messages, 3), RECEIPT_FOREIGN);
    assert_int_equal(take(&receipt, messages, UINT32_MAX), RECEIPT_FOREIGN);
    assert_int_equal(receipt_take(&receipt, messages, 1, 1000),
                     RECEIPT_FOREIGN);
    assert_int_equal(receipt.got, 0);
    assert_int_equal(receipt_take(&receipt, messages, 1, 1001), RECEIPT_NEW);
    receipt_fini(&receipt);
    messages_free(messages);
}

TEST(channels_are_told_apart)
{
    struct messages *messages = messages_new(1);
    enum { CHANNELS = 200, EACH = 50 };
    for (int round = 0; round < EACH; round++)
        for (uint32_t channel = 0; channel < CHANNELS; channel++)
            publish(messages, CHANNELS - 1 - channel, 1);
    for (uint32_t channel = 0; channel < CHANNELS; channel++) {
        struct receipt receipt = {0};
        uint32_t first = CHANNELS - 1 - channel;
        for (uint32_t round = channel % 3; round < EACH; round++)
            assert_int_equal(take(&receipt, messages, round * CHANNELS + first),
                             RECEIPT_NEW);
        assert_int_equal(take(&receipt, messages, (first + 1) % CHANNELS),
                         RECEIPT_FOREIGN);
        assert_receipt(&receipt, messages, channel, EACH, channel % 3, 0, 0);
        /* All that came was another channel's: of one's own nothing came. */
        assert_receipt(&receipt, messages, (channel + 1) % CHANNELS, EACH, EACH,
                       0, 0);
        assert_receipt(&receipt, messages, channel, EACH, channel % 3, 0, 0);
        receipt_fini(&receipt);
    }
    messages_free(messages);
}

TEST(the_warm_up_is_not_counted)
{
    struct messages *messages = messages_new(7);
    assert_int_equal(messages_run(messages), 7);
    messages_add(messages, 0, false);
    messages_add(messages, 3, true);
    assert_false(messages_is_counted(messages, 0));
    assert_true(messages_is_counted(messages, 1));
    assert_false(messages_is_counted(messages, 2));
    messages_free(messages);
}

/* Against a plain model, with arrivals of every kind in random order. */
TEST(a_random_history_is_counted_as_a_simple_model_counts_it)
{
    enum { COUNT = 700 };
    struct dice dice;
    dice_init(&dice, 5);
    for (int round = 0; round < 30; round++) {
        struct messages *messages = messages_new(1);
        bool is_accepted[COUNT], has_come[COUNT] = {false};
        for (uint32_t i = 0; i < COUNT; i++) {
            messages_add(messages, 0, true);
            is_accepted[i] = dice_share(&dice) < 0.9;
            if (is_accepted[i])
                messages_accepted(messages, i, 10 * i + 35);
            else if (dice_share(&dice) < 0.5)
                messages_refused(messages, i);
        }
        struct receipt receipt = {.from = (uint32_t)(dice_roll(&dice) % 300)};
        uint64_t repeated = 0, reordered = 0;
        int64_t latest = 0;
        for (uint32_t i = 0; i < 2 * COUNT; i++) {
            uint32_t sequence =
                (i / 2 + (uint32_t)(dice_roll(&dice) % 9)) % COUNT;
            int64_t sent_ns = 10 * sequence;
            repeated += has_come[sequence];
            reordered += !has_come[sequence] && is_accepted[sequence] &&
                         sent_ns + 35 < latest;
            latest = sent_ns > latest ? sent_ns : latest;
            has_come[sequence] = true;
            receipt_take(&receipt, messages, sequence, sent_ns);
        }
        uint64_t owed = 0, lost = 0;
        for (uint32_t i = receipt.from; i < COUNT; i++) {
            owed += is_accepted[i];
            lost += is_accepted[i] && !has_come[i];
        }
        assert_receipt(&receipt, messages, 0, owed, lost, repeated, reordered);
        receipt_fini(&receipt);
        messages_free(messages);
    }
}

/* What one thread publishes all others read at once. (Under -fsanitize=thread
 * there is nothing to see either.) */
enum { PUBLISHERS = 4, READERS = 3, PER_PUBLISHER = 20000 };
enum { PUBLISHED = PUBLISHERS * PER_PUBLISHER };

struct crowd {
    struct messages *messages;
    _Atomic int next;
    _Atomic int channels[PUBLISHED]; /* by sequence, from 1 */
};

static void *
publish_much(void *argument)
{
    struct crowd *crowd = argument;
    int number = crowd->next++;
    for (int i = 0; i < PER_PUBLISHER; i++) {
        int channel = (number + i) % READERS;
        uint32_t sequence =
            messages_add(crowd->messages, (uint32_t)channel, true);
        crowd->channels[sequence] = channel + 1;
        messages_sent(crowd->messages, sequence, sequence + 1);
        if (i % 10 == 9)
            messages_refused(crowd->messages, sequence);
        else
            messages_accepted(crowd->messages, sequence, sequence + 2);
    }
    return NULL;
}

/* Takes its channel's messages as soon as they are there, but for every
 * seventh, and some twice. */
static void *
read_much(void *argument)
{
    struct crowd *crowd = argument;
    uint32_t number = (uint32_t)crowd->next++ - PUBLISHERS;
    struct receipt *receipt = calloc(1, sizeof *receipt);
    for (uint32_t at = 0; at < PUBLISHED; at++) {
        int channel;
        while (!(channel = crowd->channels[at]))
            sched_yield();
        if (channel != (int)number + 1 || at % 7 == 0)
            continue;
        receipt_take(receipt, crowd->messages, at, at + 1);
        if (at % 100 < 3)
            receipt_take(receipt, crowd->messages, at, at + 1);
        if (at % 1000 < READERS)
            receipt_lost(receipt, crowd->messages, number, ALL);
    }
    return receipt;
}

static uint64_t
of_channel(const struct crowd *crowd, int channel, uint32_t step,
           uint32_t below)
{
    uint64_t count = 0;
    for (uint32_t at = 0; at < PUBLISHED; at++)
        count += crowd->channels[at] == channel + 1 && at % step < below;
    return count;
}

TEST(threads_publish_and_read_at_once)
{
    static struct crowd crowd;
    crowd.messages = messages_new(1);
    pthread_t threads[PUBLISHERS + READERS];
    for (int i = 0; i < PUBLISHERS; i++)
        pthread_create(&threads[i], NULL, publish_much, &crowd);
    while (crowd.next < PUBLISHERS)
        sched_yield();
    for (int i = 0; i < READERS; i++)
        pthread_create(&threads[PUBLISHERS + i], NULL, read_much, &crowd);
    struct receipt *receipts[PUBLISHERS + READERS];
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], (void **)&receipts[i]);
    assert_int_equal(messages_count(crowd.messages), PUBLISHED);
    assert_int_equal(messages_accepted_count(crowd.messages),
                     PUBLISHED / 10 * 9);
    uint64_t owed = 0, got = 0;
    for (int i = 0; i < READERS; i++) {
        struct receipt *receipt = receipts[PUBLISHERS + i];
        uint32_t channel = receipt->channel;
        uint64_t all = of_channel(&crowd, (int)channel, 1, 1);
        uint64_t skipped = of_channel(&crowd, (int)channel, 7, 1);
        assert_int_equal(receipt->got, all - skipped);
        assert_in_range(receipt_lost(receipt, crowd.messages, channel, ALL), 1,
                        skipped);
        owed += receipt_owed(receipt, crowd.messages, channel, ALL);
        got += receipt->got;
        receipt_fini(receipt);
        free(receipt);
    }
    assert_int_equal(owed, PUBLISHED / 10 * 9);
    assert_true(got < PUBLISHED);
    messages_free(crowd.messages);
}

RUN(LISTED(who_got_everything_in_order_has_lost_nothing),
    LISTED(who_got_nothing_has_lost_everything),
    LISTED(every_single_loss_repeat_and_disorder_is_counted),
    LISTED(messages_that_were_under_way_together_have_no_order),
    LISTED(who_comes_late_is_owed_only_what_was_added_after),
    LISTED(a_beginning_that_is_set_later_is_believed),
    LISTED(who_leaves_is_owed_what_was_published_until_then),
    LISTED(what_was_refused_or_never_answered_is_not_owed),
    LISTED(what_nobody_published_is_foreign), LISTED(channels_are_told_apart),
    LISTED(the_warm_up_is_not_counted),
    LISTED(a_random_history_is_counted_as_a_simple_model_counts_it),
    LISTED(threads_publish_and_read_at_once))

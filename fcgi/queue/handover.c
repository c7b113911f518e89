#include "queue/handover.h"

#include "base/bytes.h"
#include "queue/queue.h"

#include <stdlib.h>
#include <time.h>

void
handover_init(struct handover *handover)
{
    *handover = (struct handover){.wake_at = SIZE_MAX};
    sem_init(&handover->work, 0, 0);
}

static void
free_slips(struct queue_slip *slip)
{
    for (struct queue_slip *next; slip; slip = next) {
        next = slip->next;
        free(slip);
    }
}

void
handover_fini(struct handover *handover)
{
    free_slips(atomic_load(&handover->sent));
    free_slips(atomic_load(&handover->spent));
    free_slips(handover->spare);
    free_slips(handover->pending);
    sem_destroy(&handover->work);
}

static void
push_slip(_Atomic(struct queue_slip *) *stack, struct queue_slip *slip)
{
    struct queue_slip *top = atomic_load(stack);
    do {
        slip->next = top;
    } while (!atomic_compare_exchange_weak(stack, &top, slip));
}

/* The loop's side -----------------------------------------------------------
 */

static struct queue_slip *
get_slip(struct handover *handover)
{
    if (!handover->spare)
        handover->spare = atomic_exchange(&handover->spent, NULL);
    struct queue_slip *slip = handover->spare;
    if (slip)
        handover->spare = slip->next;
    else
        slip = xcalloc(1, sizeof(*slip));
    return slip;
}

void
handover_send(struct handover *handover, struct queue_append *append)
{
    struct queue_slip *slip = get_slip(handover);
    slip->messages = append->count;
    slip->bytes = 0;
    for (size_t i = 0; i < append->count; i++)
        slip->bytes += append->messages[i].size_bytes;
    atomic_store(&slip->append, append);
    append->slip = slip;
    push_slip(&handover->sent, slip);
    size_t count = atomic_fetch_add(&handover->sent_count, 1) + 1;
    if (count >= atomic_load(&handover->wake_at))
        handover_wake(handover);
}

/* The slip may be under another append by now: only ours is taken. */
bool
handover_take_back(struct queue_append *append)
{
    struct queue_append *ours = append;
    return atomic_compare_exchange_strong(&append->slip->append, &ours, NULL);
}

static struct queue_append *
turn_round(struct queue_append *append)
{
    struct queue_append *first = NULL;
    for (struct queue_append *next; append; append = next) {
        next = append->next;
        append->next = first;
        first = append;
    }
    return first;
}

struct queue_append *
handover_receive(struct handover *handover)
{
    return turn_round(atomic_exchange(&handover->done, NULL));
}

void
handover_wake(struct handover *handover)
{
    if (atomic_exchange(&handover->wake_at, SIZE_MAX) != SIZE_MAX)
        sem_post(&handover->work);
}

/* The writer's side ---------------------------------------------------------
 */

/* Puts what was sent behind what is pending, in order. */
static void
collect(struct handover *handover)
{
    struct queue_slip *slip = atomic_exchange(&handover->sent, NULL);
    if (!slip)
        return;
    struct queue_slip *last = slip, *first = NULL;
    for (struct queue_slip *next; slip; slip = next) {
        next = slip->next;
        slip->next = first;
        first = slip;
        handover->pending_count++;
        handover->collected_count++;
    }
    if (handover->pending)
        handover->pending_last->next = first;
    else
        handover->pending = first;
    handover->pending_last = last;
}

static void
spend_first(struct handover *handover)
{
    struct queue_slip *slip = handover->pending;
    handover->pending = slip->next;
    handover->pending_count--;
    push_slip(&handover->spent, slip);
}

const struct queue_slip *
handover_peek(struct handover *handover)
{
    for (;;) {
        if (!handover->pending)
            collect(handover);
        if (!handover->pending || atomic_load(&handover->pending->append))
            return handover->pending;
        spend_first(handover);
    }
}

size_t
handover_count(struct handover *handover)
{
    collect(handover);
    return handover->pending_count;
}

struct queue_append *
handover_begin(struct handover *handover)
{
    struct queue_append *append =
        atomic_exchange(&handover->pending->append, NULL);
    spend_first(handover);
    return append;
}

void
handover_return(struct handover *handover, struct queue_append *first)
{
    if (!first)
        return;
    struct queue_append *last = first;
    first = turn_round(first);
    struct queue_append *top = atomic_load(&handover->done);
    do {
        last->next = top;
    } while (!atomic_compare_exchange_weak(&handover->done, &top, first));
}

void
handover_ask(struct handover *handover, size_t count)
{
    size_t missing = count - handover->pending_count;
    atomic_store(&handover->wake_at,
                 count ? handover->collected_count + missing : SIZE_MAX);
}

void
handover_wait(struct handover *handover, int64_t wait_us)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_us / 1000000;
    until.tv_nsec += wait_us % 1000000 * 1000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    (void)sem_clockwait(&handover->work, CLOCK_MONOTONIC, &until);
}

/* Handing over between the loop's thread and the writer's, without a lock:
 * the loop waits for nothing, not even for a thread that was put aside while
 * it held one.
 *
 * An append travels on a slip. Who exchanges the append on it for NULL first
 * has it: the writer, who begins it, or the loop, which takes it back. Slips
 * go back to the loop and are used again. The lists are stacks that one
 * exchange empties; whoever empties one turns it round. It knows nothing of
 * SQLite. */
#ifndef EARSHOT_QUEUE_HANDOVER_H
#define EARSHOT_QUEUE_HANDOVER_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue_append;

struct queue_slip {
    struct queue_slip *next;
    _Atomic(struct queue_append *) append;
    size_t messages; /* of the append, which may be gone when one asks */
    size_t bytes;
};

struct handover {
    /* shared */
    _Atomic(struct queue_slip *) sent;   /* to the writer */
    _Atomic(struct queue_slip *) spent;  /* back to the loop, empty */
    _Atomic(struct queue_append *) done; /* to the loop, with outcomes */
    atomic_size_t sent_count;            /* ever */
    atomic_size_t wake_at; /* the count at which the writer is woken */
    sem_t work;
    /* the loop's own */
    struct queue_slip *spare;
    /* the writer's own: in order */
    struct queue_slip *pending;
    struct queue_slip *pending_last;
    size_t pending_count;
    size_t collected_count; /* ever */
};

void handover_init(struct handover *handover);
void handover_fini(struct handover *handover); /* both threads are done */

/* The loop's side. None of these waits. */
void handover_send(struct handover *handover, struct queue_append *append);
bool handover_take_back(struct queue_append *append);
/* What is done, in order, linked by next; NULL: nothing. */
struct queue_append *handover_receive(struct handover *handover);
/* Wakes the writer, if it waits, to look round. */
void handover_wake(struct handover *handover);

/* The writer's side. */
/* The slip of the next append that has not been taken back yet; NULL: none. */
const struct queue_slip *handover_peek(struct handover *handover);
/* How many slips have come, those included that were taken back. */
size_t handover_count(struct handover *handover);
/* The append on that slip, which cannot be taken back from now on; NULL when it
 * has been meanwhile. */
struct queue_append *handover_begin(struct handover *handover);
/* Gives appends, linked by next in order, to the loop with their outcomes. */
void handover_return(struct handover *handover, struct queue_append *first);
/* From here on the append that makes them COUNT in all wakes the writer. So it
 * asks, looks once more whether there is work, and only then waits; 0 when it
 * waits no longer. */
void handover_ask(struct handover *handover, size_t count);
void handover_wait(struct handover *handover, int64_t wait_us);

#endif

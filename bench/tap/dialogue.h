/* What is said over one connection, in both directions: requests go up,
 * answers come down, and after 101 bytes of any kind.
 *
 * It cuts both streams into heads and bodies, takes the prefix off each
 * request, does what the modes ask of the bytes, and hands on what is to be
 * passed. It knows no socket and no clock, and takes its bytes in pieces of
 * any size. What it keeps is bounded: the head that is not whole yet, and
 * EXCHANGES_MAX requests whose answers have not begun to end. */
#ifndef EARSHOT_TAP_DIALOGUE_H
#define EARSHOT_TAP_DIALOGUE_H

#include "base/bytes.h"
#include "beats.h"
#include "body.h"
#include "modes.h"
#include "record.h"

enum { EXCHANGES_MAX = 32 };

/* The callbacks may not end the dialogue. */
struct dialogue_listener {
    void *context;
    /* A request begins. False: nothing of it may pass, and no more is taken. */
    bool (*on_request)(void *context, const struct exchange *exchange);
    /* Bytes to pass on; the KIND tells the direction. */
    void (*on_bytes)(void *context, enum record_kind kind, const char *data,
                     size_t len);
    /* All of an answer has been handed on, or it has become a tunnel. */
    void (*on_answered)(void *context);
};

struct dialogue {
    struct dialogue_listener listener;
    /* asked, and not answered whole; the first is being answered */
    struct exchange exchanges[EXCHANGES_MAX];
    size_t exchange_count;
    struct exchange latest; /* the one that was asked last */
    bool has_asked;

    struct bytes up; /* not yet understood, or waiting */
    size_t up_seen;  /* of those, looked at for a head's end */
    enum {
        UP_HEAD,
        UP_BODY,
        UP_WAITS, /* for the answer to an upgrade */
        UP_TUNNEL,
        UP_OVER,
    } up_state;
    struct body up_body;

    struct bytes down;
    size_t down_seen;
    enum {
        DOWN_HEAD,
        DOWN_BODY,
        DOWN_OPAQUE, /* until the connection ends */
        DOWN_TUNNEL,
        DOWN_OVER,
    } down_state;
    struct body down_body;
    bool drops_comments;
    struct comments comments;
    struct pings pings;
    struct bytes payload, passing; /* scratch of one call */
};

void dialogue_init(struct dialogue *dialogue,
                   const struct dialogue_listener *listener);
void dialogue_fini(struct dialogue *dialogue);

/* Takes what a client has sent (LEN may be 0: go on with what waits). Returns
 * NULL, or a sentence that says what is wrong with it; then nothing more is
 * taken. */
__attribute__((warn_unused_result)) const char *
dialogue_up(struct dialogue *dialogue, const char *data, size_t len);

/* The same for what the server has sent. */
__attribute__((warn_unused_result)) const char *
dialogue_down(struct dialogue *dialogue, const char *data, size_t len);

/* Whether more of the client may be read: a little is, also while it waits for
 * an answer, so that its going is noticed. */
bool dialogue_takes_up(const struct dialogue *dialogue);

/* The modes of the answer that comes, or came last. */
const struct modes *dialogue_modes(const struct dialogue *dialogue);

#endif

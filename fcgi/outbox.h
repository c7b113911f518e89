/* Outbox: what one connection is about to send, and the one write that sends
 * it.
 *
 * It holds references to shared bytes, never more of them than one write may
 * carry, and frames them as FastCGI records (or, for CGI and WebSocket, not at
 * all) while it writes. Until all has left nothing can be added: what is on its
 * way is a fixed run of bytes, of which only the number sent so far is kept. */
#ifndef EARSHOT_OUTBOX_H
#define EARSHOT_OUTBOX_H

#include "base/shared.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    OUTBOX_BYTES_MAX = 64 * 1024, /* or one piece, where that is larger */
    OUTBOX_PIECES_MAX = 200,
    OUTBOX_FEW = 2,
};

struct outbox {
    struct shared *few[OUTBOX_FEW]; /* the pieces, while they fit in here */
    struct shared **many;           /* all of them; NULL: few */
    uint16_t count;
    uint16_t room;      /* of many */
    bool ends;          /* END_REQUEST follows the pieces */
    bool is_on_its_way; /* a write took a part of it, or nothing */
    size_t payload;     /* bytes of all pieces */
    size_t sent;        /* bytes written so far, records' headers included */
};

struct outbox_framing {
    bool is_plain;  /* no records: the pieces as they are */
    bool is_socket; /* what is plain goes to a socket */
    uint16_t request_id;
};

enum written { WRITTEN_ALL, WRITTEN_PART, WRITTEN_GONE };

void outbox_fini(struct outbox *outbox);

/* True when LEN more bytes may be added to what one write carries. */
bool outbox_fits(const struct outbox *outbox, size_t len);

/* Adds a piece, of which it takes a reference of its own. */
void outbox_add(struct outbox *outbox, struct shared *piece);

/* Nothing comes after what is in it now: the request ends. */
void outbox_end(struct outbox *outbox);

bool outbox_is_empty(const struct outbox *outbox);

/* Writes what is left to FD, which does not block. WRITTEN_ALL leaves it
 * empty; WRITTEN_GONE says that the peer has closed. */
enum written outbox_write(struct outbox *outbox, int fd,
                          const struct outbox_framing *framing);

#endif

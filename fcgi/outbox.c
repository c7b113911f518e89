#include "outbox.h"

#include "base/bytes.h"
#include "record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { SLICES_MAX = 256, HEADERS_MAX = 16, GATHER_MAX = 2048 };

static struct shared **
pieces_of(struct outbox *outbox)
{
    return outbox->many ? outbox->many : outbox->few;
}

void
outbox_fini(struct outbox *outbox)
{
    struct shared **pieces = pieces_of(outbox);
    for (size_t i = 0; i < outbox->count; i++)
        shared_release(pieces[i]);
    free(outbox->many);
    *outbox = (struct outbox){0};
}

bool
outbox_fits(const struct outbox *outbox, size_t len)
{
    if (outbox->is_on_its_way)
        return false;
    return !outbox->count || (outbox->payload + len <= OUTBOX_BYTES_MAX &&
                              outbox->count < OUTBOX_PIECES_MAX);
}

/* There is no room for one more: makes it. */
static void
grow(struct outbox *outbox)
{
    size_t room = outbox->count * 2u;
    struct shared **many = xrealloc(outbox->many, room * sizeof *many);
    if (!outbox->many)
        memcpy(many, outbox->few, sizeof outbox->few);
    outbox->many = many;
    outbox->room = (uint16_t)room;
}

void
outbox_add(struct outbox *outbox, struct shared *piece)
{
    if (outbox->count == (outbox->many ? outbox->room : OUTBOX_FEW))
        grow(outbox);
    pieces_of(outbox)[outbox->count++] = shared_hold(piece);
    outbox->payload += piece->len;
}

void
outbox_end(struct outbox *outbox)
{
    outbox->ends = true;
}

bool
outbox_is_empty(const struct outbox *outbox)
{
    return !outbox->count && !outbox->ends;
}

/* The slices of one write: the run of bytes that the pieces and their records'
 * headers make, less the first SKIP of them. */
struct slices {
    struct iovec iov[SLICES_MAX];
    int count;
    size_t len;  /* of all slices */
    size_t skip; /* bytes still to be left out */
    char headers[HEADERS_MAX][RECORD_HEADER_SIZE];
    int header_count;
    char end[RECORD_END_SIZE];
};

/* False: there is no room; what there is is written first. */
static bool
add_slice(struct slices *slices, const char *data, size_t len)
{
    if (slices->skip >= len) {
        slices->skip -= len;
        return true;
    }
    if (slices->count == SLICES_MAX)
        return false;
    slices->iov[slices->count++] =
        (struct iovec){.iov_base = (char *)(uintptr_t)data + slices->skip,
                       .iov_len = len - slices->skip};
    slices->len += len - slices->skip;
    slices->skip = 0;
    return true;
}

static bool
add_header(struct slices *slices, uint16_t request_id, size_t len)
{
    if (slices->skip >= RECORD_HEADER_SIZE) {
        slices->skip -= RECORD_HEADER_SIZE;
        return true;
    }
    if (slices->header_count == HEADERS_MAX)
        return false;
    char *header = slices->headers[slices->header_count++];
    record_write(header, RECORD_STDOUT, request_id, len);
    return add_slice(slices, header, RECORD_HEADER_SIZE);
}

/* All pieces as one run of payload, cut into records of RECORD_CHUNK. */
static bool
add_pieces(struct slices *slices, struct outbox *outbox,
           const struct outbox_framing *framing)
{
    struct shared *const *pieces = pieces_of(outbox);
    size_t done = 0;
    size_t room = 0; /* in the current record */
    for (size_t i = 0; i < outbox->count; i++) {
        const struct shared *piece = pieces[i];
        for (size_t at = 0; at < piece->len;) {
            if (framing->is_plain) {
                room = piece->len;
            } else if (!room) {
                room = outbox->payload - done;
                if (room > RECORD_CHUNK)
                    room = RECORD_CHUNK;
                if (!add_header(slices, framing->request_id, room))
                    return false;
            }
            size_t len = piece->len - at < room ? piece->len - at : room;
            if (!add_slice(slices, piece->data + at, len))
                return false;
            at += len;
            done += len;
            room -= len;
        }
    }
    return true;
}

/* True when the slices reach to the end of all that is to be sent. */
static bool
compose(struct slices *slices, struct outbox *outbox,
        const struct outbox_framing *framing)
{
    slices->count = slices->header_count = 0;
    slices->len = 0;
    slices->skip = outbox->sent;
    if (!add_pieces(slices, outbox, framing))
        return false;
    if (!outbox->ends || framing->is_plain)
        return true;
    record_write_end(slices->end, framing->request_id);
    return add_slice(slices, slices->end, RECORD_END_SIZE);
}

/* A short write costs less as one run of bytes in one send(2): a tenth of what
 * it costs to hand a message to a subscriber. */
static ssize_t
write_slices(const struct slices *slices, int fd, bool is_socket)
{
    if (!is_socket || slices->len > GATHER_MAX)
        return writev(fd, slices->iov, slices->count);
    char run[GATHER_MAX];
    size_t len = 0;
    for (int i = 0; i < slices->count; i++) {
        memcpy(run + len, slices->iov[i].iov_base, slices->iov[i].iov_len);
        len += slices->iov[i].iov_len;
    }
    return send(fd, run, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

enum written
outbox_write(struct outbox *outbox, int fd,
             const struct outbox_framing *framing)
{
    struct slices slices;
    bool is_last = false;
    while (!is_last) {
        is_last = compose(&slices, outbox, framing);
        if (!slices.count)
            break;
        ssize_t len =
            write_slices(&slices, fd, !framing->is_plain || framing->is_socket);
        if (len < 0 && errno == EINTR) {
            is_last = false;
            continue;
        }
        if (len < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
            return WRITTEN_GONE;
        if (len > 0)
            outbox->sent += (size_t)len;
        if (len < 0 || (size_t)len < slices.len) {
            outbox->is_on_its_way = true;
            return WRITTEN_PART;
        }
    }
    outbox_fini(outbox);
    return WRITTEN_ALL;
}

#include "outbox.h"

#include "base/bytes.h"
#include "check.h"
#include "record.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct outbox_framing framed = {.request_id = 0x0203};
static const struct outbox_framing plain = {.is_plain = true};

/* Two ends of a connection that takes little at a time. */
static int ours, peer;
static struct outbox outbox;
static struct bytes payload; /* of all pieces that were added */
static struct bytes got;     /* all that the peer has read */

static int
begin(void **state)
{
    (void)state;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) < 0)
        return -1;
    ours = ends[0];
    peer = ends[1];
    const int small = 1; /* the kernel makes it the least there is */
    setsockopt(ours, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    outbox = (struct outbox){0};
    return 0;
}

static int
end(void **state)
{
    (void)state;
    outbox_fini(&outbox);
    bytes_fini(&payload);
    bytes_fini(&got);
    close(ours);
    if (peer >= 0)
        close(peer);
    return 0;
}

/* Adds a piece of LEN bytes that are different from place to place. */
static void
add(size_t len)
{
    struct bytes bytes = BYTES_EMPTY;
    for (size_t i = 0; i < len; i++)
        bytes_append_char(&bytes, (char)((payload.len + i) * 31 >> 3));
    bytes_append(&payload, bytes.data, bytes.len);
    struct shared *piece = shared_take(&bytes);
    outbox_add(&outbox, piece);
    shared_release(piece);
}

/* Reads up to MAX of what has been written. */
static void
take(size_t max)
{
    char *room = bytes_reserve(&got, max);
    ssize_t len = read(peer, room, max);
    if (len > 0)
        got.len += (size_t)len;
}

/* Writes until all has left, the peer reading STEP bytes each time. Returns
 * how often a write took only a part. */
static int
write_all(const struct outbox_framing *framing, size_t step)
{
    int parts = 0;
    enum written written;
    while ((written = outbox_write(&outbox, ours, framing)) == WRITTEN_PART) {
        parts++;
        assert_false(outbox_fits(&outbox, 0));
        take(step);
    }
    assert_int_equal(written, WRITTEN_ALL);
    assert_true(outbox_is_empty(&outbox));
    assert_true(outbox_fits(&outbox, 1 << 20));
    for (size_t before = got.len + 1; before != got.len;) {
        before = got.len;
        take(65536);
    }
    return parts;
}

/* What was got is the payload in full records, then an end if ENDS. */
static void
assert_framed(bool ends)
{
    size_t at = 0, done = 0;
    while (done < payload.len) {
        struct record_header header;
        assert_true(got.len - at >= RECORD_HEADER_SIZE);
        record_parse(got.data + at, &header);
        size_t left = payload.len - done;
        assert_int_equal(header.version, 1);
        assert_int_equal(header.type, RECORD_STDOUT);
        assert_int_equal(header.request_id, framed.request_id);
        assert_int_equal(header.padding_len, 0);
        assert_int_equal(header.content_len,
                         left < RECORD_CHUNK ? left : RECORD_CHUNK);
        at += RECORD_HEADER_SIZE;
        assert_true(got.len - at >= header.content_len);
        assert_memory_equal(got.data + at, payload.data + done,
                            header.content_len);
        at += header.content_len;
        done += header.content_len;
    }
    if (ends) {
        char expected[RECORD_END_SIZE];
        record_write_end(expected, framed.request_id);
        assert_int_equal(got.len - at, RECORD_END_SIZE);
        assert_memory_equal(got.data + at, expected, RECORD_END_SIZE);
    } else {
        assert_int_equal(got.len, at);
    }
}

TEST(an_empty_outbox_writes_nothing)
{
    assert_true(outbox_is_empty(&outbox));
    assert_int_equal(write_all(&framed, 1), 0);
    assert_int_equal(got.len, 0);
}

TEST(small_pieces_leave_in_one_record)
{
    add(1);
    add(0);
    add(300);
    add(7);
    assert_false(outbox_is_empty(&outbox));
    assert_int_equal(write_all(&framed, 1), 0);
    assert_int_equal(got.len, RECORD_HEADER_SIZE + 308);
    assert_framed(false);
}

TEST(an_outbox_is_used_again_and_again)
{
    for (size_t len = 1; len < 500; len += 7) {
        bytes_consume(&got, got.len);
        bytes_consume(&payload, payload.len);
        add(len);
        add(3);
        write_all(&framed, 100);
        assert_framed(false);
    }
}

TEST(a_large_piece_is_cut_into_records)
{
    static const size_t sizes[] = {
        RECORD_CHUNK - 1, RECORD_CHUNK,     RECORD_CHUNK + 1, 65535, 65536,
        200000,           3 * RECORD_CHUNK, 1200000};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        bytes_consume(&got, got.len);
        bytes_consume(&payload, payload.len);
        add(sizes[i]);
        outbox_end(&outbox);
        assert_true(write_all(&framed, 65536) > 0);
        assert_framed(true);
    }
}

TEST(pieces_run_over_the_edges_of_records)
{
    add(RECORD_CHUNK - 3);
    add(5);
    add(RECORD_CHUNK);
    add(2 * RECORD_CHUNK - 2);
    add(1);
    outbox_end(&outbox);
    write_all(&framed, 5000);
    assert_framed(true);
}

TEST(an_end_alone_is_written)
{
    outbox_end(&outbox);
    assert_false(outbox_is_empty(&outbox));
    write_all(&framed, 1);
    assert_framed(true);
}

static void
fill_small(void)
{
    static const size_t pieces[] = {3, 1, 12, 0, 5};
    bytes_consume(&payload, payload.len);
    bytes_consume(&got, got.len);
    for (size_t i = 0; i < COUNT_OF(pieces); i++)
        add(pieces[i]);
    outbox_end(&outbox);
}

TEST(a_write_goes_on_from_every_place_where_one_may_stop)
{
    fill_small();
    write_all(&framed, 1);
    assert_framed(true);
    struct bytes whole = got;
    got = BYTES_EMPTY;
    for (size_t sent = 0; sent <= whole.len; sent++) {
        fill_small();
        outbox.sent = sent;
        outbox.is_on_its_way = sent > 0;
        write_all(&framed, 1);
        assert_int_equal(got.len, whole.len - sent);
        assert_memory_equal(got.data, whole.data + sent, got.len);
    }
    bytes_fini(&whole);
}

TEST(a_peer_that_reads_little_gets_every_byte_once)
{
    /* Odd steps, so that writes stop in headers, between and in pieces. */
    static const size_t steps[] = {1, 7, 97, 1021, 4099, 50000};
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        bytes_consume(&got, got.len);
        bytes_consume(&payload, payload.len);
        size_t len = steps[i] < 100 ? 9000 : 70000;
        for (int piece = 0; piece < 5; piece++)
            add(len / 5 + (size_t)piece);
        outbox_end(&outbox);
        assert_true(write_all(&framed, steps[i]) > 0);
        assert_framed(true);
    }
}

TEST(many_pieces_leave_whole)
{
    for (int i = 0; i < OUTBOX_PIECES_MAX; i++)
        add(900);
    assert_true(write_all(&framed, 3000) > 0);
    assert_framed(false);
}

TEST(an_end_may_come_while_a_part_is_on_its_way)
{
    add(100000);
    assert_int_equal(outbox_write(&outbox, ours, &framed), WRITTEN_PART);
    outbox_end(&outbox);
    write_all(&framed, 1777);
    assert_framed(true);
}

TEST(what_is_on_its_way_takes_nothing_more)
{
    add(1 << 20);
    assert_false(outbox.is_on_its_way);
    assert_int_equal(outbox_write(&outbox, ours, &framed), WRITTEN_PART);
    assert_true(outbox.is_on_its_way);
    assert_false(outbox_fits(&outbox, 0));
    /* Nor when the socket took nothing at all. */
    size_t sent = outbox.sent;
    assert_int_equal(outbox_write(&outbox, ours, &framed), WRITTEN_PART);
    assert_int_equal(outbox.sent, sent);
    assert_false(outbox_is_empty(&outbox));
}

TEST(one_write_carries_so_much_and_one_piece_always_fits)
{
    assert_true(outbox_fits(&outbox, 10 * OUTBOX_BYTES_MAX));
    add(OUTBOX_BYTES_MAX - 10);
    assert_true(outbox_fits(&outbox, 10));
    assert_false(outbox_fits(&outbox, 11));
    add(10);
    assert_true(outbox_fits(&outbox, 0));
    assert_false(outbox_fits(&outbox, 1));
}

TEST(one_write_carries_so_many_pieces)
{
    for (int i = 0; i < OUTBOX_PIECES_MAX; i++) {
        assert_true(outbox_fits(&outbox, 1));
        add(1);
    }
    assert_false(outbox_fits(&outbox, 1));
    write_all(&framed, 1);
    assert_framed(false);
}

TEST(plain_output_has_no_records)
{
    add(100);
    add(70000);
    add(0);
    add(9);
    outbox_end(&outbox);
    write_all(&plain, 4000);
    assert_int_equal(got.len, payload.len);
    assert_memory_equal(got.data, payload.data, got.len);
}

TEST(a_peer_that_has_gone_is_noticed)
{
    add(10);
    close(peer);
    peer = -1;
    assert_int_equal(outbox_write(&outbox, ours, &framed), WRITTEN_GONE);
}

TEST(pieces_are_shared_and_let_go_when_they_have_left)
{
    struct shared *piece = shared_new("shared", 6);
    outbox_add(&outbox, piece);
    assert_int_equal(piece->references, 2);
    assert_int_equal(outbox_write(&outbox, ours, &framed), WRITTEN_ALL);
    assert_int_equal(piece->references, 1);
    outbox_add(&outbox, piece);
    outbox_fini(&outbox);
    assert_int_equal(piece->references, 1);
    shared_release(piece);
}

#define BOX(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        BOX(an_empty_outbox_writes_nothing),
        BOX(small_pieces_leave_in_one_record),
        BOX(an_outbox_is_used_again_and_again),
        BOX(a_large_piece_is_cut_into_records),
        BOX(pieces_run_over_the_edges_of_records),
        BOX(an_end_alone_is_written),
        BOX(a_write_goes_on_from_every_place_where_one_may_stop),
        BOX(a_peer_that_reads_little_gets_every_byte_once),
        BOX(many_pieces_leave_whole),
        BOX(an_end_may_come_while_a_part_is_on_its_way),
        BOX(what_is_on_its_way_takes_nothing_more),
        BOX(one_write_carries_so_much_and_one_piece_always_fits),
        BOX(one_write_carries_so_many_pieces),
        BOX(plain_output_has_no_records),
        BOX(a_peer_that_has_gone_is_noticed),
        BOX(pieces_are_shared_and_let_go_when_they_have_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

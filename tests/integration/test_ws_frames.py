"""Frames, by the sections of RFC 6455 that say MUST."""

import json
import struct
import time

import pytest

from wait import slow, wait_until
from websocket import (BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT,
                       close_payload, fragments, frame, head, raw_answers)

NORMAL, AWAY, PROTOCOL, UNSUPPORTED = 1000, 1001, 1002, 1003
NOT_UTF8, POLICY, TOO_BIG = 1007, 1008, 1009


def text_of(data):
    return json.dumps({"data": data}, ensure_ascii=False)


def goes_on(socket, data="still here"):
    """It publishes, and is told of it."""
    id = socket.publish(data)
    message = socket.take(1)[0]
    assert (message["id"], message["data"]) == (id, data)


def ends_with(socket, code):
    """It is closed with the code, a reason in words, and by the server
    first (7.1.1)."""
    got = socket.wait_close()
    assert got.code == code, (got.code, got.reason)
    assert got.reason, "no reason given"
    return got


@pytest.fixture
def socket(one_ws):
    with one_ws.socket("frames") as socket:
        yield socket
    wait_until(lambda: one_ws.held() == 0)


# 5.1: masking

@pytest.mark.parametrize("data", [
    frame(TEXT, text_of("x"), key=None), frame(BINARY, b"x", key=None),
    frame(PING, b"", key=None), frame(PONG, b"x", key=None),
    frame(CLOSE, close_payload(1000), key=None),
    head(TEXT, 5000, key=None)])
def test_5_1_a_frame_that_is_not_masked_ends_it(socket, data):
    socket.send(data)
    ends_with(socket, PROTOCOL)


@pytest.mark.parametrize("key", [b"\0\0\0\0", b"\xff\xff\xff\xff",
                                 b"\0\0\0\1", b"abcd"])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 7, 8, 9, 125, 126, 127])
def test_5_3_any_mask_and_any_length_is_unmasked(socket, key, size):
    data = ("0123456789" * 13)[:size]
    socket.send(frame(TEXT, text_of(data), key=key))
    assert socket.answer()["event"] == "earshot.published"
    assert socket.take(1)[0]["data"] == data


# 5.2: the first bytes

@pytest.mark.parametrize("rsv", range(1, 8))
@pytest.mark.parametrize("opcode", [TEXT, PING, CLOSE])
def test_5_2_reserved_bits_end_it(socket, rsv, opcode):
    socket.send(frame(opcode, b"", rsv=rsv))
    ends_with(socket, PROTOCOL)


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def test_5_2_an_unknown_opcode_ends_it(socket, opcode):
    socket.send(frame(opcode, b""))
    ends_with(socket, PROTOCOL)


@pytest.mark.parametrize("size, form", [(0, 16), (125, 16), (0, 64),
                                        (125, 64), (126, 64), (65535, 64)])
def test_5_2_a_length_must_be_told_in_its_shortest_form(socket, size, form):
    socket.send(frame(TEXT, b"x" * size, form=form))
    ends_with(socket, PROTOCOL)


def test_5_2_the_highest_bit_of_a_length_must_be_0(socket):
    socket.send(head(TEXT, 1 << 63))
    assert socket.wait_close().code in (PROTOCOL, TOO_BIG)


@pytest.mark.parametrize("size", [0, 1, 124, 125, 126, 127, 65000])
def test_5_2_each_form_of_a_length_is_understood(socket, size):
    whole = text_of("")
    data = "x" * max(size - len(whole), 0)
    socket.send_text(text_of(data))
    assert socket.answer()["event"] == "earshot.published"
    assert socket.take(1)[0]["data"] == data


@pytest.mark.parametrize("size", [90, 125, 126, 127, 65400, 65536, 65537])
def test_5_2_what_the_server_sends_tells_its_length_as_it_must(
        start_ws, size):
    """read_frame holds it against the standard."""
    ws = start_ws(message_max=70000)
    with ws.socket() as socket:
        socket.send_text(text_of("x" * size))
        socket.answer()
        assert len(socket.take(1)[0]["data"]) == size


# 5.4: fragments

@pytest.mark.parametrize("sizes", [(1,), (2, 1), (7, 3), (100,), (30, 1, 40),
                                   (0, 5)])
def test_5_4_a_message_may_come_in_fragments(socket, sizes):
    data = "äöü€𝄞" * 20
    if sizes[0] == 0:       # an empty first fragment, and an empty last one
        payload = text_of(data).encode()
        socket.send(frame(TEXT, b"", fin=False)
                    + frame(CONTINUATION, payload, fin=False)
                    + frame(CONTINUATION, b""))
    else:
        socket.send(fragments(TEXT, text_of(data), *sizes))
    assert socket.answer()["event"] == "earshot.published"
    assert socket.take(1)[0]["data"] == data


def test_5_4_fragments_may_come_byte_by_byte(socket):
    socket.send_split(fragments(TEXT, text_of("é" * 100), 3, 20), 1)
    assert socket.answer()["event"] == "earshot.published"
    assert socket.take(1)[0]["data"] == "é" * 100


def test_5_4_control_frames_may_come_between_fragments(socket):
    payload = text_of("in parts").encode()
    socket.send(frame(TEXT, payload[:4], fin=False) + frame(PING, b"one")
                + frame(CONTINUATION, payload[4:9], fin=False)
                + frame(PONG, b"unasked") + frame(PING, b"two"))
    socket.wait_pong("two")
    assert socket.pongs == [b"one", b"two"]
    socket.send(frame(CONTINUATION, payload[9:]))
    assert socket.answer()["event"] == "earshot.published"
    assert socket.take(1)[0]["data"] == "in parts"


def test_5_4_a_close_may_come_between_fragments(socket):
    socket.send(frame(TEXT, b'{"da', fin=False))
    assert socket.close(NORMAL).code == NORMAL


@pytest.mark.parametrize("data", [
    frame(CONTINUATION, b"x"),
    frame(CONTINUATION, b"x", fin=False),
    frame(TEXT, text_of("x")) + frame(CONTINUATION, b"x"),
])
def test_5_4_a_continuation_of_nothing_ends_it(socket, data):
    socket.send(data)
    ends_with(socket, PROTOCOL)


@pytest.mark.parametrize("second", [TEXT, BINARY])
def test_5_4_a_message_within_another_ends_it(socket, second):
    socket.send(frame(TEXT, b'{"da', fin=False) + frame(second, b"x"))
    ends_with(socket, PROTOCOL)


def test_5_4_many_empty_fragments_cost_nothing(one_ws, socket):
    """A peer cannot make the program keep anything by them."""
    socket.send(frame(TEXT, b"", fin=False))
    before = one_ws.rss()
    piece = frame(CONTINUATION, b"", fin=False) * 1000
    for _ in range(200):
        socket.send(piece)
    socket.send(frame(PING, b"done"))
    socket.wait_pong("done")
    assert one_ws.grew_by(before) < 1 << 20
    socket.send(frame(CONTINUATION, text_of("x")))
    assert socket.answer()["event"] == "earshot.published"


# 5.5: control frames

@pytest.mark.parametrize("opcode", [CLOSE, PING, PONG])
def test_5_5_a_control_frame_above_125_bytes_ends_it(socket, opcode):
    payload = close_payload(1000, "x" * 124) if opcode == CLOSE \
        else b"x" * 126
    socket.send(frame(opcode, payload))
    ends_with(socket, PROTOCOL)


@pytest.mark.parametrize("opcode", [CLOSE, PING, PONG])
def test_5_5_a_control_frame_in_fragments_ends_it(socket, opcode):
    socket.send(frame(opcode, b"", fin=False))
    ends_with(socket, PROTOCOL)


@pytest.mark.parametrize("payload", [
    b"", close_payload(1000), close_payload(1000, "thank you"),
    close_payload(1001), close_payload(1003), close_payload(1007),
    close_payload(1008), close_payload(1009), close_payload(1010),
    close_payload(1011), close_payload(3000), close_payload(3999),
    close_payload(4000), close_payload(4999, "é" * 61),
    close_payload(1000, "x" * 123)])
def test_5_5_1_a_close_is_answered_by_its_code_and_the_end(socket, payload):
    socket.sent_close = True
    socket.send(frame(CLOSE, payload))
    got = socket.wait_close()
    if payload:
        assert got.code in (NORMAL, struct.unpack_from("!H", payload)[0])
    else:
        assert got.code in (1005, NORMAL)


@pytest.mark.parametrize("payload", [b"\x03"] + [
    close_payload(code) for code in
    (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000,
     65535)])
def test_7_4_a_code_that_must_not_be_sent_ends_it(socket, payload):
    socket.sent_close = True
    socket.send(frame(CLOSE, payload))
    assert socket.wait_close().code == PROTOCOL


@pytest.mark.parametrize("reason", [b"\xff", b"\xc3", b"\xed\xa0\x80"])
def test_5_5_1_a_reason_is_utf_8(socket, reason):
    socket.sent_close = True
    socket.send(frame(CLOSE, close_payload(1000, reason)))
    assert socket.wait_close().code in (PROTOCOL, NOT_UTF8)


def test_5_5_1_nothing_behind_a_close_is_heeded(start_ws):
    ws = start_ws()
    with ws.socket() as socket, ws.socket() as other:
        socket.sent_close = True
        socket.send(frame(CLOSE, close_payload(1000))
                    + frame(TEXT, text_of("too late")) + frame(PING, b"x"))
        assert socket.wait_close().code == NORMAL
        assert not socket.pongs
        goes_on(other, "the only one")


@pytest.mark.parametrize("payload", [b"", b"x", b"\0\xff" * 62, b"y" * 125])
def test_5_5_2_a_ping_is_answered_with_what_it_said(socket, payload):
    socket.send(frame(PING, payload))
    socket.wait_pong(payload)


def test_5_5_2_pings_byte_by_byte_are_answered(socket):
    socket.send_split(frame(PING, b"slowly") + frame(PING, b"too"), 1)
    socket.wait_pong("too")
    assert socket.pongs == [b"slowly", b"too"]


def test_5_5_3_a_pong_that_nobody_asked_for_is_passed_over(socket):
    socket.send(frame(PONG, b"") + frame(PONG, b"unasked"))
    goes_on(socket)
    assert not socket.pongs


def test_a_flood_of_pings_costs_no_memory(one_ws, socket):
    """Who sends and does not read is no longer read from."""
    before = one_ws.rss()
    flood = frame(PING, b"x" * 125) * 1000
    socket.socket.settimeout(slow(1))
    sent = 0
    try:
        while sent < 64 << 20:
            sent += socket.socket.send(flood)
    except TimeoutError:
        pass    # it is pushed back
    assert sent < 64 << 20, "all of it was taken: where are the answers?"
    assert one_ws.grew_by(before) < 1 << 20
    # As no more than a piece may be torn, the rest is thrown away.
    socket.reset()


# 5.6 and 8.1: text and binary

@pytest.mark.parametrize("bad", [
    b"\xff", b"\x80", b"\xc3", b"\xc0\xaf", b"\xe0\x80\xaf",
    b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf0\x80\x80\xaf",
    b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xe2\x82", b"\xf0\x9d"])
@pytest.mark.parametrize("cut", [None, 1])
def test_8_1_text_that_is_not_utf_8_ends_it(one_ws, bad, cut):
    payload = b'{"data":"' + bad + b'"}'
    with one_ws.socket("not-utf-8") as socket, \
            one_ws.socket("not-utf-8") as other:
        socket.send(fragments(TEXT, payload, *([cut] if cut else [])))
        ends_with(socket, NOT_UTF8)
        goes_on(other, "nothing was published before this")


def test_8_1_raw_text_that_is_not_utf_8_ends_it_too(one_ws):
    with one_ws.socket("raw", "format=raw", raw=True) as socket:
        socket.send(frame(TEXT, b"ab\xff"))
        ends_with(socket, NOT_UTF8)


def test_8_1_a_character_may_be_cut_between_fragments(socket):
    payload = text_of("€𝄞é").encode()
    for at in range(1, len(payload)):
        socket.send(frame(TEXT, payload[:at], fin=False)
                    + frame(CONTINUATION, payload[at:]))
        socket.answer()
        assert socket.take(1)[0]["data"] == "€𝄞é"


def test_7_4_1_binary_is_not_accepted_where_json_is_spoken(socket):
    socket.send(frame(BINARY, text_of("x")))
    ends_with(socket, UNSUPPORTED)


# 7.4.1 and 10.4: sizes

@pytest.mark.parametrize("size", [1 << 20, 1 << 30, 1 << 40, (1 << 63) - 1])
def test_10_4_a_giant_is_refused_by_its_first_bytes(one_ws, socket, size):
    """Nobody waits for, or makes room for, what it announces."""
    before = one_ws.rss()
    socket.send(head(TEXT, size))
    ends_with(socket, TOO_BIG)
    assert one_ws.grew_by(before) < 1 << 20


def test_10_4_a_giant_in_fragments_is_refused_when_it_is_too_big(
        one_ws, socket):
    before = one_ws.rss()
    piece = frame(CONTINUATION, b"x" * 30000, fin=False)
    socket.send(frame(TEXT, b'{"data":"', fin=False))
    try:
        for _ in range(300):
            socket.send(piece)
            if not socket.quiet(0):
                break
    except OSError:
        pass
    ends_with(socket, TOO_BIG)
    assert one_ws.grew_by(before) < 2 << 20


def test_a_message_at_its_limit_is_taken_and_one_above_is_not(start_ws):
    """In JSON every character may need six: that must not make it big."""
    ws = start_ws(message_max=1000)
    with ws.socket() as socket:
        for data in ("x" * 1000, "\x01" * 1000, "é" * 500):
            socket.send_json({"data": data, "event": "e" * 100})
            assert socket.answer()["event"] == "earshot.published"
            assert socket.take(1)[0]["data"] == data
        for data in ("x" * 1001, "\x01" * 1001, "é" * 501):
            socket.send_json({"data": data})
            answer = socket.answer()
            assert (answer["event"], answer["code"]) == \
                ("earshot.error", "too_large")
        goes_on(socket)
    with ws.socket("raw", "format=raw", raw=True) as socket:
        socket.send(frame(TEXT, b"x" * 1000))
        _, got = raw_answers(socket, 1)
        assert got[0].payload == b"x" * 1000
        socket.send(frame(TEXT, b"x" * 1001))
        ends_with(socket, TOO_BIG)


# 7.1: the end

def test_7_1_1_the_server_ends_the_connection_first(socket):
    """The client keeps it open: the end must come all the same."""
    socket.send_close(NORMAL)
    began = time.monotonic()
    socket.wait_close(5)
    assert time.monotonic() - began < slow(2)


def test_7_1_2_who_does_not_answer_a_close_is_cut_off(start_ws):
    """And who goes on sending is not listened to for ever."""
    ws = start_ws(heartbeat=0.3)
    with ws.socket() as socket:
        socket.send(frame(TEXT, b"x", key=None))
        assert socket.next().code == PROTOCOL
        socket.wait_ended(10)
    wait_until(lambda: ws.status()["connections"] <= 1)


@pytest.mark.parametrize("how", ["drop", "reset"])
@pytest.mark.parametrize("left", [b"", head(TEXT, 100), b"\x81",
                                  frame(TEXT, b"{", fin=False)])
def test_7_1_who_goes_without_a_word_is_noticed_at_once(one_ws, how, left):
    socket = one_ws.socket("gone")
    wait_until(lambda: one_ws.held() == 1)
    socket.send(left)
    getattr(socket, how)()
    wait_until(lambda: one_ws.held() == 0, 2)


def test_half_a_close_is_a_close(one_ws):
    with one_ws.socket("half") as socket:
        wait_until(lambda: one_ws.held() == 1)
        socket.socket.shutdown(1)
        socket.wait_ended(3)
    wait_until(lambda: one_ws.held() == 0, 2)


def test_frames_in_one_write_are_all_heeded(socket):
    data = b"".join(frame(TEXT, text_of(str(i))) for i in range(200))
    socket.send(data + frame(PING, b"end"))
    answers = [socket.answer() for _ in range(200)]
    assert all(a["event"] == "earshot.published" for a in answers)
    messages = socket.take(200)
    assert [m["data"] for m in messages] == [str(i) for i in range(200)]
    assert [m["id"] for m in messages] == [a["id"] for a in answers]
    socket.wait_pong("end")


def test_everything_byte_by_byte(socket):
    data = (frame(PING, b"a") + frame(TEXT, text_of("one"))
            + fragments(TEXT, text_of("two"), 2) + frame(PONG, b"")
            + frame(TEXT, text_of("x" * 200)) + frame(PING, b"z"))
    socket.send_split(data, 1)
    assert [socket.answer()["event"] for _ in range(3)] == \
        ["earshot.published"] * 3
    socket.wait_pong("z")
    assert [m["data"] for m in socket.take(3)] == ["one", "two", "x" * 200]

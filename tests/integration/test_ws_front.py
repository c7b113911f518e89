"""The front of earshot-ws: HTTP before and beside the WebSockets, under
clients that are idle, greedy, many or up to something."""

import resource
import socket
import sqlite3
import statistics
import threading
import time

import pytest

from earshot import free_port
from wait import slow, wait_until
from websocket import (BINARY, CLOSE, PING, TEXT, Connection, frame,
                       request_bytes)

HEALTH = b"GET /earshot/-/health HTTP/1.1\r\nHost: x\r\n\r\n"
KIB = 1024


def is_well(ws):
    return ws.get("/-/health").status == 200


def test_a_kept_connection_that_is_idle_is_ended_and_nothing_else(start_ws):
    ws = start_ws(request_timeout=0.5)
    with Connection(ws.address) as idle, Connection(ws.address) as mute:
        idle.send(HEALTH)
        assert idle.read_answer().status == 200
        idle.wait_ended(5)
        mute.wait_ended(5)
    assert is_well(ws)


def test_requests_whose_answers_are_not_taken_cost_no_memory(start_ws):
    ws = start_ws(request_timeout=3)
    assert is_well(ws)
    before = ws.rss()
    with Connection(ws.address, timeout=0.3) as greedy:
        try:
            for _ in range(2000):
                greedy.send(HEALTH * 200)
        except OSError:
            pass    # nothing more of it is read
        assert ws.grew_by(before) < 4096 * KIB
    assert is_well(ws)


def test_connections_that_come_and_go_without_a_word_are_forgotten(start_ws):
    ws = start_ws(request_timeout=60)

    def churn(count):
        for _ in range(count):
            for _ in range(50):
                Connection(ws.address).drop()
            assert is_well(ws)      # these have been accepted
    churn(5)
    before = ws.rss()
    churn(60)
    assert ws.grew_by(before) < 1024 * KIB, ws.grew_by(before)


def test_when_descriptors_run_out_it_waits_for_some(start_ws):
    ws = start_ws()
    kept = resource.prlimit(ws.pid, resource.RLIMIT_NOFILE)
    with ws.socket() as follower:
        resource.prlimit(ws.pid, resource.RLIMIT_NOFILE, (40, kept[1]))
        crowd = [Connection(ws.address) for _ in range(60)]
        wait_until(lambda: "cannot accept" in ws.log)
        assert ws.running()
        for one in crowd:
            one.drop()
        with ws.socket() as publisher:
            publisher.send_json({"data": "x"})
            assert follower.take(1)[0]["data"] == "x"
    assert ws.log.count("cannot accept") < 12, "it tried without a pause"


@pytest.mark.parametrize("target, status", [
    ("/-/health", 200), ("/room/ws", 426), ("/nothing/here", 404),
    ("/room/sse", 200), ("/-room/sse", 400)])
def test_head_is_answered_without_a_body(one_ws, target, status):
    """What stood there would be taken for the next answer."""
    head = f"HEAD /earshot{target} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    with Connection(one_ws.address) as connection:
        connection.send(head)
        answer = connection.read_answer(with_body=False)
        assert answer.status == status
        assert int(answer.headers["content-length"]) > 0
        connection.send(HEALTH)
        assert connection.read_answer().json["ready"] is True


def test_a_websocket_begins_with_get(one_ws):
    with Connection(one_ws.address) as connection:
        connection.send(request_bytes("/earshot/room/ws").replace(
            b"GET", b"HEAD", 1))
        assert connection.read_answer(with_body=False).status == 426


@pytest.mark.parametrize("header", ["Content-Length: {}",
                                    "Transfer-Encoding: chunked"])
def test_a_body_of_head_is_no_second_request(one_ws, header):
    """A web server in between passes it on as a body, unlooked at."""
    hidden = request_bytes("/earshot/room/ws")
    with Connection(one_ws.address) as connection:
        connection.send(f"HEAD /earshot/-/health HTTP/1.1\r\nHost: x\r\n"
                        f"{header.format(len(hidden))}\r\n\r\n".encode()
                        + hidden)
        assert connection.read_answer(with_body=False).status == 400
        while connection.fill(connection.deadline(5)):
            pass
        assert not connection.buffer


def test_two_hosts_are_no_host(one_ws):
    with Connection(one_ws.address) as connection:
        connection.send(request_bytes("/earshot/room/ws").replace(
            b"\r\n", b"\r\nHost: other.example\r\n", 1))
        answer = connection.read_answer()
        assert (answer.status, answer.json["code"]) == (400, "handshake")


@pytest.mark.parametrize("method", ["TRACE", "PUT", "POST", "DELETE", "PATCH"])
def test_other_methods_are_told_which_would_do(one_ws, method):
    answer = one_ws.call(method, "/room/ws")
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert answer.json["code"] == "method"


def test_nothing_follows_a_close_frame(earshot, ws):
    """5.5.1: not even what became of a publish that was under way."""
    with ws.socket(raw=False) as socket:
        socket.send(frame(TEXT, '{"data":"x","key":"k"}') +
                    frame(BINARY, b"not here"))
        got = []
        while not got or got[-1].opcode != CLOSE:
            got.append(socket.read_frame())
        assert got[-1].code == 1003
        wait_until(lambda: earshot.data("room") == ["x"])
        assert socket.read_frame() is None


def test_a_life_ends_when_what_was_published_is_answered(earshot, start_ws):
    ws = start_ws(stream_life=1, commit_timeout=20)
    writer = sqlite3.connect(earshot.queue, isolation_level=None)
    with ws.socket() as socket:
        writer.execute("BEGIN IMMEDIATE")
        socket.send_json({"data": "x", "key": "k"})
        time.sleep(1.5)     # its life is over by then
        writer.execute("ROLLBACK")
        events = []
        while socket.got_close is None:
            if (got := socket.next()) is not None and got.opcode == TEXT:
                events.append(got.json["event"])
    writer.close()
    assert "earshot.published" in events
    assert socket.got_close.code == 1012


def test_a_reason_is_utf_8_whatever_it_quotes(start_ws):
    ws = start_ws(publish="local")
    with Connection(ws.address) as socket:
        socket.send(request_bytes("/earshot/room/ws?format=raw").replace(
            b"Host:", b"X-Forwarded-For: \xff\xfe\r\nHost:", 1))
        assert socket.read_answer().status == 101
        socket.send(frame(TEXT, "x"))
        while socket.fill(socket.deadline(5)):
            pass
        closing = bytes(socket.buffer)
    assert closing[0] == 0x88 and closing[2:4] == b"\x03\xf0"
    assert "(??)" in closing[4:].decode("utf-8")


@pytest.mark.parametrize("behind", [
    frame(TEXT, '{"data":"x"}'), frame(9, b"x"),
    b"GET /earshot/-/health HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_what_comes_behind_the_request_of_a_stream_is_not_looked_at(
        earshot, ws, behind):
    with Connection(ws.address) as stream:
        stream.send(b"GET /earshot/room/sse HTTP/1.1\r\nHost: x\r\n\r\n"
                    + behind)
        deadline = stream.deadline(5)
        while b"earshot.open" not in stream.buffer:
            assert stream.fill(deadline)
        earshot_id = earshot.publish("room", "after")
        while b"data: after" not in stream.buffer:
            assert stream.fill(deadline)
        assert b"\x81" not in stream.buffer and b"\x8a" not in stream.buffer
        assert stream.buffer.count(b"HTTP/1.1") == 1
        assert earshot_id.encode() in stream.buffer
    assert earshot.data("room") == ["after"]


def test_small_frames_do_not_wait_for_each_other(start_ws):
    """Nagle's algorithm holds one back until the one before has been
    acknowledged, and a client that has just sent something may take 40 ms."""
    ws = start_ws(listen=f"127.0.0.1:{free_port()}")
    count, sent, late = 200, {}, []
    with ws.socket() as follower, ws.socket() as publisher:
        def publish():
            for i in range(count):
                sent[str(i)] = time.monotonic()
                publisher.send_json({"data": str(i)})
                time.sleep(0.003)
        publisher.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        thread = threading.Thread(target=publish)
        thread.start()
        for i in range(count):
            message = follower.next().json
            late.append(time.monotonic() - sent[message["data"]])
            if i % 10 == 0:
                follower.send_frame(PING, b"x")
        thread.join()
    assert statistics.median(late) < slow(0.012)


def test_a_large_message_comes_in_fragments(start, start_ws):
    earshot = start(message_max=1 << 20)
    ws = start_ws(message_max=1 << 20)
    data = "".join(f"{i:07}." for i in range(25000))
    with ws.socket() as reader, ws.socket(query="format=raw", raw=True) as raw:
        earshot.publish("room", data)
        assert reader.take(1)[0]["data"] == data
        frames = [raw.read_frame()]
        while not frames[-1].fin:
            frames.append(raw.read_frame())
    assert [one.opcode for one in frames] == [TEXT, 0, 0, 0]
    assert b"".join(one.payload for one in frames) == data.encode()

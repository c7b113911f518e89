"""What earshot-tap's modes and orders do, before a server of the test's."""

import http.client
import time

import pytest

from tap import Tap, get, is_reset
from target import (ANSWER, CHUNKED, Target, chunk, read_exactly,
                    read_head)
from wait import slow, wait_until


@pytest.fixture
def target(started):
    server = Target()
    started.append(server)
    return server


@pytest.fixture
def tap(directory, started, target):
    tap = Tap(directory)
    started.append(tap)
    return tap.start(target.url)


# Modes ----------------------------------------------------------------------

def test_slow_keeps_to_its_rate_and_the_server_notices(tap, target):
    client, server, _ = tap.talk(target, get("a", "slow=20000"))
    server.settimeout(0.3)
    sent = 0
    began = time.monotonic()
    server.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    with pytest.raises(TimeoutError):
        while sent < 50_000_000:
            sent += server.send(b"x" * 10_000)
    assert sent < 8_000_000, "the server's socket has filled"
    read_head(client)
    read_exactly(client, 20_000)
    assert 0.8 < time.monotonic() - began < slow(5)


def test_buffer_holds_back_until_the_answer_ends(tap, target):
    client, server, _ = tap.talk(target, get("a", "buffer"))
    server.sendall(CHUNKED + chunk(b"data: 1\n\n"))
    wait_until(lambda: tap.log_of("a", kind="down"))
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.recv(1)
    server.sendall(b"0\r\n\r\n")
    client.settimeout(slow(10))
    expected = CHUNKED + chunk(b"data: 1\n\n") + b"0\r\n\r\n"
    assert read_exactly(client, len(expected)) == expected
    assert [(record.kind, record.held, record.size) for record
            in tap.log_of("a")[2:]] == [
        ("response", True, len(CHUNKED)), ("down", True, 14),
        ("down", True, 5),
        ("response", False, len(CHUNKED)), ("down", False, 19)]
    assert tap.log_of("a")[-1].bytes == expected[len(CHUNKED):]


def test_buffer_lets_go_at_64_kib(tap, target):
    client, server, _ = tap.talk(target, get("a", "buffer"))
    server.sendall(CHUNKED + chunk(b"x" * 30_000))
    wait_until(lambda: sum(r.size for r in tap.log_of("a", kind="down"))
               >= 30_000)
    client.settimeout(0.2)
    with pytest.raises(TimeoutError):
        client.recv(1)
    client.settimeout(slow(10))
    server.sendall(chunk(b"y" * 40_000))
    assert read_exactly(client, 65536).startswith(CHUNKED)
    passed = [record for record in tap.log_of("a") if not record.held]
    assert sum(record.size for record in passed[2:]) >= 65536
    assert [record.kind for record in passed[2:4]] == ["response", "down"]


def test_origin_none_and_nocursor_take_off_what_they_say(tap, target):
    headers = ("Origin: http://o\r\nSec-Fetch-Site: cross-site\r\n"
               "Last-Event-ID: 7\r\nAccept: a\r\n")
    client = tap.send((f"GET /~a;origin=none;nocursor/x?after=7&last=3 "
                       f"HTTP/1.1\r\nHost: h\r\n{headers}\r\n").encode())
    head = read_head(target.accept())
    assert head == b"GET /x?last=3 HTTP/1.1\r\nHost: h\r\nAccept: a\r\n\r\n"
    client.close()


def test_nobeat_takes_heartbeats_out(tap, target):
    client, server, _ = tap.talk(target, get("a", "nobeat"))
    server.sendall(CHUNKED + chunk(b"data: 1\n\n") + chunk(b":\n\n"))
    server.sendall(chunk(b": beat\n\ndata: 2\n\n") + b"0\r\n\r\n")
    response = http.client.HTTPResponse(client)
    response.begin()
    assert response.read() == b"data: 1\n\ndata: 2\n\n"
    assert b"beat" not in tap.bytes_of("a", "response", "down")


def test_nobeat_takes_pings_out_of_a_websocket(tap, target):
    client, server = tap.upgrade(target, "nobeat")
    server.sendall(b"\x89\x04ping\x81\x02hi\x89\0")
    server.sendall(b"\x8a\x01p\x88\x02\x03\xe8")
    assert read_exactly(client, 11) == b"\x81\x02hi\x8a\x01p\x88\x02\x03\xe8"
    client.sendall(b"\x89\x80\0\0\0\0")     # up they pass
    assert read_exactly(server, 6) == b"\x89\x80\0\0\0\0"


def test_idle_cuts_what_is_silent(tap, target):
    client, server, _ = tap.talk(target, get("a", "idle=0.6"))
    server.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(6):      # something passes: it is not silent
        time.sleep(0.2)
        server.sendall(b"x")
    began = time.monotonic()
    is_reset(client)
    assert 0.3 < time.monotonic() - began < slow(3)
    is_reset(server)
    assert tap.log_of("a")[-1].by == "idle"


# Orders ---------------------------------------------------------------------

def test_cut_resets_both_sides_of_a_tag(tap, target):
    client, server, _ = tap.talk(target, get("a1"))
    other, other_server, _ = tap.talk(target, get("b1"))
    assert tap.cut("a*") == 1
    is_reset(client)
    is_reset(server)
    assert tap.log_of("a1")[-1].by == "cut"
    other_server.sendall(ANSWER)
    assert read_exactly(other, len(ANSWER)) == ANSWER


def test_cut_refuses_new_ones_for_a_while(tap, target):
    assert tap.cut("a", for_ms=700) == 0
    until = time.monotonic() + 0.7
    is_reset(tap.send(get("a")))
    assert target.arrived.empty(), "nothing of it has passed"
    tap.talk(target, get("b"))

    def comes_through():
        with tap.send(get("a")) as client:
            client.settimeout(0.2)
            try:
                return client.recv(1) != b""
            except TimeoutError:
                return True
            except ConnectionResetError:
                return False
    wait_until(comes_through)
    assert time.monotonic() >= until
    assert tap.kinds("a")[:2] == ["open", "close"]


def test_mute_passes_nothing_and_closes_nothing(tap, target):
    client, server = tap.upgrade(target)
    assert tap.mute("w") == 1
    client.sendall(b"up")
    server.sendall(b"down")
    for sock in client, server:
        sock.settimeout(0.4)
        with pytest.raises(TimeoutError):
            sock.recv(1)
    late = tap.send(get("w"))
    assert target.arrived.empty()
    server.settimeout(slow(10))
    client.settimeout(slow(10))
    assert tap.clear("w") == 2      # what was held goes on
    assert read_exactly(server, 2) == b"up"
    assert read_exactly(client, 4) == b"down"
    read_head(target.accept())
    late.close()


def test_slow_by_order_begins_and_ends(tap, target):
    client, server, _ = tap.talk(target, get("a"))
    server.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    read_head(client)
    assert tap.slow("a", 1000) == 1
    server.sendall(b"x" * 100_000)
    client.settimeout(0.5)
    began = time.monotonic()
    got = 0
    while time.monotonic() - began < 1:
        got += len(client.recv(65536))
    assert 300 < got < 3000
    client.settimeout(slow(10))
    assert tap.slow("a", 0) == 1
    read_exactly(client, 100_000 - got)

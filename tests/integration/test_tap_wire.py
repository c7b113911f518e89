"""earshot-tap before a server that says exactly what it is told to."""

import json
import os
import socket
import threading
import time

import pytest

import sockets
from processes import descriptors, resident
from tap import Tap, get, is_reset
from target import ANSWER, Target, read_exactly, read_head, read_rest
from wait import holds_for, slow, wait_until

SIZE = 3_000_000


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


# What passes ----------------------------------------------------------------

def test_only_the_prefix_is_taken_off(tap, target):
    lines = (b"hOsT:  some.where:81 \r\nX-\xff: \xfe\r\nCookie: a=b; c\r\n"
             b"Origin: http://o\r\n\r\n")
    client, server, head = tap.talk(
        target, b"GET /~a/p%20q/~b/?x=/~c/ HTTP/1.1\r\n" + lines)
    assert head == b"GET /p%20q/~b/?x=/~c/ HTTP/1.1\r\n" + lines
    answer = b"HTTP/1.1 200 \xe4\r\ncontent-LENGTH: 4\r\nA:b\r\n\r\n\0\xff\r\n"
    server.sendall(answer)
    assert read_exactly(client, len(answer)) == answer
    records = tap.log_of("a")
    assert [record.kind for record in records] == [
        "open", "request", "response", "down"]
    assert records[1].bytes == head
    assert records[2].bytes + records[3].bytes == answer


def test_a_path_without_prefix_is_relayed_untagged(tap, target):
    client, server, head = tap.talk(target, b"GET /x HTTP/1.0\r\n\r\n")
    assert head == b"GET /x HTTP/1.0\r\n\r\n"
    server.sendall(b"HTTP/1.0 200 OK\r\n\r\nbody")
    server.close()
    assert read_rest(client) == b"HTTP/1.0 200 OK\r\n\r\nbody"
    assert {record.tag for record in tap.log_of()} == {""}


def test_bytes_come_through_one_at_a_time(tap, target):
    client = tap.connect()
    for byte in get("a"):
        client.sendall(bytes([byte]))
    server = target.accept()
    assert read_head(server).startswith(b"GET /x HTTP/1.1\r\n")
    for byte in ANSWER:
        server.sendall(bytes([byte]))
    assert read_exactly(client, len(ANSWER)) == ANSWER
    assert tap.bytes_of("a", "response", "down") == ANSWER


def test_pipelined_requests_pass_in_order(tap, target):
    """Each with its own tag and body, in one write."""
    post = b"POST /~b/2 HTTP/1.1\r\nContent-Length: 5\r\n\r\nGET /"
    client = tap.send(get("a") + post + get("c") * 40)
    server = target.accept()
    for i in range(42):
        head = read_head(server)
        assert head.startswith(b"POST /2 " if i == 1 else b"GET /x ")
        if i == 1:
            assert read_exactly(server, 5) == b"GET /"
        server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n%02d" % i)
    for i in range(42):
        read_head(client)
        assert read_exactly(client, 2) == b"%02d" % i
    assert tap.bytes_of("b", "up", "down") == b"GET /01"
    assert len(tap.log_of("c", kind="response")) == 40


def test_bodies_of_any_size_pass_whole(tap, target):
    body = os.urandom(SIZE)
    request = (b"POST /~a/x HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % SIZE)
    client = tap.send(request)
    server = target.accept()
    read_head(server)
    for at in range(0, SIZE, 100_000):
        client.sendall(body[at:at + 100_000])
        assert read_exactly(server, 100_000) == body[at:at + 100_000]
    server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
    read_head(client)
    for at in range(0, SIZE, 100_000):
        server.sendall(body[at:at + 100_000])
        assert read_exactly(client, 100_000) == body[at:at + 100_000]
    for kind in "up", "down":
        sizes = [record.size for record in tap.log_of("a", kind=kind)]
        assert sum(sizes) == SIZE, "every byte is counted"
    assert max(len(record.bytes) for record in tap.log_of("a")) == 4096


def test_after_an_upgrade_any_bytes_pass_both_ways(tap, target):
    client, server = tap.upgrade(target)
    up, down = os.urandom(5000), b"GET /~a/ HTTP/1.1\r\n\r\n" + os.urandom(99)
    client.sendall(up)
    assert read_exactly(server, 5000) == up
    server.sendall(down)
    assert read_exactly(client, len(down)) == down
    assert tap.bytes_of("w", "down") == down
    assert sum(r.size for r in tap.log_of("w", kind="up")) == 5000
    server.close()
    assert client.recv(1) == b""


def test_a_kept_connection_belongs_to_its_latest_request(tap, target):
    client, server, _ = tap.talk(target, get("a"))
    server.sendall(ANSWER)
    read_exactly(client, len(ANSWER))
    client.sendall(get("b"))
    read_head(server)
    assert tap.cut("a") == 0
    assert tap.cut("b") == 1
    is_reset(client)
    assert tap.kinds("a") == ["open", "request", "response", "down"]
    assert tap.kinds("b") == ["request", "close"]


# The log --------------------------------------------------------------------

def test_records_say_when_and_who(tap, target):
    before = time.time() * 1000
    client, server, _ = tap.talk(target, get("a"))
    server.sendall(ANSWER)
    read_exactly(client, len(ANSWER))
    between = time.time() * 1000
    client.close()
    assert server.recv(1) == b""
    records = wait_until(lambda: (found := tap.log_of("a")) and
                         found[-1].kind == "close" and found)
    times = [record.time for record in records]
    assert times == sorted(times)
    assert before <= times[0] and times[-2] <= between
    assert times[-1] <= time.time() * 1000
    assert any(when % 1 for when in times), "with decimals"
    assert records[-1].by == "client"
    assert len({record.connection for record in records}) == 1
    numbers = [record.n for record in records]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_the_log_is_read_on_from_where_one_was(tap, target):
    client, server, _ = tap.talk(target, get("a"))
    first = tap.page("a")
    assert [record["kind"] for record in first["records"]] == [
        "open", "request"]
    assert tap.page("a", first["next"])["records"] == []
    server.sendall(ANSWER)
    read_exactly(client, len(ANSWER))
    later = tap.page("a", first["next"])
    assert [record["kind"] for record in later["records"]] == [
        "response", "down"]
    assert not later["lost"] and not later["more"]
    assert tap.page("b")["records"] == []
    assert len(tap.page("a*")["records"]) == len(tap.page()["records"]) == 4
    assert tap.info()["next"] == later["next"]


def test_the_log_can_be_waited_for(tap, target):
    client, server, _ = tap.talk(target, get("a"))
    after = tap.page("a")["next"]
    began = time.monotonic()
    assert tap.page("a", after, wait=0.3)["records"] == []
    assert time.monotonic() - began >= 0.28
    answers = []
    thread = threading.Thread(
        target=lambda: answers.append(tap.page("a", after, wait=20)))
    thread.start()
    wait_until(lambda: tap.info()["waiting"] == 1)
    other, _, _ = tap.talk(target, get("b"))   # not what it waits for
    holds_for(lambda: not answers, 0.3)
    began = time.monotonic()
    server.sendall(ANSWER)
    thread.join(slow(10))
    assert time.monotonic() - began < slow(5)
    assert [record["kind"] for record in answers[0]["records"]] == [
        "response", "down"]
    other.close()


def test_who_waits_is_answered_amid_a_steady_flow(tap, target):
    """News that never pauses must not put the answer off for ever."""
    client, server, _ = tap.talk(target, get("a"))
    after = tap.page("a")["next"]
    answered = threading.Event()

    def flow():
        wait_until(lambda: tap.info()["waiting"] == 1)
        server.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        until = time.monotonic() + slow(3)
        while not answered.is_set() and time.monotonic() < until:
            server.sendall(b"x")
            client.recv(1000)
        amid.append(answered.is_set())
    amid = []
    thread = threading.Thread(target=flow)
    thread.start()
    assert tap.page("a", after, wait=20)["records"]
    answered.set()
    thread.join()
    assert amid == [True]


def test_numbers_go_on_rising_over_a_restart(tap, target):
    """Else a reader who was away meanwhile would go on in the middle."""
    open_ones = [tap.talk(target, get("a"))]
    before = tap.page("a")
    tap.kill()
    tap.start(target.url, relay=tap.relay, control=tap.control)
    open_ones += [tap.talk(target, get("a")) for _ in range(3)]
    page = tap.page("a", before["next"])
    assert [record["kind"] for record in page["records"]] == [
        "open", "request"] * 3
    assert page["lost"], "the last of the tap before may have been missed"
    assert page["records"][0]["n"] > before["next"]
    assert not ({record["connection"] for record in page["records"]}
                & {record["connection"] for record in before["records"]})
    assert len(open_ones) == 4


def test_a_reader_is_told_what_it_has_missed(tap, target):
    client, server, _ = tap.talk(target, get("a"))
    server.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    read_head(client)
    start = tap.page("a")["next"]
    blob = os.urandom(4096)
    for _ in range(3000):       # 12 MB, where 8 MiB are kept
        server.sendall(blob)
        read_exactly(client, len(blob))
    page = tap.page("a", start)
    assert page["lost"] and page["records"][0]["n"] > start + 1
    assert page["more"], "8 MiB do not come in one answer"
    newest = tap.info()["next"]
    assert not tap.page("a", newest)["lost"]
    assert not tap.page("a")["lost"], "who asks for what is kept lost nothing"
    assert tap.page("a", newest + 1)["lost"], "none of this tap's numbers"
    assert resident(tap.pid) < 64 << 20 or tap.is_sanitized()


# Trouble --------------------------------------------------------------------

@pytest.mark.parametrize("request_bytes", [
    b"\x16\x03\x01\x02\0\x01\xfc\r\n\r\n",
    b"GET / HTTP/2.0\r\n\r\n",
    b"hello\r\n\r\n",
    b"GET /~a;faster/ HTTP/1.1\r\n\r\n",
    b"GET /~a b/ HTTP/1.1\r\n\r\n",
    b"GET /~/x HTTP/1.1\r\n\r\n",
    b"POST /~a/ HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    b"POST /~a/ HTTP/1.1\r\nContent-Length: 1\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n",
    b"GET /~a/ HTTP/1.1\r\nX: " + b"x" * 17000,
    b"x" * 17000,
])
def test_what_is_no_request_is_answered_and_closed(tap, target,
                                                   request_bytes):
    head, _, body = read_rest(tap.send(request_bytes)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    error = json.loads(body)
    assert error["code"] == "bad_request" and len(error["error"]) > 10
    assert target.arrived.empty()


def test_a_target_that_is_away_is_like_that_for_the_client(directory,
                                                           started):
    target = Target()
    tap = Tap(directory)
    started.append(tap)
    tap.start(target.url)
    port = target.port
    target.stop()
    is_reset(tap.send(get("a")))
    assert tap.log_of("a")[-1].by == "server"
    assert "cannot reach the target" in tap.log
    back = Target(port=port)
    started.append(back)
    client, server, _ = tap.talk(back, get("a"))
    server.sendall(ANSWER)
    assert read_exactly(client, len(ANSWER)) == ANSWER


def test_who_has_gone_is_told_to_the_other_side(tap, target):
    client, server, _ = tap.talk(target, get("a"))
    client.close()
    assert server.recv(1) == b""
    client, server, _ = tap.talk(target, get("a"))
    sockets.reset(client)
    is_reset(server)
    client, server, _ = tap.talk(target, get("a"))
    sockets.reset(server)
    is_reset(client)
    client, server, _ = tap.talk(target, get("a"))
    server.sendall(ANSWER)
    server.close()
    assert read_rest(client) == ANSWER
    wait_until(lambda: tap.info()["connections"] == 0)
    assert [record.by for record in tap.log_of("a", kind="close")] == [
        "client", "client", "server", "server"]


def test_an_answer_before_the_end_of_the_body_arrives(tap, target):
    """As a 413: the server has closed, the client still sends."""
    client = tap.send(b"POST /~a/ HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n")
    server = target.accept()
    read_head(server)
    client.sendall(b"x" * 200_000)
    answer = b"HTTP/1.1 413 No\r\nConnection: close\r\n\r\ntoo large"
    server.sendall(answer)
    server.shutdown(socket.SHUT_WR)
    assert read_rest(client) == answer


def test_a_client_that_takes_nothing_stops_the_server(tap, target):
    client, server, _ = tap.talk(target, get("a"))
    server.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    server.settimeout(0.5)
    before = resident(tap.pid)
    sent = 0
    with pytest.raises(TimeoutError):
        while sent < 100_000_000:
            sent += server.send(b"x" * 100_000)
    assert sent < 40_000_000
    # 8 MiB of records, and little else
    assert resident(tap.pid) - before < 16 << 20 or tap.is_sanitized()
    client.close()


def test_512_connections_are_served_and_no_more(tap, target):
    clients = []
    before = descriptors(tap.pid)
    for i in range(512):
        clients.append(tap.send(get(f"t{i}")))
        server = target.accept()
        read_head(server)
        server.sendall(ANSWER)
        assert read_exactly(clients[-1], len(ANSWER)) == ANSWER
    assert tap.info()["connections"] == 512
    beyond = tap.connect()
    assert beyond.recv(1) == b""
    for i, client in enumerate(clients):
        assert len(tap.page(f"t{i}")["records"]) == 4
        client.close()
    wait_until(lambda: tap.info()["connections"] == 0)
    wait_until(lambda: descriptors(tap.pid) <= before + 2)
    tap.talk(target, get("again"))

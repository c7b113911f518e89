"""Kept, held and closed connections, by a peer that speaks raw records."""

import os
import resource
import struct
import time

import pytest

import fastcgi
from earshot import free_port
from fastcgi import CANT_MPX_CONN, END_REQUEST, STDIN
from test_records import POLL, post, resting, serves, settles, small
from wait import wait_until

# Kept

def test_a_kept_connection_serves_many_requests_in_turn(earshot):
    with earshot.peer() as peer:
        for i in range(500):
            id = 1 + i % 3
            answer = peer.request("POST", "/room", body=str(i), id=id,
                                  keep=True)
            assert answer.status == 201
        peer.request(keep=True, **POLL)
        peer.request(keep=False, **POLL)
        assert peer.wait_closed() == []
    assert earshot.data("room") == [str(i) for i in range(500)]


def test_a_connection_that_is_not_to_be_kept_is_closed(earshot):
    for target in ("/room/poll", "/room/nothing", "/room/poll?wait=0.1"):
        with earshot.peer() as peer:
            peer.request("GET", target)
            assert peer.wait_closed() == []


def test_requests_may_be_written_all_at_once(earshot):
    with earshot.peer() as peer:
        peer.send(b"".join(post(str(i), id=1 + i % 7, keep=True)
                           for i in range(60)))
        for i in range(60):
            assert peer.read_answer(1 + i % 7).status == 201, i
    assert earshot.data("room") == [str(i) for i in range(60)]


def test_a_request_behind_a_short_one_is_not_forgotten(earshot):
    held = fastcgi.request_bytes("GET", "/room/poll?wait=20", id=2,
                                 keep=True)
    short = fastcgi.request_bytes("GET", "/room/poll", keep=True)
    with earshot.peer() as peer:
        peer.send(short + held)
        assert peer.read_answer().status == 200
        wait_until(lambda: earshot.held("poll") == 1)
        earshot.publish("room", "x")
        assert len(peer.read_answer(2).json["messages"]) == 1
        peer.send(post(b"y", keep=True) + short + short)
        for status in (201, 200, 200):
            assert peer.read_answer().status == status


def test_a_second_request_on_a_held_one_cannot_be_multiplexed(earshot):
    with earshot.stream("room", keep=True) as stream:
        peer = stream.source.peer
        for id in (2, 3):
            peer.send(fastcgi.request_bytes("GET", "/room/poll", id=id))
            got = peer.read_record()
            while got.id != id:
                got = peer.read_record()
            assert got.type == END_REQUEST
            assert struct.unpack("!IB3x", got.content)[1] == CANT_MPX_CONN
        earshot.publish("room", "still here")
        assert stream.next().data == "still here"
    with earshot.peer() as peer:
        peer.send_request("GET", "/room/poll?wait=20", keep=True)
        wait_until(lambda: earshot.held("poll") == 1)
        peer.send(fastcgi.request_bytes("POST", "/room", body=b"no", id=2))
        got = peer.read_record()
        assert (got.id, got.type) == (2, END_REQUEST)
        assert struct.unpack("!IB3x", got.content)[1] == CANT_MPX_CONN
        earshot.publish("room", "yes")
        page = peer.read_answer().json
        assert [message["data"] for message in page["messages"]] == ["yes"]
        assert peer.request(keep=True, **POLL).status == 200
    assert earshot.data("room") == ["still here", "yes"]


def test_a_second_request_written_with_a_held_one_is_not_forgotten(earshot):
    """In one write: refused at once, or served when its turn has come."""
    with earshot.peer() as peer:
        peer.send(fastcgi.request_bytes("GET", "/room/poll?wait=0.5", id=1,
                                        keep=True)
                  + post(b"second", id=2, keep=True))
        ended = {}
        while len(ended) < 2:
            got = peer.read_record()
            if got.type == END_REQUEST:
                ended[got.id] = struct.unpack("!IB3x", got.content)[1]
        assert ended[1] == 0 and ended[2] in (0, CANT_MPX_CONN)
    assert earshot.data("room") == ([] if ended[2] else ["second"])


def test_a_second_request_while_the_first_arrives(earshot):
    first = post(b"first", keep=True)
    with earshot.peer() as peer:
        peer.send(first[:-8])
        peer.send(post(b"second", id=2))
        got = peer.read_record()
        assert (got.id, got.type) == (2, END_REQUEST)
        assert struct.unpack("!IB3x", got.content)[1] == CANT_MPX_CONN
        peer.send(first[-8:])
        assert peer.read_answer().status == 201
    assert earshot.data("room") == ["first"]


@pytest.mark.parametrize("target", ["/room/sse", "/room/poll?wait=60"])
def test_more_than_64_kib_sent_to_a_held_one_closes_it(start, target):
    earshot = start(wait_max=60)
    with earshot.peer() as peer:
        peer.send_request("GET", target, keep=True)
        wait_until(lambda: earshot.held() == 1)
        try:
            for _ in range(20):
                peer.send(fastcgi.record(STDIN, 1, b"x" * 8000))
        except (BrokenPipeError, ConnectionResetError):
            pass
        wait_until(lambda: earshot.held() == 0)
        try:
            peer.wait_closed(10)
        except fastcgi.Closed:
            pass
    assert serves(earshot)


# Closed at every stage

@pytest.mark.parametrize("way", ["close", "half_close"])
def test_a_connection_may_be_closed_at_every_byte(earshot, way):
    rest = resting(earshot)
    whole = small(b"x")
    for cut in range(len(whole)):
        with earshot.peer() as peer:
            peer.send(whole[:cut])
            if way == "half_close":
                peer.half_close()
                assert peer.wait_closed(10) == []
    settles(earshot, rest)
    assert earshot.data("room") == []


def test_a_tcp_peer_may_reset_at_every_stage(start):
    earshot = start(listen=f"127.0.0.1:{free_port()}")
    rest = resting(earshot)
    whole = small(b"x")
    for cut in range(0, len(whole), 4):
        peer = earshot.peer()
        peer.send(whole[:cut])
        peer.reset()
    for target in ("/room/sse", "/room/poll?wait=20", "/room"):
        for _ in range(10):
            peer = earshot.peer()
            peer.send_request("GET", target, keep=True)
            peer.reset()
    settles(earshot, rest)


def test_a_publisher_that_goes_before_its_answer_does_no_harm(earshot):
    rest = resting(earshot)
    for i in range(100):
        with earshot.peer() as peer:
            peer.send(small(b"%d" % i))
    settles(earshot, rest)
    found = earshot.data("room")
    assert len(found) == len(set(found)), "each at most once"


@pytest.mark.parametrize("way", ["close", "half_close"])
def test_a_held_one_that_goes_is_let_go(earshot, way):
    rest = resting(earshot)
    peers = []
    for target in ("/room/sse", "/room/poll?wait=20", "/a,b,c/sse"):
        for keep in (False, True):
            peer = earshot.peer()
            peer.send_request("GET", target, keep=keep)
            peers.append(peer)
    wait_until(lambda: earshot.held() == 6)
    for peer in peers:
        getattr(peer, way)()
    wait_until(lambda: earshot.held() == 0)
    for peer in peers:
        peer.close()
    settles(earshot, rest)


def test_thousands_of_connections_at_once(start):
    earshot = start(request_timeout=120)
    count = 3000
    rest = resting(earshot)
    peers = []
    try:
        request = small(b"many", keep=True)
        for i in range(count):
            peer = earshot.peer(timeout=60)
            peer.send(request[:i % len(request)])
            peers.append(peer)
        assert serves(earshot)
        for i, peer in enumerate(peers):
            peer.send(request[i % len(request):])
        for peer in peers:
            assert peer.read_answer().status == 201
        assert earshot.info("room")["messages"] == count
        for peer in peers:
            peer.send_request("GET", "/other/poll?wait=25", keep=True)
        wait_until(lambda: earshot.held("poll") == count, 20)
        earshot.publish("other", "to all")
        for peer in peers:
            assert len(peer.read_answer().json["messages"]) == 1
    finally:
        for peer in peers:
            peer.close()
    settles(earshot, rest)


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_running_out_of_descriptors_is_waited_out(earshot):
    rest = resting(earshot)
    limit = rest + 20
    resource.prlimit(earshot.pid, resource.RLIMIT_NOFILE, (limit, limit))
    served = [earshot.peer() for _ in range(15)]
    for peer in served:
        assert peer.request(keep=True, **POLL).status == 200
    waiting = [earshot.peer() for _ in range(60)]
    for peer in waiting:
        peer.send(post(b"waited"))
    before = cpu_seconds(earshot.pid)
    began = time.monotonic()
    while time.monotonic() - began < 1:
        assert served[0].request(keep=True, **POLL).status == 200, \
            "those who are connected are served"
        time.sleep(0.05)
    assert cpu_seconds(earshot.pid) - before < 0.5, "it spins"
    for peer in served:
        peer.close()
    for peer in waiting:
        assert peer.read_answer(timeout=20).status == 201
        peer.close()
    assert earshot.data("room") == ["waited"] * 60

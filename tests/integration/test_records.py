"""What no web server would do, by a peer that speaks raw records."""

import random

import pytest

import fastcgi
import processes
from fastcgi import (END_REQUEST, GET_VALUES, GET_VALUES_RESULT, PARAMS,
                     REQUEST_COMPLETE, STDIN, STDOUT, UNKNOWN_ROLE,
                     UNKNOWN_TYPE)
from wait import wait_until

POLL = dict(method="GET", target="/room/poll?after=earliest")


def post(text, **more):
    return fastcgi.request_bytes("POST", "/room", body=text, **more)


def small(text, **more):
    """A request of few bytes, so that every cut of it can be tried."""
    values = {"REQUEST_METHOD": "POST", "PATH_INFO": "/room",
              "CONTENT_LENGTH": len(text)}
    id = more.get("id", 1)
    return (fastcgi.begin(id, keep=more.get("keep", False))
            + fastcgi.params(values, id) + fastcgi.stdin(text, id))


def serves(earshot):
    """The program still serves others."""
    return earshot.get("/-/health").status == 200


def settles(earshot, descriptors):
    """Nothing is held any more, and no descriptor has leaked."""
    wait_until(lambda: earshot.held() == 0, 15, "the end of all held")
    wait_until(lambda: processes.descriptors(earshot.pid) <= descriptors,
               15, "the closing of the descriptors")


def resting(earshot):
    """How many descriptors the program has when it is at rest."""
    earshot.publish("warm", "up")
    with earshot.stream("warm"):
        pass
    wait_until(lambda: earshot.held("sse") == 0)
    wait_until(lambda: list(earshot.queue.parent.glob("*-presence/*")),
               what="the presence file, which stays open")
    return processes.descriptors(earshot.pid)


# Cut anywhere

def test_a_request_may_be_cut_at_every_byte(earshot):
    with earshot.peer() as peer:
        size = len(small(b"000", keep=True))
        for cut in range(1, size):
            request = small(b"%03d" % cut, keep=True)
            peer.send(request[:cut])
            peer.send(request[cut:])
            assert peer.read_answer().status == 201, cut
    assert earshot.data("room") == ["%03d" % cut for cut in range(1, size)]


def test_a_request_may_come_byte_by_byte(earshot):
    for listed in ([1], [7, 1], [8, 1, 8], [3], [9, 2]):
        with earshot.peer() as peer:
            peer.send_split(post(b"slow", size=5, padding=3), *listed)
            assert peer.read_answer().status == 201
    assert earshot.data("room") == ["slow"] * 5


def test_a_stalled_cut_is_waited_for_and_holds_up_nobody(earshot):
    request = small(b"late")
    peers = []
    for cut in range(0, len(request), 3):
        peer = earshot.peer()
        peer.send(request[:cut])
        peers.append((cut, peer))
    assert serves(earshot)
    for cut, peer in peers:
        peer.send(request[cut:])
        assert peer.read_answer().status == 201, cut
        peer.close()
    assert earshot.data("room") == ["late"] * len(peers)


@pytest.mark.parametrize("size, padding", [
    (1, 0), (1, 255), (7, 1), (65535, 255), (100, 8)])
def test_streams_may_be_cut_into_records_of_any_size(earshot, size, padding):
    body = bytes(range(32, 127)) * 20
    with earshot.peer() as peer:
        peer.send(post(body, size=size, padding=padding))
        assert peer.read_answer().status == 201
    assert earshot.data("room") == [body.decode()]


def test_a_body_at_the_limit_may_come_in_records_of_one_byte(start):
    earshot = start(message_max=20000, request_timeout=60)
    with earshot.peer() as peer:
        peer.send(post(b"x" * 20000, size=1))
        answer = peer.read_answer()
        assert answer.status in (201, 413)
    assert serves(earshot)


# Never whole

def test_requests_that_never_finish_are_closed_and_hold_up_nobody(start):
    earshot = start(request_timeout=1)
    rest = resting(earshot)
    whole = post(b"never")
    peers = []
    for i in range(200):
        peer = earshot.peer()
        peer.send(whole[:(len(whole) - 1) * i // 200])
        peers.append(peer)
    for i in range(20):
        assert earshot.post("/other", str(i)).status == 201
    for peer in peers:
        peer.wait_closed(timeout=15)
        peer.close()
    assert earshot.data("room") == []
    settles(earshot, rest)


@pytest.mark.parametrize("message_max", [None, 1048576])
def test_params_of_200_kib_do_no_harm(start, message_max):
    earshot = start(message_max=message_max)
    before = earshot.rss()
    for _ in range(20):
        with earshot.peer() as peer:
            try:
                answer = peer.request("GET", "/room/poll",
                                      {"X-Long": "x" * 200 * 1024})
                assert answer.status in (200, 400, 413, 431)
            except (fastcgi.Closed, BrokenPipeError):
                assert message_max is None, \
                    "it is within the message's limit and 64 KiB"
    assert earshot.grew_by(before) < 8 << 20
    assert serves(earshot)


def test_params_of_16_mib_are_never_kept(start):
    earshot = start(request_timeout=60)
    before = earshot.rss()
    peers = []
    for _ in range(8):
        peer = earshot.peer()
        try:
            peer.send(fastcgi.begin())
            for _ in range(256):
                peer.send(fastcgi.record(PARAMS, 1, b"x" * 65535))
        except (BrokenPipeError, ConnectionResetError):
            pass
        peers.append(peer)
    assert earshot.grew_by(before) < 16 << 20
    for peer in peers:
        peer.close()
    assert serves(earshot)


@pytest.mark.parametrize("content", [
    b"\xff\xff\xff\xff", b"\x80", b"\x05", b"\x7f\x7fab",
    b"\xff\xff\xff\xff\xff\xff\xff\xff" + b"x" * 100,
    b"\x00\x00" * 1000, fastcgi.pair("A", "b") + b"\x01",
    fastcgi.pair("REQUEST_METHOD", "GET\0POST"),
    fastcgi.pair("", ""), fastcgi.pair("NO=SENSE", "="),
    fastcgi.pair("REQUEST_METHOD", "POST") * 200,
    fastcgi.pair("CONTENT_LENGTH", "5") + fastcgi.pair("CONTENT_LENGTH", "6"),
], ids=["long lengths", "half a length", "a length", "a short pair",
        "endless pairs", "empty pairs", "a byte more", "NUL", "no name",
        "= in a name", "the same again", "two lengths"])
def test_torn_params_are_refused_or_closed(earshot, content):
    with earshot.peer() as peer:
        peer.send(fastcgi.begin() + fastcgi.stream(PARAMS, content)
                  + fastcgi.stdin())
        try:
            answer = peer.read_answer(timeout=10)
            assert 400 <= answer.status < 500 or \
                answer.protocol_status != REQUEST_COMPLETE
        except fastcgi.Closed:
            pass
    assert serves(earshot)
    assert earshot.data("room") == []


# Other records

def test_an_unknown_management_record_is_answered(peer):
    for type in (12, 42, 255):
        peer.send(fastcgi.record(type, 0, b"what?", padding=3))
        got = peer.read_record()
        assert (got.type, got.id) == (UNKNOWN_TYPE, 0)
        assert got.content[0] == type and len(got.content) == 8
    assert peer.request(**POLL).status == 200


def test_an_unknown_record_within_a_request_does_no_harm(earshot):
    with earshot.peer() as peer:
        peer.send(fastcgi.begin() + fastcgi.record(42, 1, b"what?")
                  + fastcgi.params(fastcgi.environment("POST", "/room",
                                                       body=b"x"))
                  + fastcgi.record(77, 1) + fastcgi.stdin(b"x"))
        try:
            got = peer.read_record()
            while got and got.type == UNKNOWN_TYPE:
                got = peer.read_record()
            assert got is None or got.type in (STDOUT, END_REQUEST)
        except fastcgi.Closed:
            pass
    assert serves(earshot)


@pytest.mark.parametrize("role", [fastcgi.AUTHORIZER, fastcgi.FILTER, 0, 4,
                                  65535])
def test_an_unknown_role_is_answered(earshot, role):
    with earshot.peer() as peer:
        peer.send(fastcgi.begin(role=role)
                  + fastcgi.params(fastcgi.environment(**POLL))
                  + fastcgi.stdin())
        answer = peer.read_answer()
        assert answer.protocol_status == UNKNOWN_ROLE
    assert serves(earshot)


def test_a_kept_connection_outlives_an_unknown_role(peer):
    peer.send(fastcgi.begin(7, fastcgi.AUTHORIZER, keep=True)
              + fastcgi.params(fastcgi.environment(**POLL), 7)
              + fastcgi.stdin(id=7))
    assert peer.read_answer(7).protocol_status == UNKNOWN_ROLE
    assert peer.request(keep=True, **POLL).status == 200


def test_get_values_is_answered(peer):
    peer.send(fastcgi.get_values("FCGI_MAX_CONNS", "FCGI_MAX_REQS",
                                 "FCGI_MPXS_CONNS", "FCGI_NONSENSE"))
    got = peer.read_record()
    assert (got.type, got.id) == (GET_VALUES_RESULT, 0)
    values = fastcgi.read_pairs(got.content)
    assert values[b"FCGI_MPXS_CONNS"] == b"0"
    assert int(values[b"FCGI_MAX_CONNS"]) > 1000
    assert int(values[b"FCGI_MAX_REQS"]) > 1000
    assert b"FCGI_NONSENSE" not in values
    assert peer.request(**POLL).status == 200


@pytest.mark.parametrize("content", [b"\xff", b"\x80\xff", b"\x05\x05ab",
                                     b"\0\0" * 30000, b"x" * 65535, b""],
                         ids=["a length", "half a length", "a short name",
                              "empty pairs", "noise", "nothing"])
def test_torn_get_values_do_no_harm(earshot, content):
    with earshot.peer() as peer:
        peer.send(fastcgi.record(GET_VALUES, 0, content))
        try:
            peer.read_record(timeout=1)
        except (fastcgi.Closed, TimeoutError):
            pass
    assert serves(earshot)


def test_management_records_are_answered_between_and_within_requests(peer):
    ask = fastcgi.get_values("FCGI_MPXS_CONNS")
    for _ in range(3):
        peer.send(ask)
        assert peer.read_record().type == GET_VALUES_RESULT
        assert peer.request(keep=True, **POLL).status == 200
    peer.send(fastcgi.begin())
    peer.send(ask)
    assert peer.read_record().type == GET_VALUES_RESULT
    peer.send(fastcgi.params(fastcgi.environment(**POLL)) + fastcgi.stdin())
    assert peer.read_answer().status == 200


@pytest.mark.parametrize("version", [0, 2, 255])
def test_another_version_closes_the_connection(earshot, version):
    wrong = fastcgi.record(STDIN, 1, b"x", version=version)
    for before in (b"", fastcgi.begin(), small(b"x", keep=True)[:-8]):
        with earshot.peer() as peer:
            peer.send(before + wrong)
            assert peer.wait_closed(timeout=10) == []
    with earshot.stream("room") as stream:
        stream.source.peer.send(wrong)
        assert all(record.type in (STDOUT, END_REQUEST)
                   for record in stream.source.peer.wait_closed(10))
    wait_until(lambda: earshot.held("sse") == 0)
    assert earshot.data("room") == []


def test_records_out_of_their_order_do_no_harm(earshot):
    values = fastcgi.environment("POST", "/room", body=b"x")
    parts = [fastcgi.begin(), fastcgi.params(values), fastcgi.stdin(b"x"),
             fastcgi.abort(), fastcgi.record(fastcgi.DATA, 1, b"x"),
             fastcgi.record(STDOUT, 1, b"Status: 200\r\n\r\n"),
             fastcgi.record(END_REQUEST, 1, b"\0" * 8),
             fastcgi.record(UNKNOWN_TYPE, 0, b"\0" * 8),
             fastcgi.record(fastcgi.BEGIN_REQUEST, 0, b"\0\1\0\0\0\0\0\0"),
             fastcgi.record(fastcgi.BEGIN_REQUEST, 1, b"\0\1"),
             fastcgi.record(STDIN, 9, b"of another"),
             fastcgi.record(PARAMS, 0, b"of none")]
    chance = random.Random(7)
    for _ in range(150):
        with earshot.peer() as peer:
            try:
                peer.send(b"".join(chance.choices(parts, k=6)))
                if chance.random() < 0.5:
                    peer.half_close()
                    peer.wait_closed(timeout=10)
            except (BrokenPipeError, ConnectionResetError, fastcgi.Closed,
                    OSError):
                pass
    assert serves(earshot)
    assert set(earshot.data("room")) <= {"x"}


def test_noise_does_no_harm(earshot):
    chance = random.Random(11)
    base = post(b"hello", size=40, padding=2, keep=True)
    for _ in range(300):
        noisy = bytearray(base * 2)
        for _ in range(chance.randint(1, 8)):
            noisy[chance.randrange(len(noisy))] = chance.randrange(256)
        with earshot.peer() as peer:
            try:
                peer.send(noisy)
                peer.half_close()
                peer.wait_closed(timeout=10)
            except (OSError, fastcgi.Closed, AssertionError) as error:
                assert "version" not in str(error)
    assert serves(earshot)


# Aborted

@pytest.mark.parametrize("part", ["begin", "params", "stdin"])
def test_a_request_may_be_aborted_while_it_arrives(earshot, part):
    values = fastcgi.environment("POST", "/room", body=b"never")
    sent = fastcgi.begin(keep=True)
    if part == "params":
        sent += fastcgi.params(values, end=False)
    elif part == "stdin":
        sent += fastcgi.params(values) + fastcgi.stdin(b"never", end=False)
    with earshot.peer() as peer:
        peer.send(sent + fastcgi.abort())
        got = peer.read_record()
        while got.type == STDOUT:
            got = peer.read_record()
        assert got.type == END_REQUEST
        assert peer.request(keep=True, **POLL).json["messages"] == []


@pytest.mark.parametrize("target", ["/room/sse", "/room/poll?wait=20"])
def test_a_held_request_may_be_aborted(earshot, target):
    with earshot.peer() as peer:
        for i in range(5):
            peer.send_request("GET", target, keep=True)
            wait_until(lambda: earshot.held() == 1)
            peer.send(fastcgi.abort())
            got = peer.read_record()
            while got.type == STDOUT:
                got = peer.read_record()
            assert got.type == END_REQUEST
            wait_until(lambda: earshot.held() == 0)
        assert peer.request(keep=True, **POLL).status == 200


@pytest.mark.parametrize("target", ["/room/sse", "/room/poll?wait=20"])
def test_an_abort_may_come_with_the_request_that_it_ends(earshot, target):
    with earshot.peer() as peer:
        peer.send(fastcgi.request_bytes("GET", target, id=1, keep=True)
                  + fastcgi.abort())
        got = peer.read_record()
        while got.type == STDOUT:
            got = peer.read_record()
        assert got.type == END_REQUEST
        assert peer.request(keep=True, **POLL).status == 200
    wait_until(lambda: earshot.held() == 0)


def test_an_abort_of_nothing_is_ignored(earshot):
    with earshot.peer() as peer:
        peer.send(fastcgi.abort() + fastcgi.abort(9))
        assert peer.request(keep=True, **POLL).status == 200
        peer.send(fastcgi.abort(1))
        assert peer.request(keep=True, **POLL).status == 200
    with earshot.stream("room") as stream:
        stream.source.peer.send(fastcgi.abort(2))
        earshot.publish("room", "still here")
        assert stream.next().data == "still here"

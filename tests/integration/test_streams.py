"""Streams that end by themselves, and clients that go."""

import socket
import threading
import time

import pytest

import sockets
from wait import slow, wait_until

SECONDS = 6


class Publisher(threading.Thread):
    """Publishes numbers by kept connection until it is stopped."""

    def __init__(self, earshot):
        super().__init__(daemon=True)
        self.earshot = earshot
        self.stopping = threading.Event()
        self.sent = 0

    def run(self):
        with self.earshot.peer(timeout=30) as peer:
            while not self.stopping.is_set():
                answer = peer.request("POST", "/room", body=str(self.sent),
                                      keep=True)
                assert answer.status == 201
                self.sent += 1
                time.sleep(0.002)

    def end(self):
        self.stopping.set()
        self.join(slow(20))
        self.earshot.publish("room", "end")


class Follower(threading.Thread):
    """Comes back by its cursor whenever its stream has ended."""

    def __init__(self, connect):
        super().__init__(daemon=True)
        self.connect = connect
        self.cursor = ""
        self.seen = []
        self.streams = 0
        self.wrong = None

    def run(self):
        try:
            while not self.seen or self.seen[-1] != "end":
                self.follow()
        except Exception as error:      # shown by the test
            self.wrong = error

    def follow(self):
        headers = {"Last-Event-ID": self.cursor} if self.cursor else None
        with self.connect(headers) as stream:
            self.streams += 1
            assert stream.opening.event == "earshot.open", "a false loss"
            self.cursor = stream.opening.id
            stream.parser.retry = None
            for event in iter(lambda: stream.next(timeout=30), None):
                assert event.event == "message", event
                self.seen.append(event.data)
                self.cursor = event.id
                if event.data == "end":
                    return
            assert stream.parser.retry is not None, "it ended without retry"


def test_streams_that_end_and_come_back_lose_and_repeat_nothing(
        start, start_lighttpd):
    earshot = start(stream_life=0.7, heartbeat=0.3)
    server = start_lighttpd(sockets=[earshot.address])
    followers = [
        Follower(lambda headers: earshot.stream(
            "room", "after=earliest", headers)) for _ in range(6)] + [
        Follower(lambda headers: server.stream(
            "room", "after=earliest", headers)) for _ in range(6)]
    publisher = Publisher(earshot)
    for thread in followers + [publisher]:
        thread.start()
    time.sleep(SECONDS)     # the load lasts this long: no condition to await
    publisher.end()
    expected = [str(i) for i in range(publisher.sent)] + ["end"]
    assert publisher.sent > 100
    for follower in followers:
        follower.join(slow(30))
        assert follower.wrong is None, follower.wrong
        assert follower.seen == expected
        assert follower.streams >= 3
    wait_until(lambda: earshot.info("room")["subscribers"]["sse"] == 0)


def test_lives_are_jittered(start):
    earshot = start(stream_life=2)
    began = time.monotonic()
    streams = [earshot.stream("room") for _ in range(12)]
    ends = {}

    def read(at):
        streams[at].rest(timeout=20)
        ends[at] = time.monotonic() - began
    threads = [threading.Thread(target=read, args=(at,)) for at in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(ends.values()) >= 1.5, "a fifth less, at most"
    assert max(ends.values()) <= slow(3.5), "a fifth more, at most"
    assert max(ends.values()) - min(ends.values()) > 0.05
    for stream in streams:
        stream.close()


def nobody(earshot, transport="sse"):
    return lambda: earshot.info("room")["subscribers"][transport] == 0


def test_a_client_that_is_reset_is_noticed_at_once(start, start_lighttpd):
    """lighttpd closes at once; no heartbeat could tell in this time. One
    that waits for an answer's first byte it may not be watching: there the
    wait's end does it."""
    earshot = start(heartbeat=600, wait_max=4)
    server = start_lighttpd(sockets=[earshot.address])
    streams = [server.stream("room") for _ in range(5)]
    wait_until(lambda: earshot.info("room")["subscribers"]["sse"] == 5)
    polls = [start_poll(server) for _ in range(3)]
    wait_until(lambda: earshot.info("room")["subscribers"]["poll"] == 3)
    for stream in streams:
        stream.source.response.reset()
    wait_until(nobody(earshot), 5, "the streams to be let go")
    for poll in polls:
        sockets.reset(poll)
    wait_until(nobody(earshot, "poll"), 10, "the polls to be let go")


def start_poll(server):
    sock = socket.create_connection(("127.0.0.1", server.port))
    sock.sendall(b"GET /earshot/room/poll?wait=25 HTTP/1.1\r\n"
                 b"Host: localhost\r\n\r\n")
    return sock


def test_a_client_that_closes_is_noticed_by_the_heartbeat(
        start, start_lighttpd):
    """lighttpd takes a plain FIN for a client that only sends no more."""
    earshot = start(heartbeat=0.3)
    server = start_lighttpd(sockets=[earshot.address])
    streams = [server.stream("room") for _ in range(5)]
    wait_until(lambda: earshot.info("room")["subscribers"]["sse"] == 5)
    for stream in streams:
        stream.close()
    wait_until(nobody(earshot), 15, "the streams to be let go")


def test_a_client_that_closes_is_noticed_at_once_with_the_host_option(
        start, start_lighttpd):
    earshot = start(heartbeat=600)
    server = start_lighttpd(sockets=[earshot.address], fin=True)
    streams = [server.stream("room") for _ in range(5)]
    wait_until(lambda: earshot.info("room")["subscribers"]["sse"] == 5)
    for stream in streams:
        stream.close()
    wait_until(nobody(earshot), 5, "the streams to be let go")


def test_a_graceful_reload_of_the_web_server_keeps_the_followers(
        start, start_lighttpd):
    """Its streams go on or end; with their cursor they miss nothing."""
    earshot = start(heartbeat=0.3)
    server = start_lighttpd(sockets=[earshot.address])
    follower = Follower(lambda headers: server.stream(
        "room", "after=earliest", headers))
    retrying = follower.follow

    def follow():
        try:
            retrying()
        except (OSError, AssertionError) as error:
            if "loss" in str(error):
                raise
            time.sleep(0.05)
    follower.follow = follow
    publisher = Publisher(earshot)
    publisher.start()
    follower.start()
    wait_until(lambda: len(follower.seen) > 20)
    server.reload()
    seen = len(follower.seen)
    wait_until(lambda: len(follower.seen) > seen + 50, 20)
    publisher.end()
    follower.join(slow(30))
    assert follower.wrong is None, follower.wrong
    assert follower.seen == [str(i) for i in range(publisher.sent)] + ["end"]
    # Its second life begins when the last stream of the first is over; a
    # SIGTERM between the two would not be obeyed.
    wait_until(lambda: server.errors.count("server started") == 2, 20)


def test_subscribers_who_come_and_go_leave_no_memory(earshot):
    def come_and_go(times):
        for _ in range(times):
            peers = [earshot.peer() for _ in range(50)]
            for at, peer in enumerate(peers):
                peer.send_request("GET", ("/room/sse", "/room/poll?wait=20",
                                          "/a,b,c/sse")[at % 3])
            for peer in peers[::2]:
                peer.close()
            earshot.publish("room", "x" * 100)
            for peer in peers:
                peer.close()
        wait_until(nobody(earshot))
        wait_until(nobody(earshot, "poll"))

    come_and_go(10)
    before = earshot.rss()
    come_and_go(40)
    assert earshot.grew_by(before) < slow(1 << 20)


@pytest.mark.parametrize("transport, target", [
    ("sse", "/room/sse"), ("poll", "/room/poll?wait=25")])
def test_counts_return_to_zero_whatever_happened(start, transport, target):
    earshot = start(heartbeat=0.2, stream_life=1, wait_max=1)
    peers = []
    for i in range(60):
        peer = earshot.peer()
        peer.send_request("GET", target, keep=bool(i % 2))
        peers.append(peer)
        if i % 3 == 0:
            peer.close()
        if i % 7 == 0:
            earshot.publish("room", str(i))
    wait_until(nobody(earshot, transport), 15)
    wait_until(lambda: earshot.status()["subscribers"][transport] == 0)
    for peer in peers:
        peer.close()

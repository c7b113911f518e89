"""The loop never waits: for no client, no peer, no commit, no lock."""

import sqlite3
import threading
import time

import pytest

import fastcgi
from sampler import EPOLL_WAIT, Sampler
from wait import slow, wait_until

STUCK = 1000
MUTE = 100
MESSAGES = 100
SIZE = 30000    # so that the messages together do not fit into a socket


def stick(earshot, count):
    """Connections that stop at every stage of a request."""
    whole = fastcgi.request_bytes("POST", "/room", body=b"never" * 100)
    ends = len(whole) - 1
    peers = []
    for i in range(count):
        peer = earshot.peer(timeout=60)
        peer.send(whole[:ends * i // count])
        peers.append(peer)
    return peers


def mute(earshot, count):
    """Subscribers that will read nothing."""
    peers = []
    for i in range(count):
        peer = earshot.peer()
        peer.send_request("GET", "/room/sse")
        peers.append(peer)
    wait_until(lambda: earshot.held("sse") == count,
               what="the mute subscribers")
    return peers


class LongPoll(threading.Thread):
    """Follows the room by long-polling until it has seen enough."""

    def __init__(self, earshot, count):
        super().__init__(daemon=True)
        self.earshot, self.count = earshot, count
        self.cursor = earshot.poll("room")["cursor"]
        self.seen = []

    def run(self):
        with self.earshot.peer(timeout=30) as peer:
            while len(self.seen) < self.count:
                page = peer.request(
                    "GET", f"/room/poll?wait=20&after={self.cursor}",
                    keep=True).json
                assert not page["lost"]
                self.cursor = page["cursor"]
                self.seen += [message["data"][:8]
                              for message in page["messages"]]


@pytest.fixture
def held_up(start):
    """The program with everyone stuck who may be."""
    earshot = start(request_timeout=600, stall_timeout=600)
    peers = stick(earshot, STUCK) + mute(earshot, MUTE)
    yield earshot
    for peer in peers:
        peer.close()


def texts(count):
    return [f"{i:08d}" for i in range(count)]


def test_stuck_peers_and_mute_readers_hold_up_nobody(held_up):
    earshot = held_up
    streams = [earshot.stream("room") for _ in range(10)]
    polls = [LongPoll(earshot, MESSAGES) for _ in range(5)]
    for poll in polls:
        poll.start()
    worst = 0
    with Sampler(earshot.pid) as sampler:
        for text in texts(MESSAGES):
            began = time.monotonic()
            earshot.publish("room", text + "x" * SIZE)
            for stream in streams:
                assert stream.next(timeout=20).data[:8] == text
            worst = max(worst, time.monotonic() - began)
    for poll in polls:
        poll.join(slow(30))
        assert poll.seen == texts(MESSAGES)
    assert worst < slow(2), "a message was long on its way"
    assert earshot.status()["subscribers"]["behind"] >= MUTE
    for stream in streams:
        stream.close()
    only_waits_for_events(earshot, sampler)


# mmap, munmap and madvise on x86-64: there a sanitizer's allocator meets a
# lock of its own.
MEMORY = {9, 11, 28}


def only_waits_for_events(earshot, sampler):
    loop = sampler.counts[earshot.pid]
    waited = {int(call): count for call, count in loop.items()
              if call != "running"}
    assert sum(loop.values()) >= 500, "too few samples to show anything"
    assert set(waited) & EPOLL_WAIT, "the loop was never seen to wait"
    allowed = EPOLL_WAIT | (MEMORY if earshot.is_sanitized() else set())
    assert set(waited) <= allowed, \
        f"the loop was seen to wait in {waited}"
    others = [calls for tid, calls in sampler.counts.items()
              if tid != earshot.pid]
    assert any(call != "running" and int(call) not in EPOLL_WAIT
               for calls in others for call in calls), \
        "the sampler sees nothing: the writer waits in other calls"


def test_the_loop_waits_for_no_commit_and_no_lock(held_up):
    earshot = held_up
    with earshot.stream("room") as stream, Sampler(earshot.pid) as sampler:
        with earshot.peer() as publisher:
            lock = lock_queue(earshot)
            try:
                publisher.send_request("POST", "/room", body=b"waits")
                until = time.monotonic() + 2
                while time.monotonic() < until:
                    began = time.monotonic()
                    assert earshot.get("/room/poll").status == 200
                    assert time.monotonic() - began < slow(0.5)
            finally:
                lock.rollback()
                lock.close()
            assert publisher.read_answer(timeout=20).status == 201
        assert stream.next().data == "waits"
    only_waits_for_events(earshot, sampler)


def lock_queue(earshot):
    lock = sqlite3.connect(earshot.queue, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    return lock


def test_the_loop_waits_for_no_publisher_in_a_crowd(held_up):
    earshot = held_up
    wrong = []

    def publish(name):
        with earshot.peer(timeout=30) as peer:
            for i in range(100):
                answer = peer.request("POST", "/busy", keep=True,
                                      body=f"{name}-{i}" + "x" * 2000)
                if answer.status != 201:
                    wrong.append(answer)

    threads = [threading.Thread(target=publish, args=(i,))
               for i in range(8)]
    with Sampler(earshot.pid) as sampler:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong
    assert earshot.info("busy")["messages"] == 800
    only_waits_for_events(earshot, sampler)

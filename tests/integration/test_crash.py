"""kill -9 under load: what was acknowledged is there, once, and everyone
who follows has seen it, once. Seeded; COUNT kills (100 by check-crash)."""

import http.client
import os
import random
import signal
import threading
import time

import pytest

import fastcgi
import sse
import web
from wait import slow, wait_until

COUNT = int(os.environ.get("COUNT", "4"))
SEED = int(os.environ.get("SEED", "1"))
GONE = (OSError, http.client.HTTPException, fastcgi.Closed)


class Worker(threading.Thread):
    """A thread whose exception the test sees."""

    def __init__(self, lighttpd):
        super().__init__(daemon=True)
        self.lighttpd = lighttpd
        self.url = lighttpd.url + "/earshot"
        self.wrong = None
        self.stopping = threading.Event()

    def run(self):
        try:
            self.work()
        except Exception as error:      # shown by the test
            self.wrong = error

    def end(self, timeout):
        self.join(slow(timeout))
        assert self.wrong is None, (self.name, self.wrong)
        assert not self.is_alive(), f"{self.name} does not come to its end"


class Publisher(Worker):
    """Publishes numbered messages, each with a key, until it is told to
    stop; repeats each until it is acknowledged."""

    def __init__(self, lighttpd, number):
        super().__init__(lighttpd)
        self.number = number
        self.acknowledged = []      # (id, data), in order
        self.retries = self.repeated = 0

    def work(self):
        at = 0
        while not self.stopping.is_set():
            data = f"{self.number}:{at}"
            self.publish(data)
            at += 1
            time.sleep(0.002)

    def publish(self, data):
        while True:
            try:
                answer = web.call("POST", self.url + "/room",
                                  {"Idempotency-Key": f"key-{data}"}, data)
            except GONE:
                answer = None
            if answer and answer.status in (200, 201):
                self.acknowledged.append((answer.json["id"], data))
                self.repeated += answer.status == 200
                return
            assert answer is None or answer.status >= 500, answer
            self.retries += 1
            time.sleep(0.02)


class Follower(Worker):
    """Follows from the beginning until it has seen the last message."""

    def __init__(self, lighttpd, last):
        super().__init__(lighttpd)
        self.last = last
        self.cursor = ""
        self.seen = []
        self.resumed = -1

    def work(self):
        while not self.seen or self.seen[-1][1] != self.last:
            try:
                self.resumed += 1
                self.follow()
            except GONE:
                pass
            time.sleep(0.02)

    def take(self, id, data):
        self.seen.append((id, data))
        self.cursor = id


class SseFollower(Follower):
    name = "sse"

    def follow(self):
        headers = {"Last-Event-ID": self.cursor} if self.cursor else None
        with sse.over_http(self.url + "/room/sse?after=earliest", headers,
                           opened=False) as stream:
            if stream.head.status != 200:
                assert stream.head.status >= 500, stream.head
                return
            while True:
                event = stream.next(timeout=30)
                if event is None:
                    return
                assert event.event != "earshot.lost", "a false loss"
                if event.event == "earshot.open":
                    self.cursor = event.id
                    continue
                self.take(event.id, event.data)
                if event.data == self.last:
                    return


class PollFollower(Follower):
    name = "long-poll"

    def follow(self):
        while not self.seen or self.seen[-1][1] != self.last:
            answer = web.call("GET", self.url + "/room/poll?wait=20&after="
                              + (self.cursor or "earliest"), timeout=40)
            if answer.status != 200:
                assert answer.status >= 500, answer
                return
            page = answer.json
            assert page["lost"] is False, "a false loss"
            for message in page["messages"]:
                self.take(message["id"], message["data"])
            self.cursor = page["cursor"]


def number(id):
    return int(id.split("-")[0])


def kill_one(lighttpd, chance):
    """False when there was none, or it was gone already."""
    programs = lighttpd.programs()
    try:
        os.kill(chance.choice(programs), signal.SIGKILL)
    except (IndexError, ProcessLookupError):
        return False
    return True


def kill_under_load(lighttpd, kills):
    """The killing itself: gives the publishers when it is over."""
    chance = random.Random(SEED)
    publishers = [Publisher(lighttpd, i) for i in range(4)]
    for publisher in publishers:
        publisher.start()
    for _ in range(kills):
        before = [len(publisher.acknowledged) for publisher in publishers]
        # Everyone has been answered again since the last one died.
        wait_until(lambda: all(
            len(publisher.acknowledged) > some
            for publisher, some in zip(publishers, before)), 30,
            "the publishers to go on")
        time.sleep(chance.uniform(0, 0.3))
        wait_until(lambda: kill_one(lighttpd, chance), 20,
                   "a program to kill")
    for publisher in publishers:
        publisher.stopping.set()
    for publisher in publishers:
        publisher.end(30)
    return publishers


def judged(lighttpd, publishers, followers):
    """All that is stored: once, as acknowledged, and seen by everyone."""
    stored = read_all(lighttpd)
    by_id = dict(stored)
    assert len(by_id) == len(stored), "an id was given twice"
    assert [number(id) for id, _ in stored] == \
        sorted(number(id) for id, _ in stored)
    texts = [data for _, data in stored]
    assert len(set(texts)) == len(texts), "something was stored twice"
    for publisher in publishers:
        ids = [number(id) for id, _ in publisher.acknowledged]
        assert ids == sorted(set(ids)), "ids only grow"
        for id, data in publisher.acknowledged:
            assert by_id.get(id) == data, f"{data} was acknowledged as {id}"
    for follower in followers:
        assert follower.seen == stored, follower.name
        assert follower.resumed >= 1, f"{follower.name} was never cut off"
    return stored


@pytest.mark.crash
@pytest.mark.parametrize("processes", [1, 2])
def test_nothing_acknowledged_is_lost_or_doubled_by_kill_9(
        start_lighttpd, processes):
    lighttpd = start_lighttpd(max_procs=processes, keep_messages=1000000)
    last = "the-end"
    followers = [kind(lighttpd, last)
                 for kind in (SseFollower, PollFollower) * 3]
    for follower in followers:
        follower.start()
    publishers = kill_under_load(lighttpd, COUNT)
    Publisher.publish(publishers[0], last)
    for follower in followers:
        follower.end(60)

    stored = judged(lighttpd, publishers, followers)
    assert sum(len(publisher.acknowledged) for publisher in publishers) \
        == len(stored), "each was repeated until it was"
    assert sum(publisher.retries for publisher in publishers) > 0


def read_all(lighttpd):
    found, after = [], "earliest"
    while True:
        page = lighttpd.get(f"/room/poll?after={after}").json
        found += [(message["id"], message["data"])
                  for message in page["messages"]]
        after = page["cursor"]
        if not page.get("more"):
            return found


@pytest.mark.crash
def test_a_retry_is_safe_whenever_the_program_dies(earshot):
    """Killed somewhere between the request and its answer; the publisher
    repeats with the same key until it has one."""
    chance = random.Random(SEED)
    repeated = 0
    ids = []
    for i in range(3 * COUNT):
        key = {"Idempotency-Key": f"key-{i}"}
        with earshot.peer() as peer:
            peer.send_request("POST", "/room", key, f"{i}")
            time.sleep(chance.uniform(0, 0.004))
            earshot.kill()
        earshot.start()
        first = earshot.post("/room", f"{i}", key)
        assert first.status in (200, 201), first
        repeated += first.status == 200
        again = earshot.post("/room", f"{i}", key)
        assert (again.status, again.json["id"]) == (200, first.json["id"])
        ids.append(number(first.json["id"]))
    assert ids == sorted(set(ids))
    assert earshot.data("room") == [str(i) for i in range(3 * COUNT)]


@pytest.mark.parametrize("synchronous", ["full", "normal"])
def test_what_was_acknowledged_survives_kill_9_in_both_modes(start,
                                                             synchronous):
    earshot = start(synchronous=synchronous)
    assert earshot.status()["queue"]["synchronous"] == synchronous
    ids = []
    for round in range(5):
        ids += [earshot.publish("room", f"{round}-{i}") for i in range(20)]
        earshot.kill()
        earshot.start()
        assert [message["id"] for message in earshot.messages("room")] == ids


def test_a_retry_of_a_cut_answer_is_safe(earshot):
    """The connection is cut at any moment; the program lives on."""
    chance = random.Random(SEED)
    for i in range(100):
        key = {"Idempotency-Key": f"key-{i}"}
        with earshot.peer() as peer:
            peer.send_request("POST", "/room", key, f"{i}")
            time.sleep(chance.choice((0, 0, 0.0005, 0.002)))
        answer = earshot.post("/room", f"{i}", key)
        assert answer.status in (200, 201)
    assert earshot.data("room") == [str(i) for i in range(100)]


def test_repeats_at_the_same_time_store_one(earshot):
    """Both at once: the second must wait for the first, not slip in."""
    for i in range(40):
        request = fastcgi.request_bytes(
            "POST", "/room", {"Idempotency-Key": f"key-{i}"}, str(i))
        peers = [earshot.peer() for _ in range(6)]
        for peer in peers:
            peer.send(request)
        answers = [peer.read_answer() for peer in peers]
        for peer in peers:
            peer.close()
        assert sorted(answer.status for answer in answers) == \
            [200] * 5 + [201]
        assert len({answer.json["id"] for answer in answers}) == 1
    assert earshot.data("room") == [str(i) for i in range(40)]


def test_repeats_to_different_processes_store_one(start):
    three = [start(), start(), start()]
    for i in range(40):
        request = fastcgi.request_bytes(
            "POST", "/room", {"Idempotency-Key": f"key-{i}"}, str(i))
        peers = [earshot.peer() for earshot in three]
        for peer in peers:
            peer.send(request)
        answers = [peer.read_answer() for peer in peers]
        for peer in peers:
            peer.close()
        assert sorted(answer.status for answer in answers) == \
            [200, 200, 201]
        assert len({answer.json["id"] for answer in answers}) == 1
    assert three[0].data("room") == [str(i) for i in range(40)]

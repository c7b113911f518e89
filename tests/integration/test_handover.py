"""Hand-over: followers who move between three processes on one queue, one
of which hears the bell late."""

import random
import threading
import time

import pytest

from wait import slow, wait_until

MESSAGES = 1000


@pytest.fixture
def three(start):
    """Three processes on one queue; the last hears late."""
    return [start(), start(), start(bell="off", look=2000)]


class Publisher(threading.Thread):
    """Publishes numbers by each process in turn, and remembers its ids."""

    def __init__(self, three, count, pause):
        super().__init__(daemon=True)
        self.three, self.count, self.pause = three, count, pause
        self.ids = []
        self.wrong = None

    def run(self):
        peers = [earshot.peer(timeout=30) for earshot in self.three]
        chance = random.Random(3)
        try:
            for i in range(self.count):
                peer = chance.choice(peers)
                answer = peer.request("POST", f"/{'ab'[i % 5 == 0]}",
                                      body=str(i), keep=True)
                assert answer.status == 201, answer
                self.ids.append(answer.json["id"])
                time.sleep(self.pause)
        except Exception as error:      # shown by the test
            self.wrong = error
        finally:
            for peer in peers:
                peer.close()


class Mover(threading.Thread):
    """Follows both channels from process to process, by one transport or
    by several, with one cursor."""

    def __init__(self, three, transports, seed, last):
        super().__init__(daemon=True)
        self.three, self.transports = three, transports
        self.chance = random.Random(seed)
        self.last = last
        self.seen = []
        self.moves = 0
        self.wrong = None
        self.cursor = three[0].poll("a,b")["cursor"]

    def run(self):
        try:
            while not self.seen or self.seen[-1][1] != self.last:
                earshot = self.chance.choice(self.three)
                transport = self.chance.choice(self.transports)
                getattr(self, transport)(earshot)
                self.moves += 1
        except Exception as error:      # shown by the test
            self.wrong = error

    def take(self, id, data):
        self.seen.append((id, data))
        self.cursor = id

    def poll(self, earshot, wait=""):
        page = earshot.get(f"/a,b/poll?after={self.cursor}{wait}").json
        assert page["lost"] is False, "a false loss"
        for message in page["messages"]:
            self.take(message["id"], message["data"])
        if page["messages"]:
            assert page["cursor"] == self.cursor
        self.cursor = page["cursor"]
        time.sleep(0.005)       # or this thread would leave none to others

    def long(self, earshot):
        self.poll(earshot, "&wait=0.3")

    def sse(self, earshot):
        with earshot.stream("a,b", headers={
                "Last-Event-ID": self.cursor}) as stream:
            assert stream.opening.event == "earshot.open", "a false loss"
            until = time.monotonic() + self.chance.uniform(0, 0.4)
            while time.monotonic() < until:
                try:
                    event = stream.next(timeout=0.05)
                except TimeoutError:
                    continue
                assert event.event == "message", event
                self.take(event.id, event.json["data"])
                if self.seen[-1][1] == self.last:
                    return


def test_who_moves_between_processes_sees_each_message_once(three):
    last = str(MESSAGES - 1)
    movers = [Mover(three, transports, seed, last)
              for seed, transports in enumerate(
                  [["sse"], ["poll"], ["long"], ["sse", "poll", "long"]]
                  * 2)]
    publisher = Publisher(three, MESSAGES, 0.003)
    for mover in movers:
        mover.start()
    publisher.start()
    publisher.join(slow(60))
    assert publisher.wrong is None, publisher.wrong
    expected = [(id, str(i)) for i, id in enumerate(publisher.ids)]
    assert len(expected) == MESSAGES
    for mover in movers:
        mover.join(slow(60))
        assert mover.wrong is None, (mover.transports, mover.wrong)
        assert mover.seen == expected, mover.transports
        assert mover.moves > 5
    for earshot in three:
        assert earshot.status()["lost"] == 0


def test_who_stays_sees_each_message_once(three):
    """Held by one process while all three publish."""
    streams = [earshot.stream("a,b") for earshot in three * 2]
    publisher = Publisher(three, 400, 0.001)
    publisher.start()
    publisher.join(slow(60))
    assert publisher.wrong is None, publisher.wrong
    for stream in streams:
        assert [event.id for event in stream.take(400)] == publisher.ids
        stream.close()


def test_a_poll_finds_what_any_process_has_acknowledged(three):
    # Somebody follows at each, or it would have no position of its own.
    held = [earshot.stream("room") for earshot in three]
    peers = [earshot.peer(timeout=30) for earshot in three]
    cursor = three[0].poll("room")["cursor"]
    for i in range(300):
        answer = peers[i % 3].request("POST", "/room", body=str(i),
                                      keep=True)
        id = answer.json["id"]
        for peer in peers:
            page = peer.request("GET", f"/room/poll?after={cursor}",
                                keep=True).json
            assert [message["id"] for message in page["messages"]] == [id]
            assert page["lost"] is False
        cursor = id
    for stream in held:
        assert [event.data for event in stream.take(300)] == \
            [str(i) for i in range(300)]
        stream.close()
    for peer in peers:
        peer.close()


def test_a_stream_from_another_processs_head_is_live_at_once(three):
    late = three[2]
    held = late.stream("room")      # its process has a position of its own
    for i in range(50):
        id = three[i % 2].publish("room", str(i))
        with late.stream("room", headers={"Last-Event-ID": id}) as stream:
            assert stream.opening.event == "earshot.open"
            assert stream.opening.id == id
    last = late.publish("room", "last")
    events = held.take(51)
    assert [event.data for event in events] == \
        [str(i) for i in range(50)] + ["last"]
    assert events[-1].id == last
    held.close()


def test_the_late_process_hears_in_the_end_without_a_bell(three):
    with three[2].stream("room") as stream:
        began = time.monotonic()
        three[0].publish("room", "x")
        assert stream.next(timeout=10).data == "x"
        assert time.monotonic() - began < slow(5)


def test_followers_of_the_head_are_told_of_no_loss_while_pruning_goes_on(
        start):
    three = [start(keep_messages=200),
             start(keep_messages=200),
             start(keep_messages=200, bell="off", look=300)]
    cursors = [earshot.poll("room")["cursor"] for earshot in three]
    assert len(set(cursors)) == 1
    lines = '{"data":"x"}\n' * 40
    for i in range(60):
        three[i % 3].post("/room", lines, {
            "Content-Type": "application/x-ndjson"})
        for at, earshot in enumerate(three):
            page = earshot.poll("room", cursors[at])
            assert page["lost"] is False
            assert len(page["messages"]) == 40
            cursors[at] = page["cursor"]
    wait_until(lambda: three[0].info("room")["messages"] <= 212)

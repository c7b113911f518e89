"""Behaviours under load: many readers, and a server that is renewed under
them."""

import http.client
import json
import threading
import time

from behaviours import behaviour, poll, publish, subscribers
from wait import slow, wait_until

EVERY = 0.25    # s: a look at a crowd costs as much as the crowd is large
AWAY = (OSError, http.client.HTTPException)


@behaviour("500 held readers")
def five_hundred(front):
    count = 500
    held = []
    try:
        for _ in range(count):
            stream = front.stream("crowd")
            held.append(stream)
        wait_until(lambda: subscribers(front, "crowd")["sse"] == count, 40,
                   f"{count} readers", EVERY)
        publish(front, "for all", "crowd")
        for stream in held:
            event = stream.next(timeout=30)
            assert event and event.data == "for all", event
    finally:
        for stream in held:
            stream.source.response.reset()
    wait_until(lambda: subscribers(front, "crowd")["sse"] == 0,
               5 * front.time("heartbeat") + 40, "the going of all readers",
               EVERY)


class Load:
    """A publisher, a reader by SSE and one by long-poll, each of whom comes
    again when it is cut or refused, as clients do."""

    def __init__(self, front, channel):
        self.front, self.channel = front, channel
        self.over = threading.Event()       # nobody publishes any more
        self.all_told = threading.Event()   # nothing more will come
        self.patience = float("inf")
        self.began_at = self.cursor = poll(front, channel, "")["cursor"]
        self.published = []     # the data that was answered 201 or 200
        self.got = {"sse": [], "poll": []}
        self.lost = False
        self.cuts = 0           # streams that ended before they were to
        self.wrong = []
        self.threads = [threading.Thread(target=self.guarded, args=(run,))
                        for run in (self.publish, self.read_sse,
                                    self.read_polls)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.more(5)
        return self

    def __exit__(self, kind, *_):
        """Ends it when everything has arrived."""
        try:
            if kind is None:
                self.more(5)
        finally:
            self.over.set()
            publisher, *readers = self.threads
            publisher.join()
            self.patience = time.monotonic() + slow(10)
            self.all_told.set()
            for thread in readers:
                thread.join()

    def guarded(self, run):
        try:
            run()
        except Exception as error:      # told by the test, in its thread
            self.wrong.append(repr(error))
            self.over.set()

    def more(self, count):
        """Until so many more have been published and have arrived."""
        goal = len(self.published) + count
        wait_until(lambda: self.over.is_set() or min(
            len(self.published), *map(len, self.got.values())) >= goal, 30,
            f"the arrival of {goal} messages")
        assert not self.wrong, self.wrong

    def publish(self):
        number = 0
        while not self.over.is_set():
            number += 1
            while not self.publish_one(str(number)):
                time.sleep(0.02)
                if self.over.is_set():
                    return
            time.sleep(0.01)

    def publish_one(self, data):
        """A safe retry: its key is the data."""
        try:
            answer = self.front.post(f"/{self.channel}", data,
                                     {"Idempotency-Key": data})
        except AWAY:
            return False
        if answer.status in (200, 201):
            self.published.append(data)
            return True
        assert answer.status >= 500, answer
        return False

    def read_sse(self):
        while not self.done("sse"):
            try:
                with self.front.stream(
                        self.channel,
                        headers={"Last-Event-ID": self.cursor}) as held:
                    self.follow(held)
            except (AssertionError, *AWAY):
                time.sleep(0.05)
            self.cuts += not self.done("sse")

    def follow(self, held):
        """Until the stream ends; heartbeats let it look up."""
        while not self.done("sse"):
            for event in held.events:
                self.lost |= event.event == "earshot.lost"
                self.got["sse"].append(event.data)
                self.cursor = event.id
            held.events.clear()
            if not self.done("sse") and not held.pump(5):
                break

    def read_polls(self):
        cursor = self.began_at
        while not self.done("poll"):
            try:
                answer = self.front.get(
                    f"/{self.channel}/poll?wait=1&after={cursor}")
                if answer.status != 200:
                    time.sleep(0.02)
                    continue
                page = answer.json
            except (*AWAY, json.JSONDecodeError):
                time.sleep(0.02)
                continue
            assert not page["lost"], page
            cursor = page["cursor"]
            self.got["poll"] += [one["data"] for one in page["messages"]]

    def done(self, reader):
        return self.all_told.is_set() and (
            bool(self.wrong) or time.monotonic() > self.patience
            or len(self.got[reader]) >= len(self.published))

    def judge(self):
        """Every message once, in its order, at each reader."""
        assert not self.wrong and not self.lost, self.wrong
        for reader, got in self.got.items():
            assert got == self.published, (
                reader, len(got), len(self.published),
                sorted(set(self.published) - set(got))[:5])


@behaviour("a reload of the server under load")
def reload(front):
    with Load(front, "reload") as load:
        for _ in range(3):
            front.reload()
            load.more(20)
    load.judge()
    assert front.reloads == "streams come again" or load.cuts == 0, \
        f"{load.cuts} streams were cut"
    return front.reloads


@behaviour("a restart of the server under load")
def restart(front):
    with Load(front, "restart") as load:
        front.restart()
        load.more(20)
    load.judge()


@behaviour("ten reloads under held streams")
def ten_reloads(front):
    life = 1
    with front.another(stream_life=life, heartbeat=0.5) as other:
        readers, before = [], set(other.workers())
        try:
            for _ in range(10):
                stream = other.stream("held")
                readers.append(threading.Thread(target=read_to_its_end,
                                                args=(stream, 4 * life)))
                readers[-1].start()
                other.reload()
                wait_until(lambda: ready(other), 20, "an answer")
        finally:
            for reader in readers:
                reader.join()
        wait_until(lambda: len(other.workers()) <= max(len(before), 1),
                   3 * life + 5, "the end of the old workers")


def read_to_its_end(stream, timeout):
    """And closes at once, as clients do: lighttpd's reload waits for that."""
    with stream:
        try:
            stream.rest(timeout)
        except AWAY:
            pass        # it was cut


def ready(front):
    try:
        return front.get("/-/health").status == 200
    except AWAY:
        return False

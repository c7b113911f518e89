"""The queue is the buffer: a slow subscriber costs no memory, and loses
nothing that is still kept."""

import json
import os
import threading
import time

import pytest

import fastcgi
from wait import FACTOR, slow, wait_until

NDJSON = {"Content-Type": "application/x-ndjson"}
SIZE = 60000
LINES = 17                      # to a batch: about a MiB
SLOW = 100                      # subscribers that stop reading
# That go through their channel meanwhile. Where a sanitizer keeps what is
# freed, and memory says nothing, fewer do.
MEGABYTES = 200 if FACTOR == 1 else 60
# So many then read all of it: with EARSHOT_FULL=1 everyone, which is 20 GB.
READERS = SLOW if os.environ.get("EARSHOT_FULL") else 4


def text_of(number):
    return f"<{number:08d}>" + "x" * (SIZE - 10)


def flood(earshot, megabytes, first=0):
    """Publishes that many megabytes; gives how many messages."""
    count = megabytes * 1000000 // SIZE
    with earshot.peer(timeout=60) as peer:
        for at in range(first, first + count, LINES):
            lines = range(at, min(at + LINES, first + count))
            answer = peer.request("POST", "/room", NDJSON, "".join(
                json.dumps({"data": text_of(i)}) + "\n" for i in lines),
                keep=True)
            assert answer.status == 201, answer
    return count


class Reader:
    """A subscriber that can stop reading, and checks what it reads without
    keeping it: numbers in order, and whether it was told of a loss."""

    def __init__(self, earshot, channel="room"):
        self.peer = earshot.peer(timeout=60)
        self.peer.send_request("GET", f"/{channel}/sse")
        head = self.peer.read_head()
        assert head.status == 200 and b"earshot.open" in head.body
        self.tail = b""
        self.numbers = []
        self.lost_at = []      # how many had been read when it was told

    def read(self, last, timeout=60):
        """Reads on until the given number has come."""
        while not self.numbers or self.numbers[-1] < last:
            piece = self.peer.read_stdout(timeout=timeout)
            assert piece, "the stream ended"
            self.scan(piece)

    def scan(self, piece):
        text = self.tail + piece
        at = 0
        while True:
            mark = text.find(b"<", at)
            lost = text.find(b"earshot.lost", at,
                             mark if mark >= 0 else len(text))
            if lost >= 0:
                self.lost_at.append(len(self.numbers))
                at = lost + 12
                continue
            if mark < 0 or mark + 10 > len(text):
                break
            self.numbers.append(int(text[mark + 1:mark + 9]))
            at = mark + 10
        keep = max(at, len(text) - 12) if text.find(b"<", at) < 0 \
            else text.find(b"<", at)
        self.tail = text[keep:]

    def close(self):
        self.peer.close()


@pytest.fixture
def readers():
    opened = []
    yield opened
    for reader in opened:
        reader.close()


def all_behind(earshot, count):
    wait_until(lambda: earshot.status()["subscribers"]["behind"] == count,
               20, "everyone to be behind")


def stalled(earshot, readers, count):
    """What the program's memory grows by while so many do not read."""
    with_one = Reader(earshot)
    flood(earshot, 20)      # everything that a flood needs is there now
    with_one.read(20 * 1000000 // SIZE - 1)
    with_one.close()
    readers += [Reader(earshot) for _ in range(count)]
    before = earshot.rss()
    published = flood(earshot, MEGABYTES)
    all_behind(earshot, count)
    return published, earshot.grew_by(before)


def test_a_hundred_who_stop_reading_cost_64_kib_each_and_miss_nothing(
        start, readers):
    earshot = start(stall_timeout=600)
    published, growth = stalled(earshot, readers, SLOW)
    assert growth <= SLOW * 65536, f"{growth / SLOW / 1024:.1f} KiB each"
    for reader in readers[READERS:]:
        reader.close()
    threads = [threading.Thread(target=reader.read, args=(published - 1,))
               for reader in readers[:READERS]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for reader in readers[:READERS]:
        assert reader.numbers == list(range(published))
        assert reader.lost_at == []
    earshot.publish("room", "<99999999>")
    for reader in readers[:READERS]:
        reader.read(99999999)
        assert len(reader.numbers) == published + 1


def settled(earshot, at_most):
    """How many messages are kept when pruning has come to its end."""
    seen = []

    def same():
        seen.append(earshot.info("room")["messages"])
        return seen[-1] <= at_most and seen[-10:] == seen[-1:] * 10
    wait_until(same, 20, "pruning", every=0.05)
    return seen[-1]


def test_who_is_overtaken_by_pruning_is_told_once_and_goes_on(
        start, readers):
    kept = 200
    earshot = start(stall_timeout=600, keep_messages=kept)
    published, growth = stalled(earshot, readers, SLOW)
    assert growth <= SLOW * 65536, f"{growth / SLOW / 1024:.1f} KiB each"
    left = settled(earshot, kept * 1.06)
    for reader in readers:
        reader.read(published - 1)
        assert len(reader.lost_at) == 1, reader.lost_at
        before = reader.numbers[:reader.lost_at[0]]
        after = reader.numbers[reader.lost_at[0]:]
        assert before == list(range(len(before))), "what came before it"
        assert after == list(range(published - left, published)), \
            "everything that was kept, in order, once"
    earshot.publish("room", "<99999999>")
    for reader in readers:
        reader.read(99999999)
        assert len(reader.lost_at) == 1


class Follower(threading.Thread):
    """Follows a channel by polls or a stream, as fast as it may, and keeps
    ("lost", None) or ("message", number) in the order they came."""

    def __init__(self, earshot, transport, last):
        super().__init__(daemon=True)
        self.transport, self.last = transport, last
        self.earshot = earshot
        self.seen = []
        if transport == "sse":
            self.stream = earshot.stream("room")
        else:
            self.cursor = earshot.poll("room")["cursor"]

    def run(self):
        if self.transport == "sse":
            while True:
                event = self.stream.next(timeout=30)
                if event.event == "earshot.lost":
                    self.seen.append(("lost", None))
                elif self.saw(event.data):
                    return
        with self.earshot.peer(timeout=30) as peer:
            while True:
                page = peer.request(
                    "GET", f"/room/poll?after={self.cursor}&wait=20",
                    keep=True).json
                self.cursor = page["cursor"]
                if page["lost"]:
                    self.seen.append(("lost", None))
                for message in page["messages"]:
                    if self.saw(message["data"]):
                        return

    def saw(self, data):
        self.seen.append(("message", int(data)))
        return int(data) == self.last

    def check(self):
        """Every gap was told of, and nothing that was no gap."""
        before, told = -1, False
        for kind, number in self.seen:
            if kind == "lost":
                assert not told, "told twice of one loss"
                told = True
                continue
            assert number > before, "out of order or twice"
            gap = number > before + 1
            assert gap == told, (f"from {before} to {number}, "
                                 f"told of a loss: {told}")
            before, told = number, False
        assert before == self.last
        return sum(kind == "lost" for kind, _ in self.seen)


def test_a_channel_of_one_message_tells_every_follower_it_overtakes(start):
    earshot = start(keep_messages=1)
    count = 3000
    followers = [Follower(earshot, transport, count - 1)
                 for transport in ("sse", "poll") * 4]
    for follower in followers:
        follower.start()
    with earshot.peer(timeout=30) as peer:
        for at in range(0, count - 1, 20):
            lines = range(at, min(at + 20, count - 1))
            answer = peer.request("POST", "/room", NDJSON, "".join(
                json.dumps({"data": str(i)}) + "\n" for i in lines),
                keep=True)
            assert answer.status == 201
    earshot.publish("room", str(count - 1))
    for follower in followers:
        follower.join(slow(60))
        assert not follower.is_alive(), follower.seen[-3:]
    told = sum(follower.check() for follower in followers)
    assert told > 0, "nobody was overtaken: the test has shown nothing"


def test_a_slow_long_poll_costs_no_more_than_its_page(start):
    """An answer that its reader does not take is one page, not the log."""
    earshot = start()
    flood(earshot, 20)
    peers = []
    before = earshot.rss()
    for _ in range(50):
        peer = earshot.peer()
        peer.send(fastcgi.request_bytes(
            "GET", "/room/poll?after=earliest", keep=True) * 3)
        peers.append(peer)
    assert earshot.get("/-/health").status == 200
    assert earshot.grew_by(before) < 50 * 4 * 65536
    for peer in peers:
        first = peer.read_answer().json
        assert first["messages"][0]["data"] == text_of(0)
        for _ in range(2):
            assert peer.read_answer().json == first
        peer.close()


def test_a_busy_channel_takes_nothing_from_a_quiet_one(start):
    """Followers of the quiet one are told of no loss; who follows both and
    does not read loses of the busy one only."""
    earshot = start(keep_messages=50, stall_timeout=600)
    quiet = earshot.stream("quiet")
    both = earshot.stream("quiet,room")
    ids = [earshot.publish("quiet", "0")]
    for i in range(1, 4):
        flood(earshot, 6)
        ids.append(earshot.publish("quiet", str(i)))
    last = earshot.publish("room", "the end")
    settled(earshot, 53)
    assert [event.id for event in quiet.take(4)] == ids
    seen = []
    while not seen or seen[-1].id != last:
        seen.append(both.next(timeout=30))
    assert [event.event for event in seen].count("earshot.lost") == 1
    messages = [event.json for event in seen if event.event == "message"]
    assert [message["id"] for message in messages
            if message["channel"] == "quiet"] == ids
    numbers = [int(message["id"].split("-")[0]) for message in messages]
    assert numbers == sorted(set(numbers))
    quiet.close()
    both.close()


@pytest.mark.parametrize("target", ["/room/poll?after=earliest",
                                    "/room/sse?after=earliest"])
def test_who_reads_slowly_but_steadily_is_not_stalled(start, target):
    earshot = start(message_max=1 << 20, stall_timeout=1, heartbeat=0.3)
    earshot.publish("room", "x" * (1 << 20))
    with earshot.peer() as peer:
        peer.send_request("GET", target)
        got = 0
        while got < 1 << 20:
            data = peer.socket.recv(80000)
            assert data, f"closed after {got} bytes"
            got += len(data)
            time.sleep(0.25)    # some three seconds in all
